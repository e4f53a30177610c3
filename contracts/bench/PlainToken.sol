// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title PlainToken
/// @notice What OpenZeppelin gives who wants a token with a minter and no more. The bench holds TeoCoin against it.
contract PlainToken is ERC20, Ownable {
    constructor() ERC20("Plain", "PLAIN") Ownable(msg.sender) {}

    /// @notice Mint one amount for one holder.
    /// @param to The holder.
    /// @param amount The amount.
    function mint(address to, uint256 amount) external onlyOwner {
        _mint(to, amount);
    }
}
