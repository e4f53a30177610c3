// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Holdings
/// @notice Never deployed: its creation code is run by `eth_call`, so that the balances of many holders, the supply and
///         the number of the block they belong to come out of one call on one node.
contract Holdings {
    /// @param token The token to read.
    /// @param holders Whose balances to read. The call's answer is (block number, total supply, balances in this order).
    constructor(IERC20 token, address[] memory holders) {
        uint256[] memory balances = new uint256[](holders.length);
        for (uint256 i = 0; i < holders.length; ++i) {
            // It is read by eth_call: a token that fails loses the answer, nothing else.
            // slither-disable-next-line calls-loop
            balances[i] = token.balanceOf(holders[i]);
        }
        bytes memory answer = abi.encode(block.number, token.totalSupply(), balances);
        // Only assembly answers with other bytes than a contract's code.
        // slither-disable-next-line assembly
        assembly ("memory-safe") {
            return(add(answer, 0x20), mload(answer))
        }
    }
}
