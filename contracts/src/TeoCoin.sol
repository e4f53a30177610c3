// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SlotDerivation} from "@openzeppelin/contracts/utils/SlotDerivation.sol";
import {StorageSlot} from "@openzeppelin/contracts/utils/StorageSlot.sol";
import {Operations} from "./Operations.sol";

/// @title TeoCoin
/// @notice The token of the platform. Its ledger is kept off the chain and brought here in numbered operations, each of
///         which happens at most once. No role can move or burn what a holder holds without the holder's signature.
contract TeoCoin is ERC20Permit, Operations {
    using MessageHashUtils for bytes32;
    using SlotDerivation for bytes32;
    using StorageSlot for bytes32;

    /// @notice A holder's consent to lose tokens in one operation.
    /// @param entry The holder's 20-byte address followed by the amount as a uint96.
    /// @param r First half of the holder's compact (ERC-2098) signature.
    /// @param vs Second half of it.
    struct Burn {
        bytes32 entry;
        bytes32 r;
        bytes32 vs;
    }

    /// @dev The bound in force, and the raised one that replaces it from a moment on (0: none is waiting).
    struct Bound {
        uint96 current;
        uint96 raised;
        uint48 raisedFrom;
    }

    /// @dev What was minted less what was burned in one UTC day; more burned than minted is negative.
    struct Day {
        uint64 number;
        int192 net;
    }

    /// @notice The most mints and burns one settlement may hold, so that it fits a block with room to spare.
    uint256 public constant MAX_ENTRIES = 200;
    /// @notice What a holder signs for a burn.
    bytes32 public constant BURN_TYPEHASH = keccak256("Burn(address holder,uint256 amount,uint256 op)");
    /// @notice What a holder signs for a release.
    bytes32 public constant RELEASE_TYPEHASH =
        keccak256("Release(address from,address to,uint256 amount,uint256 op,uint256 deadline)");

    // ERC20 comes first in the inheritance, so its private balances and supply are slots 0 and 2. A batch writes them
    // itself, and the supply once; every test that reads a balance back through ERC20 holds this true.
    bytes32 private constant _BALANCES_SLOT = bytes32(uint256(0));
    bytes32 private constant _SUPPLY_SLOT = bytes32(uint256(2));

    Bound private _bound;
    Day private _day;

    /// @notice An operation brought its entries to the chain; `digest` is what {digestOf} says of them.
    event Settled(uint256 indexed op, bytes32 digest);
    /// @notice A burn of an operation could not be done: a bad signature or too few tokens.
    event Skipped(uint256 indexed op, address indexed holder, uint256 amount);
    /// @notice A withdrawal left a holder's custodial address.
    event Released(uint256 indexed op, address indexed from, address indexed to, uint256 amount);
    /// @notice The daily bound is, or from `effectiveFrom` on will be, `bound`.
    event DailyBoundSet(uint96 bound, uint48 effectiveFrom);

    /// @notice A settlement holds more than {MAX_ENTRIES}.
    error TooManyEntries(uint256 count);
    /// @notice Burns must be in ascending order of holder, which is how one signature cannot burn twice.
    error UnorderedBurn(address holder);
    /// @notice The day's mints less burns would pass the bound.
    error DailyBoundExceeded(int256 net, uint96 bound);
    /// @notice The token contract cannot hold tokens.
    error TransferToToken();
    /// @notice The release was not sent before its deadline.
    error ReleaseExpired(uint256 deadline);
    /// @notice The release was not signed by the holder.
    error NotTheHolder(address from);

    /// @param admin Grants and revokes roles; handed over in two steps after `adminDelay`.
    /// @param adminDelay Seconds before a new admin or a raised bound counts.
    /// @param settlers The platform's signers, each of whom may also pause.
    /// @param bound The most that may be minted less burned in a UTC day.
    constructor(address admin, uint48 adminDelay, address[] memory settlers, uint96 bound)
        ERC20("TeoCoin", "TEO")
        ERC20Permit("TeoCoin")
        Operations(admin, adminDelay, settlers)
    {
        _bound.current = bound;
        emit DailyBoundSet(bound, uint48(block.timestamp));
    }

    /// @notice Mint and burn what one settlement batch owes, once. A burn that cannot be done is skipped; anything else
    ///         that is wrong reverts the whole.
    /// @param op The operation's number.
    /// @param mints Packed words: 20-byte address, then uint96 amount.
    /// @param burns Signed burns in strictly ascending order of holder.
    function settle(uint256 op, bytes32[] calldata mints, Burn[] calldata burns)
        external
        onlyRole(SETTLER_ROLE)
        whenNotPaused
    {
        uint256 count = mints.length + burns.length;
        if (count > MAX_ENTRIES) revert TooManyEntries(count);
        _use(op);
        uint256 minted = _mintAll(mints);
        (uint256 burned, bytes32 burnsHash) = _burnAll(op, burns);
        _countTowardsBound(int256(minted) - int256(burned));
        emit Settled(op, _digest(keccak256(abi.encodePacked(mints)), burnsHash));
    }

    /// @notice Move tokens out of a holder's address as its key signed, once.
    /// @param op The operation's number.
    /// @param from The holder, who signed.
    /// @param to The recipient he signed.
    /// @param amount The amount he signed.
    /// @param deadline The last second at which it may happen.
    /// @param signature The holder's EIP-712 signature over {RELEASE_TYPEHASH}, 65 bytes.
    function release(
        uint256 op,
        address from,
        address to,
        uint256 amount,
        uint256 deadline,
        bytes calldata signature
    ) external onlyRole(SETTLER_ROLE) whenNotPaused {
        // A producer may shift a block by seconds; a deadline is hours away.
        // slither-disable-next-line timestamp
        if (block.timestamp > deadline) revert ReleaseExpired(deadline);
        _use(op);
        bytes32 hash = _hashTypedDataV4(keccak256(abi.encode(RELEASE_TYPEHASH, from, to, amount, op, deadline)));
        // The third value says more about a problem, and any problem refuses.
        // slither-disable-next-line unused-return
        (address signer, ECDSA.RecoverError problem,) = ECDSA.tryRecoverCalldata(hash, signature);
        if (problem != ECDSA.RecoverError.NoError || signer != from) revert NotTheHolder(from);
        _transfer(from, to, amount);
        emit Released(op, from, to, amount);
    }

    /// @notice Change the daily bound: lowered at once (and a waiting raise is dropped), raised after the admin's delay.
    /// @param bound The most that may be minted less burned in a UTC day.
    function setDailyBound(uint96 bound) external onlyRole(DEFAULT_ADMIN_ROLE) {
        uint96 current = dailyBound();
        uint48 from = uint48(block.timestamp);
        // Seconds do not matter to a delay of days.
        // slither-disable-next-line timestamp
        if (bound <= current) {
            _bound = Bound({current: bound, raised: 0, raisedFrom: 0});
        } else {
            from += defaultAdminDelay();
            _bound = Bound({current: current, raised: bound, raisedFrom: from});
        }
        emit DailyBoundSet(bound, from);
    }

    /// @notice What was minted less what was burned in the current UTC day.
    function mintedToday() external view returns (int256) {
        // A day's number is nothing that somebody could move by one, and seconds do not matter to a day.
        // slither-disable-next-line incorrect-equality,timestamp
        return _day.number == _today() ? _day.net : int192(0);
    }

    /// @notice The digest {Settled} tells of these entries.
    /// @param mints The packed words of the mints, as given to {settle}.
    /// @param burns The packed words of the burns, without their signatures.
    function digestOf(bytes32[] calldata mints, bytes32[] calldata burns) external pure returns (bytes32) {
        return _digest(keccak256(abi.encodePacked(mints)), keccak256(abi.encodePacked(burns)));
    }

    /// @notice The bound in force now.
    function dailyBound() public view returns (uint96) {
        Bound memory bound = _bound;
        // Seconds do not matter to a delay of days.
        // slither-disable-next-line timestamp
        bool raised = bound.raisedFrom != 0 && block.timestamp >= bound.raisedFrom;
        return raised ? bound.raised : bound.current;
    }

    /// @notice Six decimals, the unit of the platform's ledger, so that no amount is ever converted.
    function decimals() public pure override returns (uint8) {
        return 6;
    }

    /// @notice Whether the contract implements an interface (ERC-165).
    /// @param interfaceId The interface's identifier.
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return super.supportsInterface(interfaceId);
    }

    /// @dev Tokens sent to the token itself would be lost.
    function _update(address from, address to, uint256 value) internal override {
        if (to == address(this)) revert TransferToToken();
        super._update(from, to, value);
    }

    /// @dev What {_mint} does for each, with the supply written once for all.
    function _mintAll(bytes32[] calldata mints) private returns (uint256 minted) {
        for (uint256 i = 0; i < mints.length; ++i) {
            (address to, uint256 amount) = _unpack(mints[i]);
            if (to == address(0)) revert ERC20InvalidReceiver(to);
            if (to == address(this)) revert TransferToToken();
            // 200 amounts of 96 bits are far from overflowing, and no balance passes the supply, which is checked below.
            unchecked {
                _balance(to).value += amount;
                minted += amount;
            }
            emit Transfer(address(0), to, amount);
        }
        _SUPPLY_SLOT.getUint256Slot().value += minted;
    }

    /// @dev What {_burn} does for each whose holder has the tokens and consented, with the supply written once for all.
    function _burnAll(uint256 op, Burn[] calldata burns) private returns (uint256 burned, bytes32 hash) {
        bytes32[] memory entries = new bytes32[](burns.length);
        bytes32 domain = _domainSeparatorV4();
        address previous = address(0);
        for (uint256 i = 0; i < burns.length; ++i) {
            Burn calldata burn = burns[i];
            (address holder, uint256 amount) = _unpack(entries[i] = burn.entry);
            if (holder <= previous) revert UnorderedBurn(holder);
            previous = holder;
            StorageSlot.Uint256Slot storage balance = _balance(holder);
            uint256 held = balance.value;
            if (held < amount || !_consented(domain, op, holder, amount, burn)) {
                emit Skipped(op, holder, amount);
                continue;
            }
            unchecked {
                balance.value = held - amount;
                burned += amount;
            }
            emit Transfer(holder, address(0), amount);
        }
        _SUPPLY_SLOT.getUint256Slot().value -= burned;
        hash = keccak256(abi.encodePacked(entries));
    }

    function _consented(bytes32 domain, uint256 op, address holder, uint256 amount, Burn calldata burn)
        private
        pure
        returns (bool)
    {
        bytes32 typehash = BURN_TYPEHASH;
        bytes32 hash;
        // keccak256(abi.encode(typehash, holder, amount, op)), but each burn of a batch uses the same memory again.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typehash)
            mstore(add(free, 0x20), holder)
            mstore(add(free, 0x40), amount)
            mstore(add(free, 0x60), op)
            hash := keccak256(free, 0x80)
        }
        hash = domain.toTypedDataHash(hash);
        // The third value says more about a problem, and any problem refuses.
        // slither-disable-next-line unused-return
        (address signer, ECDSA.RecoverError problem,) = ECDSA.tryRecover(hash, burn.r, burn.vs);
        return problem == ECDSA.RecoverError.NoError && signer == holder;
    }

    /// @dev Where OpenZeppelin's ERC20 keeps this holder's balance.
    function _balance(address holder) private pure returns (StorageSlot.Uint256Slot storage) {
        return _BALANCES_SLOT.deriveMapping(holder).getUint256Slot();
    }

    function _countTowardsBound(int256 change) private {
        uint64 today = _today();
        // As in mintedToday.
        // slither-disable-next-line incorrect-equality,timestamp
        int256 net = change + (_day.number == today ? _day.net : int192(0));
        uint96 bound = dailyBound();
        if (net > int256(uint256(bound))) revert DailyBoundExceeded(net, bound);
        // 200 entries of a uint96 a settlement, and the bound, keep this far inside an int192.
        _day = Day({number: today, net: int192(net)});
    }

    function _today() private view returns (uint64) {
        return uint64(block.timestamp / 1 days);
    }

    function _digest(bytes32 mintsHash, bytes32 burnsHash) private pure returns (bytes32) {
        return keccak256(abi.encode(mintsHash, burnsHash));
    }

    /// @dev An address and a uint96 fill the word exactly.
    function _unpack(bytes32 word) private pure returns (address holder, uint256 amount) {
        holder = address(bytes20(word));
        amount = uint96(uint256(word));
    }
}
