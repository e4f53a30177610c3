"""What our contracts have in common: numbered operations, each of which happens at most once."""

import math
from collections.abc import Sequence
from typing import Any, Protocol

from eth_utils import keccak, to_checksum_address
from web3.types import BlockIdentifier, FilterParams

from lms.chain import blocks
from lms.chain.contracts import abi
from lms.chain.contracts.abi import Event, Log
from lms.chain.contracts.artifacts import artifact, masked
from lms.chain.errors import CodeMismatch
from lms.chain.rpc import Pool

NOBODY = "0x" + "00" * 20
ROLES = ("SETTLER_ROLE", "PAUSER_ROLE")  # what each of the platform's signers has


class Receipt(Protocol):
    """Of a transaction's receipt what its events are read from."""

    @property
    def logs(self) -> Sequence[Log]: ...


class Contract:
    """One of contracts/src at an address. A subclass says which by `name`, and which events use up an op number by `uses`."""

    name: str
    uses: tuple[str, ...] = ()

    def __init__(self, address: str) -> None:
        self.address = to_checksum_address(address)

    def void_data(self, op: int) -> bytes:
        """Call data that drops an operation for ever."""
        return self._data("void", op)

    def op_used(self, pool: Pool, op: int, block_number: BlockIdentifier = "latest") -> bool:
        """Whether an operation happened (or was dropped) by this block, as two endpoints know it."""
        return bool(int.from_bytes(self._ask(pool, block_number, "isUsed", op)))

    def has_role(self, pool: Pool, role: str, address: str, block_number: BlockIdentifier = "latest") -> bool:
        return bool(int.from_bytes(self._ask(pool, block_number, "hasRole", keccak(text=role), address)))

    def role_data(self, verb: str, role: str, address: str) -> bytes:
        """Call data for the admin: `verb` is grantRole or revokeRole."""
        return self._data(verb, keccak(text=role), address)

    def voided(self, receipt: Receipt, op: int) -> bool:
        """Whether this receipt dropped the operation for ever."""
        return self._told(receipt, "Voided", op)[0] is not None

    def find_used(self, pool: Pool, op: int, first_block: int = 0) -> str | None:
        """The hash of the transaction that used up an operation's number, by the chain's own logs, or None. The newest blocks are asked first."""
        for first, last in reversed(blocks.parts(first_block, pool.head().number)):
            if found := self._used(pool, first, last, "0x" + op.to_bytes(32).hex()):
                return found[op]
        return None

    def used_ops(self, pool: Pool, first_block: int, last_block: int) -> dict[int, str]:
        """The op numbers used up in these blocks, both included, with the hash of the transaction that used each."""
        found: dict[int, str] = {}
        for part in blocks.parts(first_block, last_block):
            found |= self._used(pool, *part)
        return found

    def is_there(self, pool: Pool) -> bool:
        """Whether the address holds any code, as two endpoints know it."""
        return len(self._code(pool)) > 0

    def check_code(self, pool: Pool) -> None:
        """CodeMismatch unless the address holds exactly the code built here, apart from its immutables."""
        found = self._code(pool)
        if not found:
            raise CodeMismatch(f"there is no contract at {self.address} on chain {pool.chain_id}")
        if masked(self.name, found) != masked(self.name, bytes.fromhex(artifact(self.name)["deployedBytecode"]["object"][2:])):
            raise CodeMismatch(f"the contract at {self.address} is not the one built here")

    def _code(self, pool: Pool) -> bytes:
        return pool.agreed(lambda web3: bytes(web3.eth.get_code(self.address)))

    def _used(self, pool: Pool, first_block: int, last_block: int, *op: str) -> dict[int, str]:
        topics = [["0x" + abi.topic(self.name, name).hex() for name in (*self.uses, "Voided")], *op]
        wanted: FilterParams = {"address": self.address, "topics": topics, "fromBlock": first_block, "toBlock": last_block}
        logs = pool.agreed(
            lambda web3: [(int.from_bytes(log["topics"][1]), log["transactionHash"].to_0x_hex()) for log in web3.eth.get_logs(wanted)]
        )
        return dict(logs)

    def _told(self, receipt: Receipt, name: str, op: int) -> tuple[Event | None, int]:
        """The event of operation `op` in this receipt, and where the one before it ended: two operations may share a
        transaction. None where the receipt is not of that operation."""
        before = -1
        for event in self._events(name, receipt):
            if event.args.op == op:
                return event, before
            before = event.index
        return None, before

    def _events(self, name: str, receipt: Receipt) -> list[Event]:
        """A receipt's events of this contract."""
        return abi.events(self.name, name, self._logs(receipt, -1, math.inf))

    def _logs(self, receipt: Receipt, after: int, until: float) -> list[Log]:
        """A receipt's logs of this contract between two places in it."""
        address = self.address.lower()
        return [log for log in receipt.logs if log.address == address and after < log.index < until]

    def _ask(self, pool: Pool, block_number: BlockIdentifier, name: str, *args: Any) -> bytes:
        data = self._data(name, *args)
        return pool.agreed(lambda web3: bytes(web3.eth.call({"to": self.address, "data": data}, block_number)))

    def _data(self, name: str, *args: Any) -> bytes:
        return abi.call_data(self.name, name, args)
