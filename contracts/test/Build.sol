// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {Vm} from "./Vm.sol";

/// @dev What set-up built. The tests deploy these bytes, which are the ones the worker deploys, and never what forge
///      compiles: it does that quickly, without optimizing, and only to know the types.
library Build {
    Vm private constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    function deploy(string memory name, bytes memory arguments) internal returns (address deployed) {
        bytes memory code = vm.getCode(string.concat("contracts/build/", name, ".json"));
        code = bytes.concat(code, arguments);
        assembly ("memory-safe") {
            deployed := create(0, add(code, 0x20), mload(code))
        }
        require(deployed != address(0), "not deployed");
    }
}
