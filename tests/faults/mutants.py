"""Builds that are broken on purpose: what the oracle must find. Applied in the forked worker alone, by name."""

from types import SimpleNamespace

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from lms.db import db, transaction
from lms.domain.ledger.models import Transfer
from lms.domain.onchain import actions as onchain
from lms.domain.onchain.models import Deployment, Entry, Nonce
from lms.domain.wallet import actions as wallet
from lms.jobs import calls, chain, outcomes

_SIDES = ("target", "source")


def apply(name):
    """Break this process in the way of that name; None leaves it alone."""
    if name:
        MUTANTS[name]()


def _nonce_from_the_node():
    """Take the count of what is mined: what waits unmined is overwritten."""

    def take_nonces(operations, signer, mined_count):
        given = [(operation, mined_count + number) for number, operation in enumerate(operations)]
        for operation, nonce in given:
            row = dict(signer=signer, nonce=nonce, operation_id=operation.id)
            db.session.execute(insert(Nonce).values(row).on_conflict_do_nothing())
        db.session.execute(text("UPDATE signers SET next_nonce = greatest(next_nonce, :next)"), {"next": mined_count + len(given)})
        return given

    onchain.take_nonces = take_nonces


def _broadcast_before_save():
    """The node has the bytes before the database does."""
    mark_signed = onchain.mark_signed

    def sent_first(operation, attempt):
        chain.transactions.broadcast(chain.node.pool(), attempt.raw)
        return mark_signed(operation, attempt)

    onchain.mark_signed = sent_first


def _a_new_op_when_no_receipt_comes():
    """A missing receipt counts as "it did not happen": the entries go again under another op, which nothing checks."""
    look = outcomes.look

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

    outcomes.look = impatient


def _any_receipt_will_do():
    """A transaction that succeeded counts as done, whatever its logs say."""
    calls.TeoCoin.settlement = lambda *_: SimpleNamespace(brought=lambda *_: True, skips=())


def _watermark():
    """Cover what is newer than the newest leg covered so far: ids do not commit in order.

    The holder's row, which a leg not committed yet keeps from being locked, does not protect such a build.
    """

    def is_newer(side, holder):
        leg, other = Transfer, aliased(Transfer)
        same = getattr(other, f"{side}_holder_id") == holder, getattr(other, f"{side}_entry_id").is_not(None)
        newest = select(func.coalesce(func.max(other.id), 0)).where(*same).correlate(leg, Entry).scalar_subquery()
        return getattr(leg, f"{side}_holder_id") == holder, getattr(leg, f"{side}_entry_id").is_(None), leg.id > newest

    def net(holder):
        gained, lost = (db.session.scalar(select(func.coalesce(func.sum(Transfer.amount), 0)).where(*is_newer(side, holder.id))) for side in _SIDES)
        return int(gained - lost)

    def cover(entries, *_):
        for side in _SIDES:
            rows = update(Transfer).where(Entry.id.in_(entries), *is_newer(side, Entry.holder_id))
            db.session.execute(rows.values({f"{side}_entry_id": Entry.id}), execution_options={"synchronize_session": False})

    wallet.text = lambda statement: text(statement.replace("FOR UPDATE OF h", "FOR NO KEY UPDATE OF h"))
    wallet._within_net = lambda holders: (holders, [net(holder) for holder in holders], _SIDES)
    wallet._cover = cover


def _final_at_once():
    """A refusal counts as final when it is seen: what is given back may still be executed after a reorganisation."""
    chain.transactions.is_final = lambda *_: True


MUTANTS = {
    "nonce from the node": _nonce_from_the_node,
    "broadcast before save": _broadcast_before_save,
    "no op check": _a_new_op_when_no_receipt_comes,
    "no digest check": _any_receipt_will_do,
    "watermark": _watermark,
    "give-back before final": _final_at_once,
}
