"""A member's proof that what he has is part of a total: one path through a Merkle sum tree. It needs nothing but Python.

`python solvency_proof.py FILE` checks a proof without a network, `flask verify-proof FILE` does the same, and lms/static/proof.js
does it in the browser; the three agree on every file.

The tree is Maxwell's, in the form that binds: each node is a hash and a sum, and

    id     = HMAC-SHA256(salt, day ‖ 0x0A ‖ member)        salt: 32 random bytes, new for each leaf and day
    leaf   = SHA-256(0x00 ‖ id ‖ amount)                   sum: the amount
    parent = SHA-256(0x01 ‖ left hash ‖ left sum ‖ right hash ‖ right sum)   sum: left sum + right sum
    filler = SHA-256(0x02)                                 sum: 0; it stands at the right of the last node of an odd level

Sums are millionths of TEO as unsigned 64-bit integers, big-endian: none is negative, and one that would not fit is refused instead of
wrapping round. The root's hash binds its sum too. Leaves stand in the order of their ids, which say nothing about who is who.

What the choices prevent:
- In Maxwell's first form a parent hashed the *sum of both sums*. Only their sum was bound, so an operator could show each member another
  sibling's sum and publish little more than the largest balance (Hu, Zhang, Guo, "Breaking the Binding", IACR ePrint 2018/1139). Here a
  parent hashes each child's sum by itself.
- One leaf shown to two members with equal amounts (Chalkias, Chatzigiannis, Ji, "Broken Proofs of Solvency", ePrint 2022/043): a leaf
  holds the member's own e-mail address, which he recognises, and the day; the salt hides both from everybody else.
- An inner node shown as a leaf, or the other way round: 0x00, 0x01 and 0x02 keep them apart (as in RFC 6962).
- A last node counted twice on odd levels (Bitcoin's CVE-2012-2459): the filler has a hash of its own and the sum 0.

What remains, as with every tree of this kind (Chalkias and others, "Distributed Auditing Proofs of Liabilities", ePrint 2020/468): a path
shows the sums beside it, so the member whose leaf is next to mine learns my amount, not who I am; and only members who check find out that
they were left out.

The file is JSON, an object with exactly these fields, all of them text but `path` and what is null:

    format       "teo-solvency/1"
    day          the UTC day, YYYY-MM-DD
    member       the e-mail address the member had when the tree was made
    amount       in decimal digits, like every number here: JavaScript's own numbers end at 2^53
    salt         0x and 64 hexadecimal digits, lower case, like every hash here
    path         from the leaf up, at most 64 of {"side": "left" or "right", "hash", "sum"}: the sibling and where it stands
    root, total  what is published
    chain_id     the chain it is published on, or null
    notary       the contract's address there, or null
    transaction  the hash of the transaction that published it, or null
"""

import hashlib
import hmac
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

FORMAT = "teo-solvency/1"
LARGEST_SUM = 2**64 - 1
LARGEST_FILE = 64 * 1024  # bytes
HIGHEST = 64  # steps
MICRO = 1_000_000

_HASH = re.compile(r"0x[0-9a-f]{64}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,19}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MEMBER = re.compile(r"[^\x00-\x20\x7f-\x9f\ud800-\udfff]{1,320}")


class ProofError(ValueError):
    """A proof that does not hold, in a sentence."""


class Node(NamedTuple):
    """`hash` is 32 bytes, `sum` millionths of TEO."""

    hash: bytes
    sum: int


class Step(NamedTuple):
    """A sibling on the way up, and the side it stands on: left or right."""

    side: str
    node: Node


@dataclass(frozen=True)
class Proof:
    """One leaf, the way up from it, and where to compare what is at the top."""

    day: str
    member: str
    amount: int
    salt: bytes
    path: tuple[Step, ...]
    root: bytes
    total: int
    chain_id: int | None = None
    notary: str | None = None
    transaction: str | None = None


FILLER = Node(hashlib.sha256(b"\x02").digest(), 0)


def blinded(day: str, member: str, salt: bytes) -> bytes:
    """Who a leaf belongs to, for those alone who know the salt."""
    return hmac.digest(salt, f"{day}\n{member}".encode(), "sha256")


def leaf(identity: bytes, amount: int) -> Node:
    return Node(hashlib.sha256(b"\x00" + identity + _eight_bytes(amount)).digest(), amount)


def parent(left: Node, right: Node) -> Node:
    total = left.sum + right.sum
    _eight_bytes(total)
    content = left.hash + _eight_bytes(left.sum) + right.hash + _eight_bytes(right.sum)
    return Node(hashlib.sha256(b"\x01" + content).digest(), total)


def _eight_bytes(number: int) -> bytes:
    if not 0 <= number <= LARGEST_SUM:
        raise ProofError("A sum does not fit into 64 bits.")
    return number.to_bytes(8, "big")


def verify(proof: Proof) -> None:
    """Raise ProofError unless the way up from the leaf ends at the root and the total of the proof."""
    top = leaf(blinded(proof.day, proof.member, proof.salt), proof.amount)
    for side, sibling in proof.path:
        top = parent(sibling, top) if side == "left" else parent(top, sibling)
    if top.sum != proof.total:
        raise ProofError(f"The sums on the way up come to {teo(top.sum)}, not to the total of {teo(proof.total)}.")
    if top.hash != proof.root:
        raise ProofError("The way up from this leaf ends at another root.")


def write(proof: Proof) -> str:
    """The proof as the text of its file."""
    fields: dict[str, Any] = {"format": FORMAT} | {name: _written(value) for name, value in vars(proof).items()}
    fields["path"] = [{"side": side, "hash": _written(node.hash), "sum": _written(node.sum)} for side, node in proof.path]
    return json.dumps(fields, indent=1)


def _written(value: bytes | int | str | None) -> str | None:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return str(value) if isinstance(value, int) else value


def read(data: bytes) -> Proof:
    """The Proof in the bytes of a file; ProofError says what is wrong with them. It is read, not verified."""
    fields = _object(data)
    if fields.get("format") != FORMAT:
        raise ProofError(f"This is no proof of the format {FORMAT}.")
    _exactly(fields, {"format", *Proof.__dataclass_fields__})
    return Proof(
        day=_matching(fields, "day", _DAY),
        member=_matching(fields, "member", _MEMBER),
        amount=_number(fields, "amount"),
        salt=_bytes(fields, "salt"),
        path=_path(fields["path"]),
        root=_bytes(fields, "root"),
        total=_number(fields, "total"),
        chain_id=_or_none(fields, "chain_id", _number),
        notary=_or_none(fields, "notary", _matching, _ADDRESS),
        transaction=_or_none(fields, "transaction", _matching, _HASH),
    )


def _object(data: bytes) -> dict[str, Any]:
    if len(data) > LARGEST_FILE:
        raise ProofError("The file is larger than any proof.")
    try:
        found = json.loads(data.decode())
    except (ValueError, RecursionError):
        raise ProofError("The file is not JSON.") from None
    if not isinstance(found, dict):
        raise ProofError("The file holds no object.")
    return found


def _exactly(fields: dict[str, Any], names: set[str]) -> None:
    if wrong := sorted(set(fields) ^ names):
        raise ProofError(f"The field {wrong[0]} is missing or unknown.")


def _path(steps: object) -> tuple[Step, ...]:
    if not isinstance(steps, list) or len(steps) > HIGHEST:
        raise ProofError("The path is no list of at most 64 steps.")
    return tuple(_step(fields) for fields in steps)


def _step(fields: object) -> Step:
    if not isinstance(fields, dict):
        raise ProofError("A step of the path is no object.")
    _exactly(fields, {"side", "hash", "sum"})
    if fields["side"] not in ("left", "right"):
        raise ProofError("The side of a step is neither left nor right.")
    return Step(fields["side"], Node(_bytes(fields, "hash"), _number(fields, "sum")))


def _or_none(fields: dict[str, Any], name: str, reader: Callable[..., T], *rest: re.Pattern[str]) -> T | None:
    return None if fields[name] is None else reader(fields, name, *rest)


def _matching(fields: dict[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = fields[name]
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ProofError(f"The field {name} is malformed.")
    return value


def _bytes(fields: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(_matching(fields, name, _HASH)[2:])


def _number(fields: dict[str, Any], name: str) -> int:
    number = int(_matching(fields, name, _NUMBER))
    if number > LARGEST_SUM:
        raise ProofError(f"The field {name} does not fit into 64 bits.")
    return number


def teo(micro: int) -> str:
    """62400000 → `62.400000 TEO`."""
    return f"{micro // MICRO}.{micro % MICRO:06} TEO"


def report(data: bytes) -> str:
    """What was checked in the bytes of a proof's file, in words; ProofError when it does not hold."""
    proof = read(data)
    verify(proof)
    return "\n".join(
        (
            f"The proof holds: {teo(proof.amount)} of {proof.member} are part of the total of {teo(proof.total)} on {proof.day}.",
            f"  leaf   day, address, amount and salt were hashed; there are {len(proof.path)} steps up from it",
            f"  sums   added up on every step: {teo(proof.total)}",
            f"  root   0x{proof.root.hex()}",
            "What this cannot show: that the root and the total are those published, and that the TEO are there.",
            _where(proof),
        )
    )


def _where(proof: Proof) -> str:
    if proof.transaction is None:
        return "They were not yet published when the file was written. Take the proof again later."
    return f"Compare them with transaction {proof.transaction} on chain {proof.chain_id}, and the total with TeoCoin's supply there."


def main(arguments: list[str]) -> int | str:
    if len(arguments) != 1:
        return "One argument is needed: the file of the proof."
    try:
        with open(arguments[0], "rb") as file:
            print(report(file.read(LARGEST_FILE + 1)))
    except (OSError, ProofError) as error:
        return str(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
