// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {Notary} from "../src/Notary.sol";
import {Harness, Selectors} from "./Harness.sol";

uint256 constant KINDS = 2;
uint256 constant SUBJECTS = 10;
uint256 constant OPS = 40;

/// @dev Publishes roots, tries to publish others over them, and keeps its own account of it.
contract Publisher is Harness {
    Notary public notary;
    mapping(uint256 => mapping(uint256 => bytes32)) public roots;
    mapping(uint256 => bool) public done;
    bool public ranTwice;
    bool public changed;

    constructor() {
        notary = Notary(deploy("Notary"));
    }

    function publish(uint256 op, uint256 kind, uint256 subject, bytes32 root) external {
        (op, kind, subject) = (op % OPS, kind % KINDS, subject % SUBJECTS);
        vm.prank(settler);
        try notary.publish(op, bytes32(kind), subject, root, 0) {
            happened(op);
            if (roots[kind][subject] != 0) changed = true;
            roots[kind][subject] = root;
        } catch {}
    }

    function void(uint256 op) external {
        vm.prank(settler);
        try notary.void(op % OPS) {
            happened(op % OPS);
        } catch {}
    }

    function happened(uint256 op) private {
        if (done[op]) ranTwice = true;
        done[op] = true;
    }
}

contract NotaryInvariantsTest {
    Publisher private publisher;
    Notary private notary;

    function setUp() public {
        publisher = new Publisher();
        notary = publisher.notary();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(publisher);
    }

    function targetSelectors() external view returns (Selectors[] memory targets) {
        bytes4[] memory selectors = new bytes4[](2);
        selectors[0] = Publisher.publish.selector;
        selectors[1] = Publisher.void.selector;
        targets = new Selectors[](1);
        targets[0] = Selectors(address(publisher), selectors);
    }

    function invariant_a_root_never_changes() external view {
        require(!publisher.changed(), "a root was replaced");
        for (uint256 kind = 0; kind < KINDS; ++kind) {
            for (uint256 subject = 0; subject < SUBJECTS; ++subject) {
                bytes32 root = notary.rootOf(bytes32(kind), subject);
                require(root == publisher.roots(kind, subject), "root");
            }
        }
    }

    function invariant_an_op_happens_at_most_once() external view {
        require(!publisher.ranTwice(), "an op ran twice");
        for (uint256 op = 0; op < OPS; ++op) {
            require(notary.isUsed(op) == publisher.done(op), "op");
        }
    }
}
