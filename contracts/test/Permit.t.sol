// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {Harness} from "./Harness.sol";

contract PermitTest is Harness {
    bytes32 private constant PERMIT_TYPEHASH =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    function setUp() public override {
        super.setUp();
        mint(1, ana, 100);
    }

    function test_a_permit_lets_another_move_what_the_holder_signed_even_while_paused() public {
        vm.prank(settler);
        token.pause();
        permit(ANA_KEY, 40);
        vm.assertEq(token.allowance(ana, bob), 40);
        vm.prank(bob);
        token.transferFrom(ana, bob, 40);
        vm.assertEq(token.balanceOf(bob), 40);
    }

    function test_nobody_else_permits_for_the_holder() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(BOB_KEY, permitHash(40));
        vm.expectRevert(abi.encodeWithSelector(ERC20Permit.ERC2612InvalidSigner.selector, bob, ana));
        token.permit(ana, bob, 40, block.timestamp, v, r, s);
    }

    function permit(uint256 key, uint256 amount) private {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, permitHash(amount));
        token.permit(ana, bob, amount, block.timestamp, v, r, s);
    }

    function permitHash(uint256 amount) private view returns (bytes32) {
        return typed(keccak256(abi.encode(PERMIT_TYPEHASH, ana, bob, amount, token.nonces(ana), block.timestamp)));
    }
}
