// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {Notary} from "../src/Notary.sol";
import {Harness, Selectors} from "./Harness.sol";

/// @dev Publishes roots, tries to publish others over them, and keeps its own account of it.
contract Publisher is Harness {
    uint256 public constant KINDS = 2;
    uint256 public constant SUBJECTS = 15;
    uint256 public constant OPS = 100;

    Notary public notary;
    mapping(uint256 => mapping(uint256 => bytes32)) public roots;
    mapping(uint256 => bool) public done;
    bool public ranTwice;
    bool public changed;

    constructor() {
        notary = new Notary(admin, DELAY, settlers());
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

    function setUp() public {
        publisher = new Publisher();
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
        for (uint256 kind = 0; kind < publisher.KINDS(); ++kind) {
            for (uint256 subject = 0; subject < publisher.SUBJECTS(); ++subject) {
                bytes32 root = publisher.notary().rootOf(bytes32(kind), subject);
                require(root == publisher.roots(kind, subject), "root");
            }
        }
    }

    function invariant_an_op_happens_at_most_once() external view {
        require(!publisher.ranTwice(), "an op ran twice");
        for (uint256 op = 0; op < publisher.OPS(); ++op) {
            require(publisher.notary().isUsed(op) == publisher.done(op), "op");
        }
    }
}
