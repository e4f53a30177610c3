"""TeoCoin: settlements of mints and signed burns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eth_abi import encode
from eth_utils import keccak, to_checksum_address

from lms.chain.contracts import abi
from lms.chain.contracts.abi import Event
from lms.chain.contracts.artifacts import creation_data
from lms.chain.contracts.contract import Contract, Receipt

MAX_ENTRIES = 200
MAX_AMOUNT = 2**96 - 1


@dataclass(frozen=True)
class Burn:
    """A burn its holder signed (custodial_keys.sign_burn)."""

    holder: str
    amount: int
    signature: bytes


@dataclass(frozen=True)
class Settlement:
    """What an operation did, by the logs of its transaction. Pairs of (address as a number, amount), in order."""

    op: int
    digest: bytes
    minted: tuple[tuple[int, int], ...]
    burned: tuple[tuple[int, int], ...]
    skipped: tuple[tuple[int, int], ...]

    def brought(self, mints: Iterable[tuple[str, int]], burns: Iterable[tuple[str, int]]) -> bool:
        """Whether these were its entries, a skipped burn included: pairs of (address, amount)."""
        return (
            self.minted == _numbered(mints)
            and tuple(sorted(self.burned + self.skipped)) == _numbered(burns)
            and self.digest == digest(mints, burns)
        )

    @property
    def mints(self) -> tuple[tuple[str, int], ...]:
        """Pairs of (address, amount), as burns and skips are."""
        return _addressed(self.minted)

    @property
    def burns(self) -> tuple[tuple[str, int], ...]:
        return _addressed(self.burned)

    @property
    def skips(self) -> tuple[tuple[str, int], ...]:
        return _addressed(self.skipped)


class TeoCoin(Contract):
    name, uses = "TeoCoin", ("Settled", "Released")

    def settle_data(self, op: int, mints: Sequence[tuple[str, int]], burns: Sequence[Burn]) -> bytes:
        """Call data of one settlement; mints are (address, amount), burns are Burn. It puts them in the contract's order."""
        if len(mints) + len(burns) > MAX_ENTRIES:
            raise ValueError(f"a settlement holds at most {MAX_ENTRIES} entries, not {len(mints) + len(burns)}")
        words = [pack(address, amount) for address, amount in _sorted(mints)]
        signed = [_compact(burn) for burn in sorted(burns, key=lambda burn: int(burn.holder, 16))]
        return self._data("settle", op, words, signed)

    def settlement(self, receipt: Receipt, op: int) -> Settlement | None:
        """What operation `op` did in this receipt, or None where the receipt is not of that operation."""
        settled, before = self._told(receipt, "Settled", op)
        return self._between(receipt, before, settled) if settled else None

    def release_data(self, op: int, holder: str, to: str, amount: int, deadline: int, signature: bytes) -> bytes:
        """Call data of one withdrawal that the holder signed (custodial_keys.sign_release)."""
        return self._data("release", op, holder, to_checksum_address(to), amount, deadline, signature)

    def released(self, receipt: Receipt, op: int) -> tuple[str, str, int] | None:
        """(holder, target, amount) that operation `op` sent out in this receipt, or None."""
        event, _ = self._told(receipt, "Released", op)
        return (event.args["from"], event.args["to"], event.args["amount"]) if event else None

    def _between(self, receipt: Receipt, before: int, settled: Event) -> Settlement:
        logs = self._logs(receipt, before, settled.index)
        moved = abi.numbers(self.name, "Transfer", logs)
        skipped = abi.numbers(self.name, "Skipped", logs)
        return Settlement(
            op=settled.args.op,
            digest=settled.args.digest,
            minted=tuple(sorted((target, amount) for source, target, amount in moved if not source)),
            burned=tuple(sorted((source, amount) for source, target, amount in moved if not target)),
            skipped=tuple(sorted((holder, amount) for op, holder, amount in skipped if op == settled.args.op)),
        )


def deploy_data(admin: str, admin_delay: int, settlers: Sequence[str], daily_bound: int) -> bytes:
    """Creation data of a TeoCoin. The delay is in seconds, the bound in millionths of a TEO."""
    return creation_data("TeoCoin", ["address", "uint48", "address[]", "uint96"], [admin, admin_delay, settlers, daily_bound])


def digest(mints: Iterable[tuple[str, int]], burns: Iterable[tuple[str, int]]) -> bytes:
    """What Settled tells of entries, given as (address, amount)."""
    hashes = [keccak(b"".join(pack(*pair) for pair in _sorted(pairs))) for pairs in (mints, burns)]
    return keccak(encode(["bytes32", "bytes32"], hashes))


def pack(address: str, amount: int) -> bytes:
    """One word: 20 bytes of address, 12 of amount."""
    if not 0 < amount <= MAX_AMOUNT:
        raise ValueError(f"an entry's amount is between 1 and {MAX_AMOUNT}, not {amount}")
    return (int(address, 16) << 96 | amount).to_bytes(32)


def _sorted(pairs: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(((address, amount) for address, amount in pairs), key=lambda pair: int(pair[0], 16)))


def _numbered(pairs: Iterable[tuple[str, int]]) -> tuple[tuple[int, int], ...]:
    return tuple(sorted((int(address, 16), amount) for address, amount in pairs))


def _addressed(pairs: Iterable[tuple[int, int]]) -> tuple[tuple[str, int], ...]:
    return tuple((abi.address(number.to_bytes(20)), amount) for number, amount in pairs)


def _compact(burn: Burn) -> tuple[bytes, bytes, bytes]:
    """The contract's Burn: entry, r, vs (ERC-2098)."""
    r, s, v = burn.signature[:32], burn.signature[32:64], burn.signature[64]
    return pack(burn.holder, burn.amount), r, bytes([s[0] | (v - 27) << 7]) + s[1:]
