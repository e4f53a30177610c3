"""Every kind of notice: how it looks, whether a mail goes out with it, and whom it may concern. What it says stands in lms/ui/notice_words.py."""

from collections.abc import Callable
from typing import NamedTuple

from lms.domain.accounts.models import User


def _everyone(user: User) -> bool:
    return True


def _who_has_taught(user: User) -> bool:
    return user.has_taught


class Group(NamedTuple):
    """Kinds that stand together where a member chooses what he has mail of, if they may concern him. He has mail of all that `is_fixed`."""

    is_fixed: bool = False
    concerns: Callable[[User], bool] = _everyone


class Kind(NamedTuple):
    """`tone` is a row's; `is_mailed` until its member chooses."""

    icon: str
    tone: str
    group: str
    is_mailed: bool = True

    @property
    def is_fixed(self) -> bool:
        return GROUPS[self.group].is_fixed


GROUPS = {
    "security": Group(is_fixed=True),
    "wallet": Group(),
    "orders": Group(),
    "learning": Group(),
    "rewards": Group(),
    "teaching": Group(concerns=_who_has_taught),
    "payouts": Group(concerns=_who_has_taught),
    "application": Group(concerns=lambda user: user.is_student),
    "rules": Group(),
    "desk": Group(concerns=lambda user: user.is_admin),
}

KINDS = {
    "password changed": Kind("key", "teal", "security"),
    "sign-ins ended": Kind("logout", "red", "security"),
    "role changed": Kind("shield-check", "red", "security"),
    "wallet linked": Kind("link", "teal", "security"),
    "wallet frozen": Kind("snowflake", "red", "security"),
    "wallet thawed": Kind("snowflake-off", "teal", "security"),
    "payout details": Kind("building-bank", "teal", "security"),
    "withdrawal requested": Kind("send", "gold", "wallet", is_mailed=False),
    "withdrawal in review": Kind("clock", "gold", "wallet"),
    "withdrawal held": Kind("hand-stop", "gold", "wallet"),
    "withdrawal approved": Kind("circle-check", "gold", "wallet", is_mailed=False),
    "withdrawal rejected": Kind("circle-x", "red", "wallet"),
    "withdrawal cancelled": Kind("arrow-back-up", "grey", "wallet", is_mailed=False),
    "withdrawal sent": Kind("send", "gold", "wallet"),
    "withdrawal given back": Kind("arrow-back-up", "red", "wallet"),
    "deposit credited": Kind("coin", "gold", "wallet"),
    "order refunded": Kind("receipt-refund", "grey", "orders"),
    "order disputed": Kind("alert-triangle", "red", "orders"),
    "review asked": Kind("eye-check", "teal", "learning"),
    "work passed": Kind("circle-check", "teal", "learning"),
    "work failed": Kind("circle-x", "red", "learning"),
    "work to grade": Kind("writing", "teal", "learning"),
    "enrolled by us": Kind("book-2", "teal", "learning"),
    "teo matured": Kind("seedling", "gold", "rewards", is_mailed=False),
    "reward deferred": Kind("calendar-clock", "gold", "rewards", is_mailed=False),
    "reward taken back": Kind("receipt-refund", "grey", "rewards", is_mailed=False),
    "badge earned": Kind("award", "teal", "rewards", is_mailed=False),
    "sale waiting": Kind("hourglass", "gold", "teaching"),
    "sale decided": Kind("scale", "teal", "teaching", is_mailed=False),
    "sale refunded": Kind("receipt-refund", "grey", "teaching"),
    "sale disputed": Kind("alert-triangle", "red", "teaching"),
    "course approved": Kind("book-2", "teal", "teaching"),
    "course returned": Kind("arrow-back-up", "red", "teaching"),
    "coupon used up": Kind("discount", "grey", "teaching"),
    "payout requested": Kind("building-bank", "teal", "payouts", is_mailed=False),
    "payout approved": Kind("circle-check", "teal", "payouts", is_mailed=False),
    "payout rejected": Kind("circle-x", "red", "payouts"),
    "payout paid": Kind("building-bank", "teal", "payouts"),
    "payout returned": Kind("arrow-back-up", "red", "payouts"),
    "stake released": Kind("lock-open", "gold", "payouts", is_mailed=False),
    "application approved": Kind("user-check", "teal", "application"),
    "application returned": Kind("arrow-back-up", "red", "application"),
    "rulebook announced": Kind("scale", "teal", "rules"),
    "case waits": Kind("clock", "gold", "desk"),
    "payout waits": Kind("building-bank", "gold", "desk"),
    "second word wanted": Kind("user-check", "gold", "desk"),
    "draft proposed": Kind("scale", "teal", "desk"),
    "incident opened": Kind("alert-triangle", "red", "desk"),
}
_OTHER = Kind("bell", "grey", "rules", is_mailed=False)


def of(kind: str) -> Kind:
    """The Kind of this word; of one we do not know a plain one, which is never mailed."""
    return KINDS.get(kind, _OTHER)


def concerning(user: User) -> dict[str, list[str]]:
    """{group: [its kinds]} of those the member may be told, as they stand on his page."""
    return {name: [kind for kind in KINDS if of(kind).group == name] for name, group in GROUPS.items() if group.concerns(user)}


def choosable(user: User) -> list[str]:
    """The kinds whose mail the member switches on and off."""
    return [kind for kinds in concerning(user).values() for kind in kinds if not of(kind).is_fixed]
