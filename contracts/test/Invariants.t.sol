// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {TeoCoin} from "../src/TeoCoin.sol";
import {Harness, Selectors} from "./Harness.sol";

/// @dev Does what the platform, its holders and a thief of the settler's key may try, and keeps its own account of it.
contract Platform is Harness {
    uint256 private constant HOLDERS = 5;

    mapping(address => uint256) public owed;
    mapping(uint256 => bool) public done;
    uint256 public minted;
    uint256 public burned;
    bool public ranTwice;

    // Derived from their keys once, not at each call.
    address[HOLDERS] private holders;

    constructor() {
        setUp();
        for (uint256 who = 0; who < HOLDERS; ++who) holders[who] = vm.addr(keyOf(who));
    }

    function coin() external view returns (TeoCoin) {
        return token;
    }

    function holder(uint256 who) public view returns (address) {
        return holders[who % HOLDERS];
    }

    function settleMint(uint256 op, uint256 who, uint256 amount) external {
        op = between(op, 0, 40);
        amount = between(amount, 0, 1_000e6);
        vm.prank(settler);
        try token.settle(op, words(pack(holder(who), amount)), none()) {
            happened(op);
            owed[holder(who)] += amount;
            minted += amount;
        } catch {}
    }

    function settleBurn(uint256 op, uint256 who, uint256 amount) external {
        op = between(op, 0, 40);
        amount = between(amount, 0, 1_000e6);
        TeoCoin.Burn[] memory burns = burns1(burnOf(keyOf(who), amount, op));
        vm.prank(settler);
        try token.settle(op, nothing(), burns) {
            happened(op);
            if (owed[holder(who)] < amount) return;
            owed[holder(who)] -= amount;
            burned += amount;
        } catch {}
    }

    function settleForgedBurn(uint256 op, uint256 who, uint256 amount, uint256 signer) external {
        op = between(op, 0, 40);
        TeoCoin.Burn memory burn = burnOf(keyOf(signer), 1, op);
        if (keyOf(signer) == keyOf(who)) burn.r = ~burn.r;
        burn.entry = pack(holder(who), between(amount, 0, owed[holder(who)]));
        vm.prank(settler);
        try token.settle(op, nothing(), burns1(burn)) {
            happened(op);
        } catch {}
    }

    function release(uint256 op, uint256 who, uint256 to, uint256 amount) external {
        op = between(op, 0, 40);
        amount = between(amount, 0, owed[holder(who)]);
        bytes memory signature = releaseOf(keyOf(who), holder(to), amount, op, block.timestamp);
        vm.prank(settler);
        try token.release(op, holder(who), holder(to), amount, block.timestamp, signature) {
            happened(op);
            owed[holder(who)] -= amount;
            owed[holder(to)] += amount;
        } catch {}
    }

    function releaseForged(uint256 op, uint256 who, uint256 to, uint256 amount) external {
        op = between(op, 0, 40);
        bytes memory signature = releaseOf(0xBAD, holder(to), amount, op, block.timestamp);
        vm.prank(settler);
        try token.release(op, holder(who), holder(to), amount, block.timestamp, signature) {
            ranTwice = true;
        } catch {}
    }

    function transfer(uint256 who, uint256 to, uint256 amount) external {
        amount = between(amount, 0, owed[holder(who)]);
        vm.prank(holder(who));
        token.transfer(holder(to), amount);
        owed[holder(who)] -= amount;
        owed[holder(to)] += amount;
    }

    function void(uint256 op) external {
        op = between(op, 0, 40);
        vm.prank(settler);
        try token.void(op) {
            happened(op);
        } catch {}
    }

    function waitADay() external {
        vm.warp(block.timestamp + 1 days);
    }

    function pauseAndGoOn() external {
        vm.prank(settler);
        token.pause();
        vm.prank(admin);
        token.unpause();
    }

    function happened(uint256 op) private {
        if (done[op]) ranTwice = true;
        done[op] = true;
    }

    function keyOf(uint256 who) private pure returns (uint256) {
        return 0x1000 + who % HOLDERS;
    }
}

contract InvariantsTest {
    Platform private platform;

    function setUp() public {
        platform = new Platform();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(platform);
    }

    function targetSelectors() external view returns (Selectors[] memory targets) {
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = Platform.settleMint.selector;
        selectors[1] = Platform.settleBurn.selector;
        selectors[2] = Platform.settleForgedBurn.selector;
        selectors[3] = Platform.release.selector;
        selectors[4] = Platform.releaseForged.selector;
        selectors[5] = Platform.transfer.selector;
        selectors[6] = Platform.void.selector;
        selectors[7] = Platform.waitADay.selector;
        selectors[8] = Platform.pauseAndGoOn.selector;
        targets = new Selectors[](1);
        targets[0] = Selectors(address(platform), selectors);
    }

    function invariant_supply_is_mints_less_burns() external view {
        require(platform.coin().totalSupply() == platform.minted() - platform.burned(), "supply");
    }

    function invariant_an_op_happens_at_most_once() external view {
        require(!platform.ranTwice(), "an op ran twice, or a forged release ran");
        for (uint256 op = 0; op <= 40; ++op) {
            require(platform.coin().isUsed(op) == platform.done(op), "op");
        }
    }

    function invariant_nobody_elses_tokens_move() external view {
        for (uint256 who = 0; who < 5; ++who) {
            address holder = platform.holder(who);
            require(platform.coin().balanceOf(holder) == platform.owed(holder), "holder");
        }
    }
}
