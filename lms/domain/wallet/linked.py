"""The member's own addresses, and when something may be sent there. How they are linked: `linking`."""

from datetime import timedelta

from sqlalchemy import select

from lms import clock
from lms.db import db
from lms.domain.rulebook import queries as rulebook
from lms.domain.wallet.models import LinkedWallet
from lms.errors import DomainError, NotFound


def of(user):
    """The member's linked wallets, in the order he linked them."""
    rows = select(LinkedWallet).where(LinkedWallet.user_id == user.id, LinkedWallet.removed_at.is_(None))
    return db.session.scalars(rows.order_by(LinkedWallet.id)).all()


def usable(user, linked_id, at=None):
    """The member's linked wallet, to be withdrawn to now; raises DomainError while it waits, NotFound when it is not his."""
    found = next((each for each in of(user) if each.id == linked_id), None)
    if found is None:
        raise NotFound("There is no such linked wallet of yours.")
    if usable_from(user, found) > (at or clock.now()):
        hours = rulebook.in_force().address_wait_hours
        raise DomainError("An address waits %(hours)d hours before its first use, and again after a new password.", hours=hours)
    return found


def usable_from(user, linked):
    """When something may be sent there first."""
    waits = timedelta(hours=rulebook.in_force().address_wait_hours)
    return max(linked.usable_at, user.password_changed_at + waits) if user.password_changed_at else linked.usable_at


def is_removed(linked_id):
    """Whether its member has taken the address away."""
    return db.session.scalar(select(LinkedWallet.removed_at).where(LinkedWallet.id == linked_id)) is not None
