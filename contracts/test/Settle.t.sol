// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Operations} from "../src/Operations.sol";
import {TeoCoin} from "../src/TeoCoin.sol";
import {Harness} from "./Harness.sol";

contract SettleTest is Harness {
    function test_it_is_called_teocoin_with_six_decimals() public view {
        vm.assertEq(keccak256(bytes(token.name())), keccak256("TeoCoin"));
        vm.assertEq(keccak256(bytes(token.symbol())), keccak256("TEO"));
        vm.assertEq(token.decimals(), 6);
    }

    function test_mints_go_to_their_holders_with_transfers_from_nobody() public {
        bytes32[] memory mints = new bytes32[](2);
        (mints[0], mints[1]) = (pack(ana, 5), pack(bob, 7));
        vm.expectEmit();
        emit IERC20.Transfer(address(0), ana, 5);
        vm.expectEmit();
        emit IERC20.Transfer(address(0), bob, 7);
        vm.expectEmit();
        emit TeoCoin.Settled(1, token.digestOf(mints, nothing()));
        settle(1, mints, none());
        vm.assertEq(token.balanceOf(ana), 5);
        vm.assertEq(token.balanceOf(bob), 7);
        vm.assertEq(token.totalSupply(), 12);
    }

    function test_one_holder_twice_in_a_batch_gets_both() public {
        bytes32[] memory mints = new bytes32[](2);
        (mints[0], mints[1]) = (pack(ana, 5), pack(ana, 7));
        settle(1, mints, none());
        vm.assertEq(token.balanceOf(ana), 12);
    }

    function test_a_signed_burn_takes_what_was_signed() public {
        mint(1, ana, 100);
        vm.expectEmit();
        emit IERC20.Transfer(ana, address(0), 30);
        vm.expectEmit();
        emit TeoCoin.Settled(2, token.digestOf(nothing(), words(pack(ana, 30))));
        settle(2, nothing(), burns1(burnOf(ANA_KEY, 30, 2)));
        vm.assertEq(token.balanceOf(ana), 70);
        vm.assertEq(token.totalSupply(), 70);
    }

    function test_a_burn_above_the_balance_is_skipped_and_the_rest_goes_on() public {
        mint(1, ana, 10);
        mint(2, bob, 10);
        vm.expectEmit();
        emit TeoCoin.Skipped(3, ana, 11);
        settle(3, nothing(), burns2(burnOf(ANA_KEY, 11, 3), burnOf(BOB_KEY, 10, 3)));
        vm.assertEq(token.balanceOf(ana), 10);
        vm.assertEq(token.balanceOf(bob), 0);
    }

    function test_a_burn_signed_for_another_op_is_skipped() public {
        mint(1, ana, 10);
        settle(2, nothing(), burns1(burnOf(ANA_KEY, 10, 3)));
        vm.assertEq(token.balanceOf(ana), 10);
    }

    function test_a_burn_signed_by_another_is_skipped() public {
        mint(1, ana, 10);
        TeoCoin.Burn memory forged = burnOf(BOB_KEY, 10, 2);
        forged.entry = pack(ana, 10);
        settle(2, nothing(), burns1(forged));
        vm.assertEq(token.balanceOf(ana), 10);
    }

    function test_nobody_burns_for_the_zero_address() public {
        vm.expectRevert(abi.encodeWithSelector(TeoCoin.UnorderedBurn.selector, address(0)));
        settle(1, nothing(), burns1(TeoCoin.Burn(pack(address(0), 0), 0, 0)));
    }

    function test_one_signature_does_not_burn_twice() public {
        mint(1, ana, 10);
        TeoCoin.Burn memory burn = burnOf(ANA_KEY, 5, 2);
        vm.expectRevert(abi.encodeWithSelector(TeoCoin.UnorderedBurn.selector, ana));
        settle(2, nothing(), burns2(burn, burn));
    }

    function test_burns_in_descending_order_of_holder_are_refused() public {
        TeoCoin.Burn[] memory burns = burns2(burnOf(ANA_KEY, 5, 2), burnOf(BOB_KEY, 5, 2));
        (burns[0], burns[1]) = (burns[1], burns[0]);
        vm.expectRevert(abi.encodeWithSelector(TeoCoin.UnorderedBurn.selector, address(bytes20(burns[1].entry))));
        settle(2, nothing(), burns);
    }

    function test_an_op_happens_once() public {
        mint(7, ana, 5);
        vm.assertTrue(token.isUsed(7));
        vm.expectRevert(abi.encodeWithSelector(Operations.OpUsed.selector, 7));
        settle(7, words(pack(ana, 5)), none());
    }

    function test_a_voided_op_never_happens() public {
        vm.expectEmit();
        emit Operations.Voided(7);
        vm.prank(settler);
        token.void(7);
        vm.expectRevert(abi.encodeWithSelector(Operations.OpUsed.selector, 7));
        settle(7, words(pack(ana, 5)), none());
    }

    function test_two_hundred_entries_are_the_most() public {
        vm.expectRevert(abi.encodeWithSelector(TeoCoin.TooManyEntries.selector, 201));
        settle(1, new bytes32[](200), new TeoCoin.Burn[](1));
    }

    function test_a_mint_to_nobody_reverts_the_whole() public {
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, address(0)));
        settle(1, words(pack(address(0), 1)), none());
    }

    function test_the_token_holds_no_tokens() public {
        vm.expectRevert(abi.encodeWithSelector(TeoCoin.TransferToToken.selector));
        settle(1, words(pack(address(token), 1)), none());
        mint(1, ana, 5);
        vm.expectRevert(abi.encodeWithSelector(TeoCoin.TransferToToken.selector));
        vm.prank(ana);
        token.transfer(address(token), 1);
    }

    function test_only_the_settler_settles() public {
        bytes memory refusal = unauthorised(admin, token.SETTLER_ROLE());
        vm.expectRevert(refusal);
        vm.prank(admin);
        token.settle(1, nothing(), none());
    }

    function testFuzz_mints_and_burns_move_exactly_their_amounts(uint96 minted, uint96 burned, uint256 op) public {
        minted = uint96(between(minted, 0, BOUND));
        vm.assume(op != type(uint256).max);
        mint(op, ana, minted);
        settle(op + 1, nothing(), burns1(burnOf(ANA_KEY, burned, op + 1)));
        vm.assertEq(token.balanceOf(ana), burned <= minted ? minted - burned : minted);
        vm.assertEq(token.totalSupply(), token.balanceOf(ana));
    }

    function testFuzz_a_changed_signature_burns_nothing(uint256 flip, bool inR) public {
        vm.assume(flip != 0);
        mint(1, ana, 10);
        TeoCoin.Burn memory burn = burnOf(ANA_KEY, 10, 2);
        if (inR) burn.r ^= bytes32(flip);
        else burn.vs ^= bytes32(flip);
        settle(2, nothing(), burns1(burn));
        vm.assertEq(token.balanceOf(ana), 10);
    }

    function testFuzz_a_word_is_its_address_and_amount(address to, uint96 amount) public {
        vm.assume(to != address(0) && to != address(token));
        amount = uint96(between(amount, 0, BOUND));
        mint(1, to, amount);
        vm.assertEq(token.balanceOf(to), amount);
    }

    /// @dev The batch writes ERC20's storage itself: what ERC20 reads there afterwards must be the sums.
    function testFuzz_a_batch_adds_up(uint256 seed, uint8 size) public {
        bytes32[] memory mints = new bytes32[](between(size, 1, 200));
        uint256[150] memory owed;
        uint256 supply;
        for (uint256 i = 0; i < mints.length; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            // Fewer holders than entries, so that some come twice.
            (uint256 who, uint256 amount) = (random % 150, (random >> 128) % 1e6);
            mints[i] = pack(address(uint160(0x1000 + who)), amount);
            owed[who] += amount;
            supply += amount;
        }
        settle(1, mints, none());
        vm.assertEq(token.totalSupply(), supply);
        for (uint160 who = 0; who < 150; ++who) {
            vm.assertEq(token.balanceOf(address(0x1000 + who)), owed[who]);
        }
    }
}
