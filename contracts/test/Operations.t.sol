// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {IAccessControlDefaultAdminRules} from
    "@openzeppelin/contracts/access/extensions/IAccessControlDefaultAdminRules.sol";
import {Certificate} from "../src/Certificate.sol";
import {Notary} from "../src/Notary.sol";
import {Operations} from "../src/Operations.sol";
import {Harness} from "./Harness.sol";

/// @dev What holds for each of the three contracts alike.
contract OperationsTest is Harness {
    Operations[] private contracts;

    function setUp() public override {
        super.setUp();
        contracts.push(token);
        contracts.push(Certificate(deploy("Certificate")));
        contracts.push(Notary(deploy("Notary")));
    }

    function test_each_settler_brings_operations_and_pauses() public {
        for (uint256 i = 0; i < contracts.length; ++i) {
            vm.prank(settler);
            contracts[i].void(1);
            vm.prank(otherSettler);
            contracts[i].void(2);
            vm.prank(otherSettler);
            contracts[i].pause();
            vm.assertTrue(contracts[i].paused());
        }
    }

    function test_who_deploys_has_no_role() public view {
        for (uint256 i = 0; i < contracts.length; ++i) {
            vm.assertFalse(contracts[i].hasRole(contracts[i].SETTLER_ROLE(), address(this)));
            vm.assertFalse(contracts[i].hasRole(contracts[i].PAUSER_ROLE(), address(this)));
            vm.assertEq(contracts[i].defaultAdmin(), admin);
        }
    }

    function test_a_pause_does_not_stop_void() public {
        for (uint256 i = 0; i < contracts.length; ++i) {
            vm.prank(settler);
            contracts[i].pause();
            vm.expectEmit();
            emit Operations.Voided(1);
            vm.prank(settler);
            contracts[i].void(1);
            vm.assertTrue(contracts[i].isUsed(1));
        }
    }

    function test_an_op_is_voided_once() public {
        for (uint256 i = 0; i < contracts.length; ++i) {
            vm.prank(settler);
            contracts[i].void(1);
            vm.expectRevert(abi.encodeWithSelector(Operations.OpUsed.selector, 1));
            vm.prank(settler);
            contracts[i].void(1);
        }
    }

    function test_only_a_settler_voids() public {
        for (uint256 i = 0; i < contracts.length; ++i) {
            vm.expectRevert(unauthorised(admin, contracts[i].SETTLER_ROLE()));
            vm.prank(admin);
            contracts[i].void(1);
        }
    }

    function test_only_a_pauser_pauses() public {
        for (uint256 i = 0; i < contracts.length; ++i) {
            vm.expectRevert(unauthorised(ana, contracts[i].PAUSER_ROLE()));
            vm.prank(ana);
            contracts[i].pause();
        }
    }

    function test_only_the_admin_ends_a_pause() public {
        for (uint256 i = 0; i < contracts.length; ++i) {
            vm.prank(settler);
            contracts[i].pause();
            vm.expectRevert(unauthorised(settler, contracts[i].DEFAULT_ADMIN_ROLE()));
            vm.prank(settler);
            contracts[i].unpause();
            vm.prank(admin);
            contracts[i].unpause();
            vm.assertFalse(contracts[i].paused());
        }
    }

    function test_a_revoked_settler_brings_nothing_more() public {
        for (uint256 i = 0; i < contracts.length; ++i) {
            bytes32 role = contracts[i].SETTLER_ROLE();
            vm.prank(admin);
            contracts[i].revokeRole(role, settler);
            vm.expectRevert(unauthorised(settler, role));
            vm.prank(settler);
            contracts[i].void(1);
        }
    }

    function test_a_new_admin_accepts_after_the_delay() public {
        for (uint256 i = 0; i < contracts.length; ++i) {
            vm.prank(admin);
            contracts[i].beginDefaultAdminTransfer(ana);
            vm.assertEq(contracts[i].defaultAdmin(), admin);
            vm.warp(vm.getBlockTimestamp() + DELAY + 1);
            vm.assertEq(contracts[i].defaultAdmin(), admin);
            vm.prank(ana);
            contracts[i].acceptDefaultAdminTransfer();
            vm.assertEq(contracts[i].defaultAdmin(), ana);
        }
    }

    function test_a_new_admin_does_not_accept_before_the_delay() public {
        for (uint256 i = 0; i < contracts.length; ++i) {
            vm.prank(admin);
            contracts[i].beginDefaultAdminTransfer(ana);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IAccessControlDefaultAdminRules.AccessControlEnforcedDefaultAdminDelay.selector,
                    block.timestamp + DELAY
                )
            );
            vm.prank(ana);
            contracts[i].acceptDefaultAdminTransfer();
        }
    }

    function testFuzz_an_op_is_used_alone(uint256 op, uint256 other) public {
        vm.assume(op != other);
        for (uint256 i = 0; i < contracts.length; ++i) {
            vm.prank(settler);
            contracts[i].void(op);
            vm.assertTrue(contracts[i].isUsed(op));
            vm.assertFalse(contracts[i].isUsed(other));
        }
    }
}
