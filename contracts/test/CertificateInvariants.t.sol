// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {Certificate} from "../src/Certificate.sol";
import {Harness, Selectors} from "./Harness.sol";

uint256 constant HOLDERS = 5;
uint256 constant IDS = 20;
uint256 constant OPS = 40;

/// @dev Does what the platform, its holders and a thief may try with certificates, and keeps its own account of it.
contract Registrar is Harness {
    Certificate public certificate;
    mapping(uint256 => address) public holderOf;
    mapping(uint256 => bool) public revoked;
    mapping(address => uint256) public held;
    mapping(uint256 => bool) public done;
    bool public ranTwice;

    constructor() {
        certificate = Certificate(deploy("Certificate"));
    }

    function holder(uint256 who) public pure returns (address) {
        return address(uint160(0x1000 + who % HOLDERS));
    }

    function issue(uint256 op, uint256 who, uint256 first, uint256 count) external {
        (op, first, count) = (op % OPS, first % IDS, count % 4);
        bytes memory entries;
        for (uint256 i = 0; i < count; ++i) {
            entries = bytes.concat(entries, abi.encodePacked(holder(who / (i + 1)), (first + i) % IDS));
        }
        vm.prank(settler);
        try certificate.issue(op, entries) {
            happened(op);
            for (uint256 i = 0; i < count; ++i) remember(holder(who / (i + 1)), (first + i) % IDS);
        } catch {}
    }

    function revoke(uint256 op, uint256 id) external {
        vm.prank(settler);
        try certificate.revoke(op % OPS, id % IDS) {
            happened(op % OPS);
            revoked[id % IDS] = true;
        } catch {}
    }

    function void(uint256 op) external {
        vm.prank(settler);
        try certificate.void(op % OPS) {
            happened(op % OPS);
        } catch {}
    }

    /// @dev By its holder, by another, by the settler or the admin.
    function move(uint256 id, uint256 who, uint256 to) external {
        id %= IDS;
        if (holderOf[id] == address(0)) return; // nobody calls as nobody
        address[4] memory movers = [holderOf[id], holder(who), settler, admin];
        vm.prank(movers[who % 4]);
        try certificate.transferFrom(holderOf[id], holder(to), id) {} catch {}
    }

    function approveAndMove(uint256 id, uint256 who) external {
        id %= IDS;
        if (holderOf[id] == address(0)) return;
        vm.prank(holderOf[id]);
        try certificate.approve(holder(who), id) {} catch {}
        vm.prank(holderOf[id]);
        try certificate.setApprovalForAll(holder(who), true) {} catch {}
        vm.prank(holder(who));
        try certificate.safeTransferFrom(holderOf[id], holder(who), id) {} catch {}
    }

    function issueAsAThief(uint256 op, uint256 who, uint256 id) external {
        vm.prank(holder(who));
        try certificate.issue(op % OPS, abi.encodePacked(holder(who), id % IDS)) {
            ranTwice = true;
        } catch {}
    }

    function remember(address who, uint256 id) private {
        if (holderOf[id] != address(0)) return;
        holderOf[id] = who;
        held[who] += 1;
    }

    function happened(uint256 op) private {
        if (done[op]) ranTwice = true;
        done[op] = true;
    }
}

contract CertificateInvariantsTest {
    Registrar private registrar;
    Certificate private certificate;

    function setUp() public {
        registrar = new Registrar();
        certificate = registrar.certificate();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(registrar);
    }

    function targetSelectors() external view returns (Selectors[] memory targets) {
        bytes4[] memory selectors = new bytes4[](6);
        selectors[0] = Registrar.issue.selector;
        selectors[1] = Registrar.revoke.selector;
        selectors[2] = Registrar.void.selector;
        selectors[3] = Registrar.move.selector;
        selectors[4] = Registrar.approveAndMove.selector;
        selectors[5] = Registrar.issueAsAThief.selector;
        targets = new Selectors[](1);
        targets[0] = Selectors(address(registrar), selectors);
    }

    function invariant_no_certificate_moves_vanishes_or_is_free() external view {
        for (uint256 id = 0; id < IDS; ++id) {
            address holder = registrar.holderOf(id);
            if (holder == address(0)) continue;
            require(certificate.ownerOf(id) == holder, "owner");
            require(certificate.locked(id), "locked");
        }
        for (uint256 who = 0; who < HOLDERS; ++who) {
            address holder = registrar.holder(who);
            require(certificate.balanceOf(holder) == registrar.held(holder), "balance");
        }
    }

    function invariant_what_is_revoked_stays_revoked() external view {
        for (uint256 id = 0; id < IDS; ++id) {
            if (registrar.holderOf(id) == address(0)) continue;
            require(certificate.isRevoked(id) == registrar.revoked(id), "revoked");
        }
    }

    function invariant_an_op_happens_at_most_once() external view {
        require(!registrar.ranTwice(), "an op ran twice, or a thief's ran");
        for (uint256 op = 0; op < OPS; ++op) {
            require(certificate.isUsed(op) == registrar.done(op), "op");
        }
    }
}
