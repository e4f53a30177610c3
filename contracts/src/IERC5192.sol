// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

/// @title IERC5192
/// @notice A token that says whether it is bound to its holder. The interface's identifier is 0xb45a3c0e.
interface IERC5192 {
    /// @notice A token is bound to its holder from now on.
    event Locked(uint256 tokenId);
    /// @notice A token may be moved from now on.
    event Unlocked(uint256 tokenId);

    /// @notice Whether a token is bound to its holder. Reverts for a token that does not exist.
    /// @param tokenId The token.
    function locked(uint256 tokenId) external view returns (bool);
}
