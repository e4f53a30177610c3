// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {TeoCoin} from "../src/TeoCoin.sol";
import {Harness} from "./Harness.sol";

contract BoundTest is Harness {
    function test_a_day_mints_no_more_than_the_bound() public {
        mint(1, ana, BOUND);
        vm.expectRevert(abi.encodeWithSelector(TeoCoin.DailyBoundExceeded.selector, int256(uint256(BOUND)) + 1, BOUND));
        settle(2, words(pack(ana, 1)), none());
        vm.assertFalse(token.isUsed(2));
    }

    function test_the_next_utc_day_mints_again() public {
        mint(1, ana, BOUND);
        vm.warp((block.timestamp / 1 days + 1) * 1 days);
        vm.assertEq(token.mintedToday(), 0);
        mint(2, ana, BOUND);
        vm.assertEq(token.balanceOf(ana), 2 * uint256(BOUND));
    }

    function test_burns_make_room_the_same_day() public {
        mint(1, ana, BOUND);
        settle(2, nothing(), burns1(burnOf(ANA_KEY, 10, 2)));
        mint(3, bob, 10);
        vm.assertEq(token.mintedToday(), int256(uint256(BOUND)));
    }

    function test_a_skipped_burn_makes_no_room() public {
        mint(1, ana, BOUND);
        settle(2, nothing(), burns1(burnOf(BOB_KEY, 10, 2)));
        vm.expectRevert(abi.encodeWithSelector(TeoCoin.DailyBoundExceeded.selector, int256(uint256(BOUND)) + 1, BOUND));
        settle(3, words(pack(bob, 1)), none());
    }

    function test_lowering_is_immediate() public {
        setBound(5);
        vm.assertEq(token.dailyBound(), 5);
    }

    function test_raising_takes_the_admins_delay() public {
        setBound(2 * BOUND);
        vm.warp(block.timestamp + DELAY - 1);
        vm.assertEq(token.dailyBound(), BOUND);
        vm.warp(block.timestamp + 1);
        vm.assertEq(token.dailyBound(), 2 * BOUND);
        mint(1, ana, 2 * uint256(BOUND));
    }

    function test_lowering_drops_a_raise_that_waits() public {
        setBound(2 * BOUND);
        setBound(5);
        vm.warp(block.timestamp + DELAY);
        vm.assertEq(token.dailyBound(), 5);
    }

    function test_a_raise_in_force_is_kept_by_the_next_one() public {
        setBound(2 * BOUND);
        vm.warp(block.timestamp + DELAY);
        setBound(3 * BOUND);
        vm.assertEq(token.dailyBound(), 2 * BOUND);
    }

    function test_the_settler_does_not_set_the_bound() public {
        vm.expectRevert(unauthorised(settler, token.DEFAULT_ADMIN_ROLE()));
        vm.prank(settler);
        token.setDailyBound(1);
    }

    function test_a_pause_stops_settlements_and_releases_but_no_holder() public {
        mint(1, ana, 10);
        vm.prank(settler);
        token.pause();
        vm.expectRevert(abi.encodeWithSelector(Pausable.EnforcedPause.selector));
        settle(2, words(pack(ana, 1)), none());
        bytes memory signature = releaseOf(ANA_KEY, bob, 1, 2, block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(Pausable.EnforcedPause.selector));
        vm.prank(settler);
        token.release(2, ana, bob, 1, block.timestamp, signature);
        vm.prank(ana);
        token.transfer(bob, 4);
        vm.assertEq(token.balanceOf(bob), 4);
    }

    function testFuzz_the_net_of_a_day_never_passes_the_bound(uint96[8] calldata amounts) public {
        for (uint256 i = 0; i < amounts.length; ++i) {
            uint256 amount = between(amounts[i], 0, BOUND);
            vm.prank(settler);
            try token.settle(i, words(pack(ana, amount)), none()) {} catch {}
        }
        vm.assertTrue(token.totalSupply() <= BOUND);
        vm.assertEq(token.mintedToday(), int256(token.totalSupply()));
    }

    function setBound(uint96 bound) private {
        vm.prank(admin);
        token.setDailyBound(bound);
    }
}
