// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {TeoCoin} from "../src/TeoCoin.sol";
import {Build} from "./Build.sol";
import {Vm} from "./Vm.sol";

/// @dev What forge reads from `targetSelectors`.
struct Selectors {
    address addr;
    bytes4[] selectors;
}

/// @dev A token, the people around it, and what they sign.
abstract contract Harness {
    Vm internal constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    uint96 internal constant BOUND = 1_000_000e6;
    uint48 internal constant DELAY = 3 days;
    uint256 internal constant ANA_KEY = 0xA11CE;
    uint256 internal constant BOB_KEY = 0xB0B;

    address internal immutable admin = vm.addr(0xAD);
    address internal immutable settler = vm.addr(0x5E);
    address internal immutable otherSettler = vm.addr(0x5F);
    address internal immutable ana = vm.addr(ANA_KEY);
    address internal immutable bob = vm.addr(BOB_KEY);

    TeoCoin internal token;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        token = TeoCoin(Build.deploy("TeoCoin", abi.encode(admin, DELAY, settlers(), BOUND)));
    }

    function deploy(string memory name) internal returns (address) {
        return Build.deploy(name, abi.encode(admin, DELAY, settlers()));
    }

    function settlers() internal view returns (address[] memory list) {
        list = new address[](2);
        (list[0], list[1]) = (settler, otherSettler);
    }

    function mint(uint256 op, address to, uint256 amount) internal {
        settle(op, words(pack(to, amount)), none());
    }

    function settle(uint256 op, bytes32[] memory mints, TeoCoin.Burn[] memory burns) internal {
        vm.prank(settler);
        token.settle(op, mints, burns);
    }

    function burnOf(uint256 key, uint256 amount, uint256 op) internal view returns (TeoCoin.Burn memory) {
        address holder = vm.addr(key);
        bytes32 hash = keccak256(abi.encode(token.BURN_TYPEHASH(), holder, amount, op));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, typed(hash));
        return TeoCoin.Burn(pack(holder, amount), r, bytes32(uint256(s) | (uint256(v - 27) << 255)));
    }

    function releaseOf(uint256 key, address to, uint256 amount, uint256 op, uint256 deadline)
        internal
        view
        returns (bytes memory)
    {
        bytes32 hash = keccak256(abi.encode(token.RELEASE_TYPEHASH(), vm.addr(key), to, amount, op, deadline));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, typed(hash));
        return abi.encodePacked(r, s, v);
    }

    function typed(bytes32 hash) internal view returns (bytes32) {
        return keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), hash));
    }

    function pack(address holder, uint256 amount) internal pure returns (bytes32) {
        return bytes32(bytes.concat(bytes20(holder), bytes12(uint96(amount))));
    }

    function words(bytes32 word) internal pure returns (bytes32[] memory list) {
        list = new bytes32[](1);
        list[0] = word;
    }

    function burns1(TeoCoin.Burn memory one) internal pure returns (TeoCoin.Burn[] memory list) {
        list = new TeoCoin.Burn[](1);
        list[0] = one;
    }

    /// @dev Two burns in the order the contract wants.
    function burns2(TeoCoin.Burn memory one, TeoCoin.Burn memory other)
        internal
        pure
        returns (TeoCoin.Burn[] memory list)
    {
        list = new TeoCoin.Burn[](2);
        (list[0], list[1]) = one.entry < other.entry ? (one, other) : (other, one);
    }

    function nothing() internal pure returns (bytes32[] memory) {
        return new bytes32[](0);
    }

    function none() internal pure returns (TeoCoin.Burn[] memory) {
        return new TeoCoin.Burn[](0);
    }

    function unauthorised(address who, bytes32 role) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, who, role);
    }

    function between(uint256 value, uint256 least, uint256 most) internal pure returns (uint256) {
        return least + value % (most - least + 1);
    }
}
