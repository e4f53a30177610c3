"""The member's own addresses, and when something may be sent there. How they are linked: `address_linking`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from lms import clock
from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.rulebook import queries as rulebook
from lms.domain.rulebook.rules import Rules
from lms.domain.wallet.models import LinkedWallet
from lms.errors import DomainError, NotFound


def of(user: User) -> Sequence[LinkedWallet]:
    """The member's linked wallets, in the order he linked them."""
    rows = select(LinkedWallet).where(LinkedWallet.user_id == user.id, LinkedWallet.removed_at.is_(None))
    return db.session.scalars(rows.order_by(LinkedWallet.id)).all()


def own(user: User, linked_id: int) -> LinkedWallet:
    """The member's linked wallet; raises NotFound."""
    return owned(user, next((each for each in of(user) if each.id == linked_id), None))


def owned(user: User, linked: LinkedWallet | None) -> LinkedWallet:
    """The LinkedWallet itself when it is the member's; raises NotFound for None and for another's."""
    if linked is None or linked.user_id != user.id:
        raise NotFound("There is no such linked wallet of yours.")
    return linked


def with_first_use(user: User) -> list[tuple[LinkedWallet, datetime]]:
    """[(LinkedWallet, when something may be sent there first)] of the member; two statements for any number of them."""
    began = {each: _wait_began(user, each) for each in of(user)}
    rules = rulebook.in_force_at(began.values())
    return [(each, rules[moment].usable_at(each.linked_at, user.password_changed_at)) for each, moment in began.items()]


def usable(user: User, linked_id: int, at: datetime | None = None) -> LinkedWallet:
    """The member's linked wallet, to be withdrawn to now; raises DomainError while it waits, NotFound when it is not his."""
    found = own(user, linked_id)
    rules = rulebook.in_force(_wait_began(user, found))
    if rules.usable_at(found.linked_at, user.password_changed_at) > (at or clock.now()):
        raise DomainError("An address waits %(hours)d hours before its first use, and again after a new password.", hours=rules.address_wait_hours)
    return found


def is_removed(linked_id: int | None) -> bool:
    """Whether its member has taken the address away; of what has none, as an operator's withdrawal, nobody has."""
    return db.session.scalar(select(LinkedWallet.removed_at).where(LinkedWallet.id == linked_id)) is not None


def _wait_began(user: User, linked: LinkedWallet) -> datetime:
    return Rules.wait_begins(linked.linked_at, user.password_changed_at)
