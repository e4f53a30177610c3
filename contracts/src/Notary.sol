// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {Operations} from "./Operations.sol";

/// @title Notary
/// @notice Keeps Merkle roots for ever: what was published for a subject of a kind is never changed.
contract Notary is Operations {
    mapping(bytes32 kind => mapping(uint256 subject => bytes32 root)) private _roots;

    /// @notice An operation published a root; `total` is what the tree's leaves add up to.
    event Published(
        uint256 indexed op, bytes32 indexed kind, uint256 indexed subject, bytes32 root, uint256 total
    );

    /// @notice There is a root already.
    error AlreadyPublished(bytes32 kind, uint256 subject);
    /// @notice Zero stands for no root.
    error EmptyRoot();

    /// @param admin Grants and revokes roles; handed over in two steps after `adminDelay`.
    /// @param adminDelay Seconds before a new admin counts.
    /// @param settlers The platform's signers, each of whom may also pause.
    constructor(address admin, uint48 adminDelay, address[] memory settlers)
        Operations(admin, adminDelay, settlers)
    {}

    /// @notice Publish the root of a tree, once per kind and subject.
    /// @param op The operation's number.
    /// @param kind What the tree is about.
    /// @param subject Which of its kind it is, such as the day.
    /// @param root The tree's root.
    /// @param total What the tree's leaves add up to; 0 for a tree without sums.
    function publish(uint256 op, bytes32 kind, uint256 subject, bytes32 root, uint256 total)
        external
        onlyRole(SETTLER_ROLE)
        whenNotPaused
    {
        if (root == 0) revert EmptyRoot();
        if (_roots[kind][subject] != 0) revert AlreadyPublished(kind, subject);
        _use(op);
        _roots[kind][subject] = root;
        emit Published(op, kind, subject, root, total);
    }

    /// @notice The root of a subject; 0 when there is none.
    /// @param kind What the tree is about.
    /// @param subject Which of its kind it is.
    function rootOf(bytes32 kind, uint256 subject) external view returns (bytes32) {
        return _roots[kind][subject];
    }
}
