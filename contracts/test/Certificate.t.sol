// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {Certificate} from "../src/Certificate.sol";
import {IERC5192} from "../src/IERC5192.sol";
import {Operations} from "../src/Operations.sol";
import {Harness} from "./Harness.sol";

contract CertificateTest is Harness {
    uint256 private constant ID = uint256(keccak256("a credential and its salt"));

    Certificate private certificate;

    function setUp() public override {
        certificate = Certificate(deploy("Certificate"));
    }

    function test_it_has_a_name_and_a_symbol() public view {
        vm.assertEq(keccak256(bytes(certificate.name())), keccak256("SchoolPlatform Certificate"));
        vm.assertEq(keccak256(bytes(certificate.symbol())), keccak256("CERT"));
    }

    function test_it_is_an_erc721_and_an_erc5192() public view {
        vm.assertTrue(certificate.supportsInterface(type(IERC165).interfaceId));
        vm.assertTrue(certificate.supportsInterface(type(IERC721).interfaceId));
        vm.assertTrue(certificate.supportsInterface(0xb45a3c0e));
        vm.assertFalse(certificate.supportsInterface(0xffffffff));
    }

    function test_a_batch_gives_each_holder_a_locked_certificate() public {
        bytes memory entries = bytes.concat(entry(ana, 1), entry(bob, 2));
        expectBirth(ana, 1);
        expectBirth(bob, 2);
        vm.expectEmit();
        emit Certificate.Issued(7, keccak256(entries));
        issue(7, entries);
        vm.assertEq(certificate.ownerOf(1), ana);
        vm.assertEq(certificate.ownerOf(2), bob);
        vm.assertEq(certificate.balanceOf(ana), 1);
        vm.assertTrue(certificate.locked(1));
        vm.assertTrue(certificate.isUsed(7));
    }

    function test_an_id_that_exists_is_skipped_and_the_rest_goes_on() public {
        issue(1, entry(ana, ID));
        vm.expectEmit();
        emit Certificate.Skipped(2, ID, bob);
        issue(2, bytes.concat(entry(bob, ID), entry(bob, 2)));
        vm.assertEq(certificate.ownerOf(ID), ana);
        vm.assertEq(certificate.balanceOf(bob), 1);
    }

    function test_an_id_twice_in_a_batch_is_issued_once() public {
        issue(1, bytes.concat(entry(ana, ID), entry(bob, ID)));
        vm.assertEq(certificate.ownerOf(ID), ana);
        vm.assertEq(certificate.balanceOf(bob), 0);
    }

    function test_an_op_happens_once() public {
        issue(1, entry(ana, ID));
        vm.expectRevert(abi.encodeWithSelector(Operations.OpUsed.selector, 1));
        issue(1, entry(bob, 2));
    }

    function test_fifty_certificates_are_the_most() public {
        issue(1, batch(50));
        vm.assertEq(certificate.balanceOf(ana), 50);
        vm.expectRevert(abi.encodeWithSelector(Certificate.TooManyEntries.selector, 51));
        issue(2, batch(51));
    }

    function test_entries_that_are_cut_off_are_refused() public {
        bytes memory entries = bytes.concat(entry(ana, ID), hex"00");
        vm.expectRevert(abi.encodeWithSelector(Certificate.BrokenEntries.selector, 53));
        issue(1, entries);
    }

    function test_a_certificate_for_nobody_reverts_the_whole() public {
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721InvalidReceiver.selector, address(0)));
        issue(1, bytes.concat(entry(ana, ID), entry(address(0), 2)));
        vm.assertFalse(certificate.isUsed(1));
    }

    function test_its_holder_does_not_move_it() public {
        issue(1, entry(ana, ID));
        refusesAsHolder(abi.encodeCall(certificate.transferFrom, (ana, bob, ID)));
        refusesAsHolder(abi.encodeWithSignature("safeTransferFrom(address,address,uint256)", ana, bob, ID));
        refusesAsHolder(abi.encodeWithSignature("safeTransferFrom(address,address,uint256,bytes)", ana, bob, ID, ""));
        refusesAsHolder(abi.encodeCall(certificate.transferFrom, (ana, ana, ID)));
        vm.assertEq(certificate.ownerOf(ID), ana);
    }

    function test_nobody_else_moves_it() public {
        issue(1, entry(ana, ID));
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721InsufficientApproval.selector, settler, ID));
        vm.prank(settler);
        certificate.transferFrom(ana, bob, ID);
    }

    function test_its_holder_approves_nobody() public {
        issue(1, entry(ana, ID));
        refusesAsHolder(abi.encodeCall(certificate.approve, (bob, ID)));
        refusesAsHolder(abi.encodeCall(certificate.setApprovalForAll, (bob, true)));
    }

    function test_a_revoked_certificate_is_marked_and_stays() public {
        issue(1, entry(ana, ID));
        vm.assertFalse(certificate.isRevoked(ID));
        vm.expectEmit();
        emit Certificate.Revoked(2, ID);
        revoke(2, ID);
        vm.assertTrue(certificate.isRevoked(ID));
        vm.assertEq(certificate.ownerOf(ID), ana);
        vm.assertTrue(certificate.locked(ID));
    }

    function test_a_revoked_certificate_is_not_issued_again() public {
        issue(1, entry(ana, ID));
        revoke(2, ID);
        issue(3, entry(ana, ID));
        vm.assertTrue(certificate.isRevoked(ID));
        vm.assertEq(certificate.balanceOf(ana), 1);
    }

    function test_a_revocation_happens_once_and_shares_the_ops_of_batches() public {
        issue(1, entry(ana, ID));
        vm.expectRevert(abi.encodeWithSelector(Operations.OpUsed.selector, 1));
        revoke(1, ID);
    }

    function test_what_does_not_exist_is_neither_revoked_nor_valid() public {
        bytes memory refusal = abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, ID);
        vm.expectRevert(refusal);
        revoke(1, ID);
        vm.assertFalse(certificate.isUsed(1));
        vm.expectRevert(refusal);
        certificate.isRevoked(ID);
        vm.expectRevert(refusal);
        certificate.locked(ID);
    }

    function test_a_pause_stops_issue_and_revoke() public {
        issue(1, entry(ana, ID));
        vm.prank(settler);
        certificate.pause();
        bytes memory refusal = abi.encodeWithSelector(Pausable.EnforcedPause.selector);
        vm.expectRevert(refusal);
        issue(2, entry(ana, 2));
        vm.expectRevert(refusal);
        revoke(3, ID);
    }

    function test_only_a_settler_issues_and_revokes() public {
        bytes memory refusal = unauthorised(admin, certificate.SETTLER_ROLE());
        vm.expectRevert(refusal);
        vm.prank(admin);
        certificate.issue(1, entry(ana, ID));
        vm.expectRevert(refusal);
        vm.prank(admin);
        certificate.revoke(1, ID);
    }

    function testFuzz_an_entry_is_its_holder_and_its_id(address holder, uint256 id) public {
        vm.assume(holder != address(0));
        issue(1, entry(holder, id));
        vm.assertEq(certificate.ownerOf(id), holder);
    }

    function testFuzz_a_batch_adds_up(uint256 seed, uint256 count) public {
        count = between(count, 1, 50);
        bytes memory entries;
        uint256[8] memory owed;
        for (uint256 id = 0; id < count; ++id) {
            uint256 who = uint256(keccak256(abi.encode(seed, id))) % 8;
            entries = bytes.concat(entries, entry(address(uint160(0x1000 + who)), id));
            owed[who] += 1;
        }
        issue(1, entries);
        for (uint160 who = 0; who < 8; ++who) {
            vm.assertEq(certificate.balanceOf(address(0x1000 + who)), owed[who]);
        }
    }

    function expectBirth(address holder, uint256 id) private {
        vm.expectEmit();
        emit IERC721.Transfer(address(0), holder, id);
        vm.expectEmit();
        emit IERC5192.Locked(id);
    }

    function refusesAsHolder(bytes memory call) private {
        vm.prank(ana);
        (bool succeeded, bytes memory answer) = address(certificate).call(call);
        vm.assertFalse(succeeded);
        vm.assertEq(bytes32(answer), bytes32(Certificate.Soulbound.selector));
    }

    function issue(uint256 op, bytes memory entries) private {
        vm.prank(settler);
        certificate.issue(op, entries);
    }

    function revoke(uint256 op, uint256 id) private {
        vm.prank(settler);
        certificate.revoke(op, id);
    }

    function batch(uint256 count) private view returns (bytes memory entries) {
        for (uint256 id = 0; id < count; ++id) entries = bytes.concat(entries, entry(ana, id));
    }

    function entry(address holder, uint256 id) private pure returns (bytes memory) {
        return abi.encodePacked(holder, id);
    }
}
