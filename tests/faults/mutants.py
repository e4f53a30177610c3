"""Builds that are broken on purpose: what the oracle must find. Applied in the forked worker alone, by name."""

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import NamedTuple

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from lms.chain.contracts import TeoCoin
from lms.db import db, transaction
from lms.domain.ledger.models import Transfer
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import signer_lanes
from lms.domain.onchain.models import Deployment, Entry, Nonce
from lms.domain.wallet import actions as wallet
from lms.jobs import chain, contract_calls, operation_outcomes

_SIDES = ("target", "source")


class Mutant(NamedTuple):
    """`build` breaks the process it is called in. `crime` is what the oracle says (a regular expression) of what this build alone does:
    a build that merely stands still, or cannot even start, leaves much undone as well, and is no proof of anything."""

    build: Callable
    crime: str


def apply(name):
    """Break this process in the way of that name; None leaves it alone."""
    if name:
        MUTANTS[name].build()


def convicting(name, sentences):
    """Those that only this broken build can have earned."""
    return [sentence for sentence in sentences if re.search(MUTANTS[name].crime, sentence)]


def _nonce_from_the_node():
    """Take the count of what is mined: what waits unmined is overwritten."""

    def take_nonces(operations, signer, mined_count):
        given = [(operation, mined_count + number) for number, operation in enumerate(operations)]
        for operation, nonce in given:
            row = dict(signer=signer, nonce=nonce, operation_id=operation.id)
            db.session.execute(insert(Nonce).values(row).on_conflict_do_nothing())
        db.session.execute(text("UPDATE signers SET next_nonce = greatest(next_nonce, :next)"), {"next": mined_count + len(given)})
        return given

    signer_lanes.take_nonces = take_nonces


def _broadcast_before_save():
    """The node has the bytes before the database does."""
    mark_signed = onchain.mark_signed

    def sent_first(operation, attempt):
        chain.transactions.broadcast(chain.node.pool(), attempt.raw)
        return mark_signed(operation, attempt)

    onchain.mark_signed = sent_first


def _a_new_op_when_no_receipt_comes():
    """A missing receipt counts as "it did not happen": the entries go again under another op, which nothing checks."""
    look = operation_outcomes.look

    def impatient(operation, pool):
        if verb := look(operation, pool):
            return verb
        with transaction():
            onchain.lock(operation)
            if operation.state == "sent":
                deployment = db.session.scalars(select(Deployment).where(Deployment.is_active).with_for_update()).one()
                operation.op, operation.state = deployment.next_op, "queued"
                deployment.next_op += 1
        return None

    operation_outcomes.look = impatient


def _any_receipt_will_do():
    """A transaction that succeeded counts as done, whatever its logs say."""
    read = TeoCoin.settlement

    def settlement(token, receipt, op):
        found = read(token, receipt, op)
        told = {name: getattr(found, name) if found else () for name in ("mints", "burns", "skips")}
        return SimpleNamespace(brought=lambda *_: True, **told)

    TeoCoin.settlement = settlement


def _watermark():
    """Cover what is newer than the newest leg covered so far: ids do not commit in order.

    The holder's row, which a leg not committed yet keeps from being locked, does not protect such a build.
    """

    def is_newer(side, holder):
        leg, other = Transfer, aliased(Transfer)
        covered = [(getattr(other, f"{each}_holder_id") == holder) & getattr(other, f"{each}_entry_id").is_not(None) for each in _SIDES]
        newest = select(func.coalesce(func.max(other.id), 0)).where(or_(*covered)).correlate(leg, Entry).scalar_subquery()
        return getattr(leg, f"{side}_holder_id") == holder, getattr(leg, f"{side}_entry_id").is_(None), leg.id > newest

    def net(holder):
        gained, lost = (db.session.scalar(select(func.coalesce(func.sum(Transfer.amount), 0)).where(*is_newer(side, holder.id))) for side in _SIDES)
        return int(gained - lost)

    def cover(entries, *_):
        newer = {side: db.session.execute(select(Transfer.id, Entry.id).where(Entry.id.in_(entries), *is_newer(side, Entry.holder_id))).all() for side in _SIDES}
        for side, legs in newer.items():
            for leg, entry in legs:
                db.session.execute(update(Transfer).where(Transfer.id == leg).values({f"{side}_entry_id": entry}))

    wallet.text = lambda statement: text(statement.replace("FOR UPDATE OF h", "FOR NO KEY UPDATE OF h"))
    wallet._within_net = lambda holders: (holders, [net(holder) for holder in holders], _SIDES)
    wallet._cover = cover


def _final_at_once():
    """A refusal counts as final when it is seen: what is given back may still be executed after a reorganisation."""
    chain.transactions.is_final = lambda *_: True


def _numbers_of_other_contracts_are_not_asked():
    """A contract takes any number that is new to it: after a restored database one that another contract has used."""
    contract_calls.used_elsewhere = lambda *_: None


MUTANTS = {
    "nonce from the node": Mutant(_nonce_from_the_node, r"^nonce \d+ was signed for operations"),
    "broadcast before save": Mutant(_broadcast_before_save, r"^transaction 0x\w+ \(nonce \d+\) is on the chain and in no row"),
    "no op check": Mutant(_a_new_op_when_no_receipt_comes, r"^op \d+ is on the chain and in no row"),
    "no digest check": Mutant(_any_receipt_will_do, r"^op \d+ did .*, its entries are"),
    "watermark": Mutant(_watermark, "and no entry covers it, though one covers what came later"),
    "other contracts not asked": Mutant(_numbers_of_other_contracts_are_not_asked, r"^holder \d+ was issued \d+ by recoveries, and \d+ that he was to get are lost"),
    "give-back before final": Mutant(_final_at_once, r"^operation \d+ is called failed, and the chain did it"),
}
