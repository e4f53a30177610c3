// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {AccessControlDefaultAdminRules} from
    "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

/// @title Operations
/// @notice What the platform's contracts have in common: numbered operations, each of which happens at most once, signers
///         that bring them, a pause, and an admin who is handed over in two steps.
abstract contract Operations is AccessControlDefaultAdminRules, Pausable {
    using BitMaps for BitMaps.BitMap;

    /// @notice May bring operations to the chain, and drop them.
    bytes32 public constant SETTLER_ROLE = keccak256("SETTLER_ROLE");
    /// @notice May pause. Only the default admin may end a pause.
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");

    BitMaps.BitMap private _used;

    /// @notice An operation will never happen.
    event Voided(uint256 indexed op);

    /// @notice The operation already happened, or was voided.
    error OpUsed(uint256 op);

    /// @param admin Grants and revokes roles; handed over in two steps after `adminDelay`.
    /// @param adminDelay Seconds before a new admin counts.
    /// @param settlers The platform's signers, each of whom may also pause.
    constructor(address admin, uint48 adminDelay, address[] memory settlers)
        AccessControlDefaultAdminRules(adminDelay, admin)
    {
        for (uint256 i = 0; i < settlers.length; ++i) {
            _grantRole(SETTLER_ROLE, settlers[i]);
            _grantRole(PAUSER_ROLE, settlers[i]);
        }
    }

    /// @notice Drop an operation for ever: its number counts as used although nothing happened. A pause does not stop this.
    /// @param op The operation's number.
    function void(uint256 op) external onlyRole(SETTLER_ROLE) {
        _use(op);
        emit Voided(op);
    }

    /// @notice Stop the operations. Holders are never stopped.
    function pause() external onlyRole(PAUSER_ROLE) {
        _pause();
    }

    /// @notice Let operations happen again.
    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _unpause();
    }

    /// @notice Whether an operation happened or was voided.
    /// @param op The operation's number.
    function isUsed(uint256 op) external view returns (bool) {
        return _used.get(op);
    }

    /// @dev Every operation begins with this, so that none happens twice.
    function _use(uint256 op) internal {
        if (_used.get(op)) revert OpUsed(op);
        _used.set(op);
    }
}
