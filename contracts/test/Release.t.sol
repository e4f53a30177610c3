// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Operations} from "../src/Operations.sol";
import {TeoCoin} from "../src/TeoCoin.sol";
import {Harness} from "./Harness.sol";

contract ReleaseTest is Harness {
    uint256 private deadline;

    function setUp() public override {
        super.setUp();
        deadline = block.timestamp + 1 hours;
        mint(1, ana, 100);
    }

    function test_what_the_holder_signed_moves() public {
        vm.expectEmit();
        emit TeoCoin.Released(2, ana, bob, 40);
        release(2, 40, releaseOf(ANA_KEY, bob, 40, 2, deadline));
        vm.assertEq(token.balanceOf(ana), 60);
        vm.assertEq(token.balanceOf(bob), 40);
        vm.assertEq(token.totalSupply(), 100);
    }

    function test_it_happens_once() public {
        bytes memory signature = releaseOf(ANA_KEY, bob, 40, 2, deadline);
        release(2, 40, signature);
        vm.expectRevert(abi.encodeWithSelector(Operations.OpUsed.selector, 2));
        release(2, 40, signature);
    }

    function test_a_settlements_op_is_used_for_releases_too() public {
        bytes memory signature = releaseOf(ANA_KEY, bob, 40, 1, deadline);
        vm.expectRevert(abi.encodeWithSelector(Operations.OpUsed.selector, 1));
        release(1, 40, signature);
    }

    function test_nobody_else_signs_for_the_holder() public {
        bytes memory signature = releaseOf(BOB_KEY, bob, 40, 2, deadline);
        vm.expectRevert(abi.encodeWithSelector(TeoCoin.NotTheHolder.selector, ana));
        release(2, 40, signature);
    }

    function test_another_amount_was_not_signed() public {
        bytes memory signature = releaseOf(ANA_KEY, bob, 40, 2, deadline);
        vm.expectRevert(abi.encodeWithSelector(TeoCoin.NotTheHolder.selector, ana));
        release(2, 41, signature);
    }

    function test_the_deadline_is_the_last_second() public {
        bytes memory signature = releaseOf(ANA_KEY, bob, 40, 2, deadline);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(TeoCoin.ReleaseExpired.selector, deadline));
        release(2, 40, signature);
        vm.warp(deadline);
        release(2, 40, signature);
        vm.assertEq(token.balanceOf(bob), 40);
    }

    function test_a_refused_release_leaves_its_op_free() public {
        bytes memory signature = releaseOf(ANA_KEY, bob, 101, 2, deadline);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, ana, 100, 101));
        release(2, 101, signature);
        vm.assertFalse(token.isUsed(2));
    }

    function test_nothing_is_released_to_the_token_itself() public {
        bytes memory signature = releaseOf(ANA_KEY, address(token), 40, 2, deadline);
        vm.expectRevert(abi.encodeWithSelector(TeoCoin.TransferToToken.selector));
        vm.prank(settler);
        token.release(2, ana, address(token), 40, deadline, signature);
        vm.assertFalse(token.isUsed(2));
    }

    function test_only_the_settler_releases() public {
        bytes memory signature = releaseOf(ANA_KEY, bob, 40, 2, deadline);
        vm.expectRevert(unauthorised(ana, token.SETTLER_ROLE()));
        vm.prank(ana);
        token.release(2, ana, bob, 40, deadline, signature);
    }

    function testFuzz_a_signature_of_any_other_bytes_moves_nothing(bytes calldata signature) public {
        vm.expectRevert(abi.encodeWithSelector(TeoCoin.NotTheHolder.selector, ana));
        release(2, 40, signature);
    }

    function release(uint256 op, uint256 amount, bytes memory signature) private {
        vm.prank(settler);
        token.release(op, ana, bob, amount, deadline, signature);
    }
}
