"""What a node tells of a transaction that was mined."""

from dataclasses import dataclass, field
from typing import Protocol

from eth_utils import to_checksum_address
from web3 import Web3

from lms.chain import raw_answers
from lms.chain.contracts.abi import Log


class Mined(Protocol):
    """Where a transaction stands, by its receipt or by the row of its operation."""

    @property
    def block_number(self) -> int: ...

    @property
    def block_hash(self) -> str: ...


@dataclass(frozen=True)
class Receipt:
    tx_hash: str
    status: int
    block_number: int
    block_hash: str
    gas_used: int
    effective_gas_price: int
    contract_address: str | None
    # They say what became of an operation, so two endpoints must agree on them too.
    logs: tuple[Log, ...] = field(repr=False)

    @property
    def succeeded(self) -> bool:
        return self.status == 1


def read(web3: Web3, tx_hash: str) -> Receipt | None:
    """As this node has it; None where it has none."""
    found = raw_answers.ask(web3, "eth_getTransactionReceipt", tx_hash)
    if found is None:
        return None
    created = found.get("contractAddress")
    return Receipt(
        tx_hash=found["transactionHash"].lower(),
        status=int(found["status"], 16),
        block_number=int(found["blockNumber"], 16),
        block_hash=found["blockHash"].lower(),
        gas_used=int(found["gasUsed"], 16),
        effective_gas_price=int(found["effectiveGasPrice"], 16),
        contract_address=created and to_checksum_address(created),
        logs=tuple(map(Log.read, found["logs"])),
    )
