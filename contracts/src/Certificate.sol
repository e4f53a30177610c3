// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {AccessControlDefaultAdminRules} from
    "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {SlotDerivation} from "@openzeppelin/contracts/utils/SlotDerivation.sol";
import {StorageSlot} from "@openzeppelin/contracts/utils/StorageSlot.sol";
import {IERC5192} from "./IERC5192.sol";
import {Operations} from "./Operations.sol";

/// @title Certificate
/// @notice A credential of the platform, bound to its holder for ever. Its id is the salted digest of the credential, so
///         that who holds the credential can prove it and nobody else learns anything from the chain.
contract Certificate is ERC721, IERC5192, Operations {
    using SlotDerivation for bytes32;
    using StorageSlot for bytes32;

    /// @notice The most certificates one operation may hold.
    uint256 public constant MAX_ENTRIES = 50;

    /// @dev 20 bytes of holder and 32 of id.
    uint256 private constant _ENTRY_LENGTH = 52;

    // ERC721 comes first in the inheritance, so its private owners and balances are slots 2 and 3. A batch writes them
    // itself; every test that reads an owner or a balance back through ERC721 holds this true.
    bytes32 private constant _OWNERS_SLOT = bytes32(uint256(2));
    bytes32 private constant _BALANCES_SLOT = bytes32(uint256(3));

    mapping(uint256 id => bool) private _revoked;

    /// @notice An operation brought its entries to the chain; `digest` is keccak256 of them as given.
    event Issued(uint256 indexed op, bytes32 digest);
    /// @notice An entry of an operation was left out, because its id exists.
    event Skipped(uint256 indexed op, uint256 indexed id, address holder);
    /// @notice A certificate is not valid any more.
    event Revoked(uint256 indexed op, uint256 indexed id);

    /// @notice An operation holds more than {MAX_ENTRIES}.
    error TooManyEntries(uint256 count);
    /// @notice The entries are not 52 bytes each.
    error BrokenEntries(uint256 length);
    /// @notice A certificate stays with its holder.
    error Soulbound();

    /// @param admin Grants and revokes roles; handed over in two steps after `adminDelay`.
    /// @param adminDelay Seconds before a new admin counts.
    /// @param settlers The platform's signers, each of whom may also pause.
    constructor(address admin, uint48 adminDelay, address[] memory settlers)
        ERC721("SchoolPlatform Certificate", "CERT")
        Operations(admin, adminDelay, settlers)
    {}

    /// @notice Issue a batch of certificates, once. An id that exists is skipped; anything else that is wrong reverts the
    ///         whole.
    /// @param op The operation's number.
    /// @param entries 52 bytes for each certificate: the holder's address, then the id.
    function issue(uint256 op, bytes calldata entries) external onlyRole(SETTLER_ROLE) whenNotPaused {
        uint256 count = entries.length / _ENTRY_LENGTH;
        if (entries.length % _ENTRY_LENGTH != 0) revert BrokenEntries(entries.length);
        if (count > MAX_ENTRIES) revert TooManyEntries(count);
        _use(op);
        for (uint256 i = 0; i < entries.length; i += _ENTRY_LENGTH) {
            _issue(op, address(bytes20(entries[i:])), uint256(bytes32(entries[i + 20:])));
        }
        emit Issued(op, keccak256(entries));
    }

    /// @notice Mark a certificate as not valid any more. It stays with its holder.
    /// @param op The operation's number.
    /// @param id The certificate.
    function revoke(uint256 op, uint256 id) external onlyRole(SETTLER_ROLE) whenNotPaused {
        _use(op);
        _requireOwned(id);
        _revoked[id] = true;
        emit Revoked(op, id);
    }

    /// @notice Whether a certificate was revoked. Reverts for one that does not exist: it must not look valid.
    /// @param id The certificate.
    function isRevoked(uint256 id) external view returns (bool) {
        _requireOwned(id);
        return _revoked[id];
    }

    /// @notice Every certificate is bound to its holder (ERC-5192). Reverts for one that does not exist.
    /// @param id The certificate.
    function locked(uint256 id) external view returns (bool) {
        _requireOwned(id);
        return true;
    }

    /// @notice Refused: nobody moves a certificate for its holder.
    function approve(address, uint256) public pure override {
        revert Soulbound();
    }

    /// @notice Refused: nobody moves a certificate for its holder.
    function setApprovalForAll(address, bool) public pure override {
        revert Soulbound();
    }

    /// @notice Whether the contract implements an interface (ERC-165).
    /// @param interfaceId The interface's identifier.
    function supportsInterface(bytes4 interfaceId)
        public
        view
        override(ERC721, AccessControlDefaultAdminRules)
        returns (bool)
    {
        return interfaceId == type(IERC5192).interfaceId || super.supportsInterface(interfaceId);
    }

    /// @dev All that ERC721 does to a token passes here: what has a holder stays there.
    function _update(address to, uint256 id, address auth) internal override returns (address from) {
        from = super._update(to, id, auth);
        if (from != address(0)) revert Soulbound();
    }

    /// @dev What {_mint} does, with each slot derived and read once.
    function _issue(uint256 op, address holder, uint256 id) private {
        if (holder == address(0)) revert ERC721InvalidReceiver(holder);
        StorageSlot.Uint256Slot storage owner = _OWNERS_SLOT.deriveMapping(id).getUint256Slot();
        if (owner.value != 0) {
            emit Skipped(op, id, holder);
            return;
        }
        owner.value = uint160(holder);
        // There are not enough certificates in the world to overflow a count.
        unchecked {
            _BALANCES_SLOT.deriveMapping(holder).getUint256Slot().value += 1;
        }
        emit Transfer(address(0), holder, id);
        // ERC-5192 asks for it with each token that is born locked.
        emit Locked(id);
    }
}
