// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {TeoCoin} from "../src/TeoCoin.sol";
import {Build} from "../test/Build.sol";
import {Vm} from "../test/Vm.sol";

/// @dev The cheat codes of halmos that these checks use.
interface Svm {
    function enableSymbolicStorage(address account) external;
}

/// @dev Run by halmos, for every value, and from every state of the contract in which nobody holds more than the supply and
///      no sum is near its type's end. The bound of what is shown: settlements of at most two entries (two mints, two burns,
///      or one of each), with ecrecover as some unknown function of its inputs.
contract SettleSymbolic {
    Vm private constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
    Svm private constant svm = Svm(0xF3993A62377BCd56AE39D773740A5390411E8BC9);
    address private constant SETTLER = address(0x5E);
    uint256 private constant HALF_OF_THE_CURVE = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    TeoCoin private token;

    function setUp() public {
        address[] memory settlers = new address[](1);
        settlers[0] = SETTLER;
        token = TeoCoin(Build.deploy("TeoCoin", abi.encode(address(0xAD), 1 days, settlers, 1e12)));
        svm.enableSymbolicStorage(address(token));
    }

    /// @dev `who` is anybody: a holder of an entry, of two, or somebody else, whose balance then stays.
    function check_settle(uint256 op, bytes32[] calldata mints, TeoCoin.Burn[] calldata burns, address who) external {
        vm.assume(mints.length + burns.length <= 2);
        uint256[2] memory burned = whatBurns(op, mints, burns);
        bool used = token.isUsed(op);
        uint256 supply = token.totalSupply();
        uint256 balance = token.balanceOf(who);
        int256 today = token.mintedToday();
        vm.assume(balance <= supply && supply < 2 ** 128 && today < 2 ** 128 && today > -(2 ** 128));

        vm.assume(settles(op, mints, burns));

        uint256 minted = 0;
        for (uint256 i = 0; i < mints.length; ++i) {
            minted += amountOf(mints[i]);
            balance += ifSame(mints[i], who, amountOf(mints[i]));
        }
        for (uint256 i = 0; i < burns.length; ++i) balance -= ifSame(burns[i].entry, who, burned[i]);
        assert(!used && token.isUsed(op));
        assert(token.totalSupply() == supply + minted - burned[0] - burned[1]);
        assert(token.balanceOf(who) == balance);
        assert(token.mintedToday() == today + int256(minted) - int256(burned[0] + burned[1]));
        assert(token.mintedToday() <= int256(uint256(token.dailyBound())));
        assert(!settles(op, mints, burns));
    }

    /// @dev What each burn may take: all of its amount or nothing.
    function whatBurns(uint256 op, bytes32[] calldata mints, TeoCoin.Burn[] calldata burns)
        private
        view
        returns (uint256[2] memory burned)
    {
        for (uint256 i = 0; i < burns.length; ++i) {
            address holder = holderOf(burns[i].entry);
            uint256 held = token.balanceOf(holder);
            vm.assume(held < 2 ** 128);
            for (uint256 j = 0; j < mints.length; ++j) held += ifSame(mints[j], holder, amountOf(mints[j]));
            uint256 amount = amountOf(burns[i].entry);
            burned[i] = amount & mask(held >= amount) & mask(consents(op, holder, amount, burns[i]));
        }
    }

    function consents(uint256 op, address holder, uint256 amount, TeoCoin.Burn calldata burn) private view returns (bool) {
        bytes32 hash = keccak256(abi.encode(token.BURN_TYPEHASH(), holder, amount, op));
        hash = keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), hash));
        bytes32 s = burn.vs & ~bytes32(uint256(1) << 255);
        address signer = ecrecover(hash, uint8(uint256(burn.vs) >> 255) + 27, burn.r, s);
        return mask(signer == holder) & mask(uint256(s) <= HALF_OF_THE_CURVE) != 0;
    }

    function settles(uint256 op, bytes32[] calldata mints, TeoCoin.Burn[] calldata burns) private returns (bool succeeded) {
        vm.prank(SETTLER);
        (succeeded,) = address(token).call(abi.encodeCall(TeoCoin.settle, (op, mints, burns)));
    }

    /// @dev The amount if the entry is this holder's, else 0. Without a branch, which would double what halmos explores.
    function ifSame(bytes32 entry, address holder, uint256 amount) private pure returns (uint256) {
        return amount & mask(holderOf(entry) == holder);
    }

    function mask(bool condition) private pure returns (uint256 bits) {
        assembly {
            bits := sub(0, condition)
        }
    }

    function holderOf(bytes32 entry) private pure returns (address) {
        return address(bytes20(entry));
    }

    function amountOf(bytes32 entry) private pure returns (uint256) {
        return uint96(uint256(entry));
    }
}
