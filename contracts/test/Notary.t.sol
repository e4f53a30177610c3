// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {Notary} from "../src/Notary.sol";
import {Operations} from "../src/Operations.sol";
import {Harness} from "./Harness.sol";

contract NotaryTest is Harness {
    bytes32 private constant SOLVENCY = "solvency";
    bytes32 private constant ROOT = keccak256("a tree");

    Notary private notary;

    function setUp() public override {
        notary = Notary(deploy("Notary"));
    }

    function test_a_root_is_published_with_its_total() public {
        vm.assertEq(notary.rootOf(SOLVENCY, 20_000), 0);
        vm.expectEmit();
        emit Notary.Published(1, SOLVENCY, 20_000, ROOT, 5e6);
        publish(1, SOLVENCY, 20_000, ROOT);
        vm.assertEq(notary.rootOf(SOLVENCY, 20_000), ROOT);
        vm.assertTrue(notary.isUsed(1));
    }

    function test_a_subject_gets_one_root() public {
        publish(1, SOLVENCY, 20_000, ROOT);
        vm.expectRevert(abi.encodeWithSelector(Notary.AlreadyPublished.selector, SOLVENCY, 20_000));
        publish(2, SOLVENCY, 20_000, keccak256("another tree"));
        vm.assertFalse(notary.isUsed(2));
    }

    function test_another_subject_and_another_kind_have_roots_of_their_own() public {
        publish(1, SOLVENCY, 20_000, ROOT);
        publish(2, SOLVENCY, 20_001, keccak256("the next day's tree"));
        publish(3, "ballot", 20_000, keccak256("a ballot's tree"));
        vm.assertEq(notary.rootOf(SOLVENCY, 20_000), ROOT);
    }

    function test_an_op_happens_once() public {
        publish(1, SOLVENCY, 20_000, ROOT);
        vm.expectRevert(abi.encodeWithSelector(Operations.OpUsed.selector, 1));
        publish(1, SOLVENCY, 20_001, ROOT);
    }

    function test_zero_is_no_root() public {
        vm.expectRevert(abi.encodeWithSelector(Notary.EmptyRoot.selector));
        publish(1, SOLVENCY, 20_000, 0);
    }

    function test_a_pause_stops_publish() public {
        vm.prank(settler);
        notary.pause();
        vm.expectRevert(abi.encodeWithSelector(Pausable.EnforcedPause.selector));
        publish(1, SOLVENCY, 20_000, ROOT);
    }

    function test_only_a_settler_publishes() public {
        vm.expectRevert(unauthorised(admin, notary.SETTLER_ROLE()));
        vm.prank(admin);
        notary.publish(1, SOLVENCY, 20_000, ROOT, 0);
    }

    function testFuzz_what_was_published_stays(bytes32 kind, uint256 subject, bytes32 root, bytes32 other) public {
        vm.assume(root != 0 && other != 0);
        publish(1, kind, subject, root);
        vm.expectRevert(abi.encodeWithSelector(Notary.AlreadyPublished.selector, kind, subject));
        publish(2, kind, subject, other);
        vm.assertEq(notary.rootOf(kind, subject), root);
    }

    function publish(uint256 op, bytes32 kind, uint256 subject, bytes32 root) private {
        vm.prank(settler);
        notary.publish(op, kind, subject, root, 5e6);
    }
}
