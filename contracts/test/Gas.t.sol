// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {Certificate} from "../src/Certificate.sol";
import {Notary} from "../src/Notary.sol";
import {TeoCoin} from "../src/TeoCoin.sol";
import {Harness} from "./Harness.sol";

/// @dev What a batch costs a recipient, intrinsic gas included, against a ceiling: a change that makes it dearer shows.
///      `contracts/snapshots` holds what each of these transactions uses; a test fails that finds another number. When a
///      change of gas is meant, `FORGE_SNAPSHOT_CHECK=false npx forge test --match-contract GasTest` writes them anew.
contract GasTest is Harness {
    uint256 private constant COUNT = 200;
    uint256 private constant CERTIFICATES = 50;

    Certificate private certificate;
    Notary private notary;

    function setUp() public override {
        super.setUp();
        mint(0, bob, 1e6);
        certificate = Certificate(deploy("Certificate"));
        notary = Notary(deploy("Notary"));
        // The first op of a word of 256 pays for the word; the measured ones find it there.
        vm.prank(settler);
        certificate.void(0);
        vm.prank(settler);
        notary.void(0);
    }

    function test_a_mint_to_a_fresh_holder() public {
        vm.assertLt(perEntry("mints to fresh holders", 1, mintsTo(COUNT), none()), 24_780, "gas of a mint to a fresh holder");
    }

    function test_a_mint_to_an_existing_holder() public {
        settle(1, mintsTo(COUNT), none());
        vm.assertLt(perEntry("mints to existing holders", 2, mintsTo(COUNT), none()), 7_660, "gas of a mint to an existing holder");
    }

    function test_a_signed_burn() public {
        settle(1, mintsTo(COUNT), none());
        vm.assertLt(perEntry("signed burns", 2, nothing(), burnsOf(COUNT, 2)), 12_680, "gas of a signed burn");
    }

    /// @dev The least the EVM takes for a certificate of ERC-721 and ERC-5192: a fresh slot each for the id's owner and the
    ///      holder's balance (22,100), the logs Transfer (four topics, 375 for each and for the log) and Locked (one topic,
    ///      32 bytes of 8), the calldata of its 52 bytes, its share of the transaction (21,000), of the op's bit (5,000)
    ///      and of the role's check (2,100).
    function test_a_certificate_to_a_fresh_holder() public {
        bytes memory entries = certificatesOf(CERTIFICATES);
        uint256 floor = 2 * 22_100 + 5 * 375 + (2 * 375 + 32 * 8)
            + (calldataOf(entries) + 21_000 + 5_000 + 2_100) / CERTIFICATES;
        uint256 gas = gasOf("certificates to fresh holders", address(certificate), abi.encodeCall(Certificate.issue, (1, entries)));
        vm.assertLt(gas * 1000, floor * CERTIFICATES * 1020, "gas of a certificate");
    }

    function test_a_root() public {
        bytes memory data = abi.encodeCall(Notary.publish, (1, "solvency", 20_000, keccak256("a tree"), 5e6));
        vm.assertLt(gasOf("a root", address(notary), data), 60_000, "gas of a root");
    }

    function perEntry(string memory name, uint256 op, bytes32[] memory mints, TeoCoin.Burn[] memory burns)
        private
        returns (uint256)
    {
        return gasOf(name, address(token), abi.encodeCall(TeoCoin.settle, (op, mints, burns))) / COUNT;
    }

    /// @dev The gas of a transaction to a contract that nothing in it touched before.
    function gasOf(string memory name, address to, bytes memory data) private returns (uint256 gas) {
        vm.cool(to);
        vm.prank(settler);
        (bool succeeded,) = to.call(data);
        gas = vm.lastCallGas().gasTotalUsed + 21_000 + calldataOf(data);
        vm.assertTrue(succeeded);
        vm.snapshotValue("gas", name, gas);
    }

    function calldataOf(bytes memory data) private pure returns (uint256 gas) {
        for (uint256 i = 0; i < data.length; ++i) gas += data[i] == 0 ? 4 : 16;
    }

    function certificatesOf(uint256 count) private pure returns (bytes memory entries) {
        for (uint256 i = 0; i < count; ++i) {
            entries = bytes.concat(entries, abi.encodePacked(vm.addr(keyOf(i)), keccak256(abi.encode(i))));
        }
    }

    function mintsTo(uint256 count) private pure returns (bytes32[] memory mints) {
        mints = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) mints[i] = pack(vm.addr(keyOf(i)), 1_234_567);
    }

    function burnsOf(uint256 count, uint256 op) private view returns (TeoCoin.Burn[] memory burns) {
        burns = new TeoCoin.Burn[](count);
        for (uint256 i = 0; i < count; ++i) insert(burns, i, burnOf(keyOf(i), 1_000_000, op));
    }

    /// @dev Keeps the first `size` in ascending order of holder.
    function insert(TeoCoin.Burn[] memory burns, uint256 size, TeoCoin.Burn memory burn) private pure {
        uint256 place = size;
        for (; place > 0 && burns[place - 1].entry > burn.entry; --place) burns[place] = burns[place - 1];
        burns[place] = burn;
    }

    function keyOf(uint256 i) private pure returns (uint256) {
        return 0x100000 + i;
    }
}
