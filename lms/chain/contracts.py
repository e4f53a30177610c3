"""TeoCoin as built in contracts/: call data out, logs in."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from eth_abi import encode
from eth_abi.packed import encode_packed
from eth_utils import keccak, to_checksum_address
from web3 import Web3

from lms.chain.errors import CodeMismatch

_BUILD = Path(__file__).parents[2] / "contracts" / "build"
_NOBODY = "0x" + "00" * 20
# The events that each use up an op number.
_USED = [
    "0x" + keccak(text=event).hex()
    for event in ("Settled(uint256,bytes32)", "Released(uint256,address,address,uint256)", "Voided(uint256)")
]
MAX_ENTRIES = 200
MAX_AMOUNT = 2**96 - 1


@dataclass(frozen=True)
class Burn:
    """A burn its holder signed (vault.sign_burn)."""

    holder: str
    amount: int
    signature: bytes


@dataclass(frozen=True)
class Settlement:
    """What an operation did, by the logs of its transaction. Pairs of (address, amount), sorted by address."""

    op: int
    digest: bytes
    mints: tuple
    burns: tuple
    skips: tuple

    def brought(self, mints, burns):
        """Whether these were its entries, a skipped burn included: pairs of (address, amount)."""
        return (
            self.mints == _sorted(mints)
            and _sorted(self.burns + self.skips) == _sorted(burns)
            and self.digest == digest(mints, burns)
        )


class TeoCoin:
    def __init__(self, address):
        self.address = to_checksum_address(address)
        self._contract = Web3().eth.contract(self.address, abi=artifact("TeoCoin")["abi"])

    def settle_data(self, op, mints, burns):
        """Call data of one settlement; mints are (address, amount), burns are Burn. It puts them in the contract's order."""
        if len(mints) + len(burns) > MAX_ENTRIES:
            raise ValueError(f"a settlement holds at most {MAX_ENTRIES} entries, not {len(mints) + len(burns)}")
        words = [pack(address, amount) for address, amount in _sorted(mints)]
        signed = [_compact(burn) for burn in sorted(burns, key=lambda burn: int(burn.holder, 16))]
        return self._data("settle", op, words, signed)

    def release_data(self, op, holder, to, amount, deadline, signature):
        """Call data of one withdrawal that the holder signed (vault.sign_release)."""
        return self._data("release", op, holder, to_checksum_address(to), amount, deadline, signature)

    def void_data(self, op):
        return self._data("void", op)

    def op_used(self, pool, op, block_number="latest"):
        """Whether an operation happened (or was dropped) by this block, as two endpoints know it."""
        data = self._data("isUsed", op)
        answer = pool.agreed(lambda web3: bytes(web3.eth.call({"to": self.address, "data": data}, block_number)))
        return bool(int.from_bytes(answer))

    def settlement(self, receipt, op):
        """What operation `op` did in this receipt, or None where the receipt is not of that operation."""
        before = -1
        for event in self._events("Settled", receipt):
            if event.args.op == op:
                return self._between(receipt, before, event)
            before = event.logIndex
        return None

    def released(self, receipt, op):
        """(holder, target, amount) that operation `op` sent out in this receipt, or None."""
        found = (event.args for event in self._events("Released", receipt) if event.args.op == op)
        return next(((args["from"], args["to"], args["amount"]) for args in found), None)

    def voided(self, receipt, op):
        """Whether this receipt dropped operation `op` for ever."""
        return any(event.args.op == op for event in self._events("Voided", receipt))

    def find_used(self, pool, op, from_block=0):
        """The hash of the transaction that used an operation's number, by the chain's own logs, or None."""
        wanted = {"address": self.address, "topics": [_USED, "0x" + op.to_bytes(32).hex()], "fromBlock": from_block}
        logs = pool.agreed(lambda web3: [log.transactionHash.to_0x_hex() for log in web3.eth.get_logs(wanted)])
        return logs[0] if logs else None

    def used_ops(self, pool, first_block, last_block):
        """The op numbers used in these blocks, both included, by the hash of the transaction that used each."""
        wanted = {"address": self.address, "topics": [_USED], "fromBlock": first_block, "toBlock": last_block}
        logs = pool.agreed(lambda web3: [(int.from_bytes(log.topics[1]), log.transactionHash.to_0x_hex()) for log in web3.eth.get_logs(wanted)])
        return dict(logs)

    def check_code(self, pool):
        """CodeMismatch unless the address holds exactly the code built here, apart from its immutables."""
        found = pool.agreed(lambda web3: bytes(web3.eth.get_code(self.address)))
        if not found:
            raise CodeMismatch(f"there is no contract at {self.address} on chain {pool.chain_id}")
        if _masked(found) != _masked(bytes.fromhex(artifact("TeoCoin")["deployedBytecode"][2:])):
            raise CodeMismatch(f"the contract at {self.address} is not the one built here")

    def _between(self, receipt, before, settled):
        def pairs(name, field, keep=lambda args: True):
            events = self._events(name, receipt)
            mine = [e.args for e in events if before < e.logIndex < settled.logIndex and keep(e.args)]
            return _sorted((args[field], args.get("value", args.get("amount"))) for args in mine)

        return Settlement(
            op=settled.args.op,
            digest=bytes(settled.args.digest),
            mints=pairs("Transfer", "to", lambda args: args["from"] == _NOBODY),
            burns=pairs("Transfer", "from", lambda args: args["to"] == _NOBODY),
            skips=pairs("Skipped", "holder", lambda args: args["op"] == settled.args.op),
        )

    def _events(self, name, receipt):
        event = self._contract.events[name]()
        topic = bytes.fromhex(event.topic[2:])
        mine = [log for log in receipt.logs if log["address"] == self.address and log["topics"][0] == topic]
        return [event.process_log(log) for log in mine]

    def _data(self, name, *args):
        return bytes.fromhex(self._contract.encode_abi(name, args=args)[2:])


def deploy_data(admin, admin_delay, settler, daily_bound):
    """Creation data of a TeoCoin. The delay is in seconds, the bound in millionths of a TEO."""
    arguments = encode(["address", "uint48", "address", "uint96"], [admin, admin_delay, settler, daily_bound])
    return bytes.fromhex(artifact("TeoCoin")["bytecode"][2:]) + arguments


def digest(mints, burns):
    """What Settled tells of entries, given as (address, amount)."""
    hashes = [keccak(b"".join(pack(*pair) for pair in _sorted(pairs))) for pairs in (mints, burns)]
    return keccak(encode(["bytes32", "bytes32"], hashes))


def pack(address, amount):
    """One word: 20 bytes of address, 12 of amount."""
    if not 0 < amount <= MAX_AMOUNT:
        raise ValueError(f"an entry's amount is between 1 and {MAX_AMOUNT}, not {amount}")
    return encode_packed(["address", "uint96"], [address, amount])


def explain(data):
    """A revert's data as the name of the error and its values."""
    for entry in artifact("TeoCoin")["abi"]:
        if entry["type"] == "error" and _selector(entry) == data[:4]:
            values = Web3().codec.decode([field["type"] for field in entry["inputs"]], data[4:])
            return f"{entry['name']}({', '.join(str(value) for value in values)})"
    return f"0x{data.hex()}" if data else "no reason given"


@cache
def artifact(name):
    """What contracts/build.js wrote: abi, bytecode, deployedBytecode, immutableReferences, metadata."""
    return json.loads((_BUILD / f"{name}.json").read_text())


def _sorted(pairs):
    return tuple(sorted(((address, amount) for address, amount in pairs), key=lambda pair: int(pair[0], 16)))


def _compact(burn):
    """The contract's Burn: entry, r, vs (ERC-2098)."""
    r, s, v = burn.signature[:32], burn.signature[32:64], burn.signature[64]
    return pack(burn.holder, burn.amount), r, bytes([s[0] | (v - 27) << 7]) + s[1:]


def _selector(entry):
    types = ",".join(field["type"] for field in entry["inputs"])
    return keccak(text=f"{entry['name']}({types})")[:4]


def _masked(code):
    masked = bytearray(code)
    for places in artifact("TeoCoin")["immutableReferences"].values():
        for place in places:
            masked[place["start"] : place["start"] + place["length"]] = bytes(place["length"])
    return bytes(masked)
