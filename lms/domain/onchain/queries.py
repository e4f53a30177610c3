"""Operations found."""

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from lms.db import db, page_of
from lms.domain.onchain.models import Attempt, ChainState, Deployment, Operation

PAGE = 50


def deployment():
    """The active deployment, or None before the first."""
    return db.session.scalar(select(Deployment).where(Deployment.is_active))


def chain_state():
    return db.session.get(ChainState, 1)


def operation(operation_id):
    """With deployment, entries and attempts, or None."""
    return db.session.scalar(
        select(Operation)
        .where(Operation.id == operation_id)
        .options(joinedload(Operation.deployment), selectinload(Operation.entries), selectinload(Operation.attempts))
    )


def unfinished(*states, limit=200):
    """Ids of the operations in these states, in order."""
    rows = select(Operation.id).where(Operation.state.in_(states)).order_by(Operation.id).limit(limit)
    return db.session.scalars(rows).all()


def attempts_from(signer, nonce):
    """The signer's attempts from this nonce on with their operations, in nonce order."""
    rows = select(Attempt).where(Attempt.signer == signer, Attempt.nonce >= nonce).options(joinedload(Attempt.operation))
    return db.session.scalars(rows.order_by(Attempt.nonce, Attempt.id)).all()


def page(state="", number=1):
    """One page of the operations, newest first, with their entries."""
    rows = select(Operation)
    if state:
        rows = rows.where(Operation.state == state)
    return page_of(rows.options(selectinload(Operation.entries)).order_by(Operation.id.desc()), number, PAGE)


def counts():
    """How many operations are in each state."""
    return dict(db.session.execute(select(Operation.state, func.count()).group_by(Operation.state)).all())
