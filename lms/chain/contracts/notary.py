"""Notary: Merkle roots by kind and subject. A kind is a short name, such as "solvency", a subject a number."""

from collections.abc import Sequence
from dataclasses import dataclass

from web3.types import BlockIdentifier

from lms.chain.contracts.abi import Args
from lms.chain.contracts.artifacts import creation_data
from lms.chain.contracts.contract import Contract, Receipt
from lms.chain.rpc import Pool


@dataclass(frozen=True)
class Publication:
    """What an operation published, by the log of its transaction."""

    op: int
    kind: str
    subject: int
    root: bytes
    total: int

    def brought(self, kind: str, subject: int, root: bytes, total: int) -> bool:
        """Whether this was its entry."""
        return (self.kind, self.subject, self.root, self.total) == (kind, subject, root, total)


class Notary(Contract):
    name, uses = "Notary", ("Published",)

    def publish_data(self, op: int, kind: str, subject: int, root: bytes, total: int) -> bytes:
        return self._data("publish", op, _word(kind), subject, root, total)

    def publication(self, receipt: Receipt, op: int) -> Publication | None:
        """What operation `op` published in this receipt, or None where the receipt is not of that operation."""
        event, _ = self._told(receipt, "Published", op)
        return _publication(event.args) if event else None

    def root_of(self, pool: Pool, kind: str, subject: int, block_number: BlockIdentifier = "latest") -> bytes | None:
        """The root on the chain by this block, or None."""
        root = self._ask(pool, block_number, "rootOf", _word(kind), subject)
        return root if any(root) else None


def deploy_data(admin: str, admin_delay: int, settlers: Sequence[str]) -> bytes:
    """Creation data of a Notary. The delay is in seconds."""
    return creation_data("Notary", ["address", "uint48", "address[]"], [admin, admin_delay, settlers])


def _publication(args: Args) -> Publication:
    kind = args.kind.rstrip(b"\0").decode("ascii", "replace")
    return Publication(op=args.op, kind=kind, subject=args.subject, root=bytes(args.root), total=args.total)


def _word(kind: str) -> bytes:
    """A name as 32 bytes, legible in an explorer."""
    name = kind.encode("ascii")
    if not 0 < len(name) <= 32:
        raise ValueError(f"a kind is a name of 1 to 32 characters, not {kind!r}")
    return name.ljust(32, b"\0")
