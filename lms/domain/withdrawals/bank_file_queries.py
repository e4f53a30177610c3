"""Bank files found, and what goes into the next."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import ScalarSelect, Select, func, select
from sqlalchemy.orm import aliased, contains_eager, joinedload

from lms.db import Page, among, db, page_of
from lms.domain.accounts import queries as accounts
from lms.domain.accounts.models import User
from lms.domain.withdrawals.bank_file_models import BankFile, BankFileLine
from lms.domain.withdrawals.payout_models import Payout, PayoutDecision, PayoutDetails
from lms.formats import sepa

LARGEST = 200  # payouts in a file, which is made while somebody waits


def ready(by: User) -> Select[Payout]:
    """Rows of the approved Payouts, oldest first, that go into the next file when this admin exports it: up to LARGEST.

    Not his own, nor those of who is suspended or frozen now, nor those whose approvals do not count any more, nor to an account outside SEPA."""
    rows = select(Payout).join(Payout.user).join(Payout.details).options(contains_eager(Payout.user), contains_eager(Payout.details))
    may_go = (Payout.state == "approved", Payout.user_id != by.id, ~User.is_shut, _approvals() >= Payout.admins)
    return rows.where(*may_go, func.left(PayoutDetails.iban, 2).in_(sepa.COUNTRIES)).order_by(Payout.id).limit(LARGEST)


def ready_sum(by: User) -> tuple[int, int]:
    """(how many they are, their cents)."""
    return _sum(ready(by))


def at_the_bank(bank_file: BankFile, by: User) -> Select[Payout]:
    """Rows of the Payouts of the file that are neither paid nor returned yet, but for the admin's own, in the order of their ids."""
    rows = select(Payout).join(Payout.line).join(Payout.user).join(Payout.details).options(contains_eager(Payout.user), contains_eager(Payout.details))
    return rows.where(BankFileLine.file_id == bank_file.id, Payout.state == "exported", Payout.user_id != by.id).order_by(Payout.id)


def payable_sum(bank_file: BankFile, by: User) -> tuple[int, int]:
    """(how many they are, their cents)."""
    return _sum(at_the_bank(bank_file, by))


def page(number: int = 1) -> Page[BankFile]:
    """One page of the files, newest first."""
    return page_of(select(BankFile).options(joinedload(BankFile.by)).order_by(BankFile.id.desc()), number)


def bank_file(file_id: int) -> BankFile | None:
    """With who exported it, or None."""
    return db.session.scalar(select(BankFile).where(BankFile.id == file_id).options(joinedload(BankFile.by)))


def lines(found: BankFile, number: int = 1) -> Page[BankFileLine]:
    """One page of the file's BankFileLines with their payouts."""
    whole = joinedload(BankFileLine.payout)
    rows = select(BankFileLine).where(BankFileLine.file_id == found.id).options(whole.joinedload(Payout.user), whole.joinedload(Payout.details))
    return page_of(rows.order_by(BankFileLine.payout_id), number)


def sums(files: Iterable[BankFile]) -> dict[int, dict[str, tuple[int, int]]]:
    """{id of each file: {state: (how many payouts, their cents)}}; one statement."""
    found: dict[int, dict[str, tuple[int, int]]] = defaultdict(dict)
    rows = select(BankFileLine.file_id, Payout.state, func.count(), func.sum(BankFileLine.amount)).join(BankFileLine.payout)
    rows = rows.where(among(BankFileLine.file_id, [each.id for each in files])).group_by(BankFileLine.file_id, Payout.state)
    for file_id, state, count, cents in db.session.execute(rows):
        found[file_id][state] = (count, int(cents))
    return found


def _sum(payouts: Select[Payout]) -> tuple[int, int]:
    rows = payouts.with_only_columns(Payout.amount).subquery()
    count, cents = db.session.execute(select(func.count(), func.coalesce(func.sum(rows.c.amount), 0)).select_from(rows)).one()
    return count, int(cents)


def _approvals() -> ScalarSelect[int]:
    """How many admins have approved a payout whose word counts: as Payout.approvals says."""
    admin = aliased(User)
    counts = accounts.decide_on(Payout.requested_at, admin)
    given = select(func.count()).join_from(PayoutDecision, admin, admin.id == PayoutDecision.by_id)
    return given.where(PayoutDecision.payout_id == Payout.id, PayoutDecision.verdict == "approved", *counts).correlate(Payout).scalar_subquery()
