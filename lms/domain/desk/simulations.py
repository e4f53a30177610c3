"""Simulations of withdrawals in review: asked for by admins and by the check that puts one before them, answered by jobs.simulations."""

from collections.abc import Collection
from dataclasses import asdict, dataclass

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import db
from lms.domain.desk.simulation_models import PATIENCE, Simulation
from lms.domain.withdrawals.models import Withdrawal
from lms.errors import DomainError


@dataclass(frozen=True)
class Answer:
    """See Simulation. What is not known is None."""

    verdict: str
    why: str = ""
    block_number: int | None = None
    gas: int | None = None
    fee_wei: int | None = None
    balance: int | None = None


def of(withdrawal: Withdrawal) -> Simulation | None:
    """Its Simulation, or None where none was asked for."""
    return db.session.get(Simulation, withdrawal.id)


def most(withdrawals: Collection[Withdrawal]) -> tuple[int, int] | tuple[None, None]:
    """(gas, wei) that all of them take at most, by the Simulations of what they are now; (None, None) where one of them lacks it. One statement."""
    rows = select(Simulation).where(Simulation.withdrawal_id.in_([withdrawal.id for withdrawal in withdrawals]))
    found = {simulation.withdrawal_id: simulation for simulation in db.session.scalars(rows)}
    known = [found[withdrawal.id] for withdrawal in withdrawals if withdrawal.id in found and found[withdrawal.id].is_about(withdrawal)]
    limits = [(each.gas, int(each.fee_wei)) for each in known if each.gas is not None and each.fee_wei is not None]
    if len(limits) < len(withdrawals):
        return None, None
    return sum(gas for gas, _ in limits), sum(wei for _, wei in limits)


def ask(withdrawal: Withdrawal) -> None:
    """Wait for an answer from now on, one at a time: raises DomainError while another is on its way, and where there is nothing to decide."""
    if withdrawal.state != "in review":
        raise DomainError("It is not in review any more: there is nothing to simulate.")
    now = clock.now()
    is_over = or_(Simulation.done_at >= Simulation.asked_at, Simulation.asked_at <= now - PATIENCE)
    row = insert(Simulation).values(withdrawal_id=withdrawal.id, asked_at=now, why="")
    rows = row.on_conflict_do_update(index_elements=["withdrawal_id"], set_={"asked_at": now}, where=is_over).returning(Simulation.withdrawal_id)
    if db.session.scalar(rows) is None:
        raise DomainError("It is being simulated already: the answer comes in a moment.")
    db.session.expire_all()


def keep(withdrawal_id: int, amount: int, to: str, answer: Answer) -> None:
    """The Answer, to what was asked of this amount to this address, takes the place of the one before."""
    simulation = db.session.get_one(Simulation, withdrawal_id, with_for_update=True, populate_existing=True)
    simulation.amount, simulation.to, simulation.done_at = amount, to, clock.now()
    for fact, value in asdict(answer).items():
        setattr(simulation, fact, value)
    db.session.flush()
