// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {TeoCoin} from "../src/TeoCoin.sol";
import {Harness} from "./Harness.sol";

/// @dev What a batch costs a recipient, intrinsic gas included, against a ceiling: a change that makes it dearer shows.
contract GasTest is Harness {
    uint256 private constant COUNT = 200;

    function setUp() public override {
        super.setUp();
        mint(0, bob, 1e6);
    }

    function test_a_mint_to_a_fresh_holder() public {
        vm.assertLt(perEntry(1, mintsTo(COUNT), none()), 24_780, "gas of a mint to a fresh holder");
    }

    function test_a_mint_to_an_existing_holder() public {
        settle(1, mintsTo(COUNT), none());
        vm.assertLt(perEntry(2, mintsTo(COUNT), none()), 7_660, "gas of a mint to an existing holder");
    }

    function test_a_signed_burn() public {
        settle(1, mintsTo(COUNT), none());
        vm.assertLt(perEntry(2, nothing(), burnsOf(COUNT, 2)), 12_680, "gas of a signed burn");
    }

    function perEntry(uint256 op, bytes32[] memory mints, TeoCoin.Burn[] memory burns) private returns (uint256) {
        bytes memory data = abi.encodeCall(TeoCoin.settle, (op, mints, burns));
        vm.cool(address(token));
        vm.prank(settler);
        uint256 before = gasleft();
        (bool succeeded,) = address(token).call(data);
        uint256 used = before - gasleft();
        vm.assertTrue(succeeded);
        return (used + intrinsic(data)) / COUNT;
    }

    function intrinsic(bytes memory data) private pure returns (uint256 gas) {
        gas = 21_000;
        for (uint256 i = 0; i < data.length; ++i) gas += data[i] == 0 ? 4 : 16;
    }

    function mintsTo(uint256 count) private pure returns (bytes32[] memory mints) {
        mints = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) mints[i] = pack(vm.addr(keyOf(i)), 1_234_567);
    }

    function burnsOf(uint256 count, uint256 op) private view returns (TeoCoin.Burn[] memory burns) {
        burns = new TeoCoin.Burn[](count);
        for (uint256 i = 0; i < count; ++i) insert(burns, i, burnOf(keyOf(i), 1_000_000, op));
    }

    /// @dev Keeps the first `size` in ascending order of holder.
    function insert(TeoCoin.Burn[] memory burns, uint256 size, TeoCoin.Burn memory burn) private pure {
        uint256 place = size;
        for (; place > 0 && burns[place - 1].entry > burn.entry; --place) burns[place] = burns[place - 1];
        burns[place] = burn;
    }

    function keyOf(uint256 i) private pure returns (uint256) {
        return 0x100000 + i;
    }
}
