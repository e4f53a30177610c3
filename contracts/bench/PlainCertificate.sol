// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

/// @title PlainCertificate
/// @notice What OpenZeppelin gives who wants tokens that are one of a kind, with a minter and no more. The bench holds Certificate against it.
contract PlainCertificate is ERC721, Ownable {
    constructor() ERC721("Plain", "PLAIN") Ownable(msg.sender) {}

    /// @notice Mint one token for one holder.
    /// @param to The holder.
    /// @param id The token's number.
    function mint(address to, uint256 id) external onlyOwner {
        _mint(to, id);
    }
}
