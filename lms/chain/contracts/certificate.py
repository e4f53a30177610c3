"""Certificate: batches of credentials, each bound to its holder."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eth_abi.packed import encode_packed
from eth_utils import keccak

from lms.chain.contracts import abi
from lms.chain.contracts.abi import Event
from lms.chain.contracts.artifacts import creation_data
from lms.chain.contracts.contract import NOBODY, Contract, Receipt

MAX_ENTRIES = 50


@dataclass(frozen=True)
class Issuance:
    """What an operation did, by the logs of its transaction. Pairs of (holder, id), sorted by id; `skips` existed before."""

    op: int
    digest: bytes
    issued: tuple[tuple[str, int], ...]
    skips: tuple[tuple[str, int], ...]

    def brought(self, entries: Iterable[tuple[str, int]]) -> bool:
        """Whether these were its entries, those skipped included: pairs of (holder, id)."""
        return _sorted(self.issued + self.skips) == _sorted(entries) and self.digest == digest(entries)


class Certificate(Contract):
    name, uses = "Certificate", ("Issued", "Revoked")

    def issue_data(self, op: int, entries: Sequence[tuple[str, int]]) -> bytes:
        """Call data of one batch; entries are (holder, id), an id the credential's salted digest as a number."""
        if len(entries) > MAX_ENTRIES:
            raise ValueError(f"a batch holds at most {MAX_ENTRIES} certificates, not {len(entries)}")
        return self._data("issue", op, _packed(entries))

    def revoke_data(self, op: int, certificate_id: int) -> bytes:
        return self._data("revoke", op, certificate_id)

    def issuance(self, receipt: Receipt, op: int) -> Issuance | None:
        """What operation `op` issued in this receipt, or None where the receipt is not of that operation."""
        issued, before = self._told(receipt, "Issued", op)
        return self._between(receipt, before, issued) if issued else None

    def revoked(self, receipt: Receipt, op: int) -> int | None:
        """The id that operation `op` revoked in this receipt, or None where the receipt is not of that operation."""
        event, _ = self._told(receipt, "Revoked", op)
        return event.args.id if event else None

    def _between(self, receipt: Receipt, before: int, issued: Event) -> Issuance:
        logs = self._logs(receipt, before, issued.index)
        transfers = [event.args for event in abi.events(self.name, "Transfer", logs)]
        skips = [event.args for event in abi.events(self.name, "Skipped", logs)]
        return Issuance(
            op=issued.args.op,
            digest=bytes(issued.args.digest),
            issued=_sorted((args.to, args.tokenId) for args in transfers if args["from"] == NOBODY),
            skips=_sorted((args.holder, args.id) for args in skips if args.op == issued.args.op),
        )


def deploy_data(admin: str, admin_delay: int, settlers: Sequence[str]) -> bytes:
    """Creation data of a Certificate. The delay is in seconds."""
    return creation_data("Certificate", ["address", "uint48", "address[]"], [admin, admin_delay, settlers])


def digest(entries: Iterable[tuple[str, int]]) -> bytes:
    """What Issued tells of entries, given as (holder, id)."""
    return keccak(_packed(entries))


def _packed(entries: Iterable[tuple[str, int]]) -> bytes:
    """52 bytes each: 20 of address, 32 of id."""
    return b"".join(encode_packed(["address", "uint256"], [holder, number]) for holder, number in _sorted(entries))


def _sorted(entries: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(((holder, number) for holder, number in entries), key=lambda entry: (entry[1], int(entry[0], 16))))
