"""What an operation asks of which contract, and what a receipt says became of it."""

from dataclasses import dataclass

from lms.chain import custodial_keys
from lms.chain.contracts import BY_NAME, Burn
from lms.domain.onchain import queries
from lms.domain.wallet import custody
from lms.jobs import node
from lms.jobs.wallets import owner

# A mint to somebody new takes 25,000, and nothing else as much; a certificate 50,000.
GAS_OF_A_BATCH, GAS_OF_AN_ENTRY, GAS_OF_A_CERTIFICATE = 100_000, 26_000, 52_000


@dataclass(frozen=True)
class Outcome:
    """`is_void`: the number was used up and nothing happened. `refused`: ids of the holders whose burn was skipped."""

    is_void: bool = False
    refused: tuple = ()


def data(operation):
    """(address, call data), signed by the holders where it takes something from them."""
    called = contract(operation)
    if operation.is_void:
        return called.address, called.void_data(operation.op)
    return called.address, _DATA[operation.kind](operation, called)


def release(deployment, op, entry, to, deadline):
    """(address, call data) of a release of what the entry says, signed by its holder; also of one that is in no row yet."""
    ((_, key),) = _keys([entry])
    signature = custodial_keys.sign_release(key, *_domain(deployment), to, entry.amount, op, deadline)
    token = BY_NAME["TeoCoin"](deployment.token_address)
    return token.address, token.release_data(op, entry.address, to, entry.amount, deadline, signature)


def likely_gas(operation):
    """More than a batch of so many entries takes; None where only the node knows."""
    if operation.kind == "settle" and not operation.is_void:
        return GAS_OF_A_BATCH + GAS_OF_AN_ENTRY * queries.entry_count(operation)
    if operation.kind == "certificates" and not operation.is_void:
        return GAS_OF_A_BATCH + GAS_OF_A_CERTIFICATE * len(_certificates(operation))
    return None


def outcome(operation, receipt):
    """The Outcome by the logs of a transaction that succeeded; None when it did something else under this number."""
    called = contract(operation)
    if called.voided(receipt, operation.op):
        return Outcome(is_void=True)
    if operation.kind == "root":
        publication = called.publication(receipt, operation.op)
        return Outcome() if publication and publication.brought(*_published(operation)) else None
    if operation.kind == "certificates":
        issuance = called.issuance(receipt, operation.op)
        return Outcome() if issuance and issuance.brought(_certificates(operation)) else None
    if operation.kind == "revocation":
        return Outcome() if called.revoked(receipt, operation.op) == _revoked(operation) else None
    if operation.kind in ("release", "move"):
        (entry,) = queries.entries(operation)
        asked = entry.address, operation.payload["to"], entry.amount
        return Outcome() if _spelled_alike(called.released(receipt, operation.op)) == _spelled_alike(asked) else None
    settlement, entries = called.settlement(receipt, operation.op), queries.entries(operation)
    if settlement is None or not settlement.brought(_pairs(entries, "mint"), _pairs(entries, "burn")):
        return None
    skipped = {address for address, _ in settlement.skips}
    return Outcome(refused=tuple(entry.holder_id for entry in entries if entry.kind == "burn" and entry.address in skipped))


def contract(operation):
    """The contract the operation is for, of its own deployment."""
    name, _ = operation.number
    return BY_NAME[name](operation.deployment.address_of(name))


def used_elsewhere(operation, pool):
    """Another contract of the deployment that has used the operation's number for what is in no row of ours, or None.

    This contract would take the number, and nobody notice that the database is an older one, until a settlement mints once more, under a number
    that the token does not know, what was minted."""
    name, op = operation.number
    others = [BY_NAME[each.name](each.address) for each in operation.deployment.contracts if each.name != name and not operation.is_void]
    return next((each for each in others if each.op_used(pool, op) and not queries.is_known(operation.deployment, each.name, op)), None)


def _settle(operation, token):
    entries = queries.entries(operation)
    keys = _keys(entry for entry in entries if entry.kind == "burn")
    signed = [Burn(entry.address, entry.amount, custodial_keys.sign_burn(key, *_domain(operation.deployment), entry.amount, operation.op)) for entry, key in keys]
    return token.settle_data(operation.op, _pairs(entries, "mint"), signed)


def _release(operation, _):
    (entry,) = queries.entries(operation)
    _, call = release(operation.deployment, operation.op, entry, operation.payload["to"], operation.payload["deadline"])
    return call


def _root(operation, notary):
    return notary.publish_data(operation.op, *_published(operation))


def _issue(operation, certificate):
    return certificate.issue_data(operation.op, _certificates(operation))


def _revoke(operation, certificate):
    return certificate.revoke_data(operation.op, _revoked(operation))


_DATA = {"settle": _settle, "release": _release, "move": _release, "root": _root, "certificates": _issue, "revocation": _revoke}


def _certificates(operation):
    """Pairs of (address, id)"""
    return [(address, int(digest, 16)) for address, digest in operation.payload.get("entries", ())]


def _revoked(operation):
    """The id of the certificate in its contract."""
    _, digest = operation.payload["revoked"]
    return int(digest, 16)


def _published(operation):
    """(kind, subject, root, total)"""
    payload = operation.payload
    return payload["kind"], payload["subject"], bytes.fromhex(payload["root"]), payload["total"]


def _spelled_alike(release):
    """(from, to, amount), the addresses in small letters: a member may write his as he likes. None stays None."""
    return release and (release[0].lower(), release[1].lower(), release[2])


def _keys(entries):
    """Each entry with the key of its address, opened for this signature only."""
    if not (entries := list(entries)):
        return []
    sealed, keks = custody.sealed_keys([entry.address for entry in entries]), node.keks()
    return [(entry, custodial_keys.open_key(sealed[entry.address], owner(entry.holder_id), keks)) for entry in entries]


def _domain(deployment):
    return deployment.chain_id, deployment.token_address


def _pairs(entries, kind):
    return [(entry.address, entry.amount) for entry in entries if entry.kind == kind]
