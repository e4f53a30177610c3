"""Every kind of notice: how it looks, and whether a mail goes out with it. What it says stands in lms/ui/notice_words.py."""

from typing import NamedTuple


class Group(NamedTuple):
    """Kinds a member has mail of, or not, together: at first `is_mailed`, for good where it is fixed."""

    is_mailed: bool = True
    is_fixed: bool = False


class Kind(NamedTuple):
    """`tone` is a row's; without `is_mailed` it stands in the inbox alone, whatever its group says."""

    icon: str
    tone: str
    group: str
    is_mailed: bool = True


GROUPS = {
    "security": Group(is_fixed=True),
    "wallet": Group(),
    "orders": Group(),
    "teaching": Group(),
    "rewards": Group(is_mailed=False),
    "rules": Group(),
}

KINDS = {
    "password changed": Kind("key", "teal", "security"),
    "wallet linked": Kind("link", "teal", "security"),
    "wallet frozen": Kind("snowflake", "red", "security"),
    "wallet thawed": Kind("snowflake-off", "teal", "security"),
    "payout details": Kind("building-bank", "teal", "security"),
    "withdrawal requested": Kind("send", "gold", "wallet", is_mailed=False),
    "withdrawal in review": Kind("clock", "gold", "wallet"),
    "withdrawal approved": Kind("circle-check", "gold", "wallet", is_mailed=False),
    "withdrawal rejected": Kind("circle-x", "red", "wallet"),
    "withdrawal cancelled": Kind("arrow-back-up", "grey", "wallet", is_mailed=False),
    "withdrawal sent": Kind("send", "gold", "wallet"),
    "withdrawal given back": Kind("arrow-back-up", "red", "wallet"),
    "deposit credited": Kind("coin", "gold", "wallet"),
    "order refunded": Kind("receipt-refund", "grey", "orders"),
    "order disputed": Kind("alert-triangle", "red", "orders"),
    "sale waiting": Kind("hourglass", "gold", "teaching"),
    "sale decided": Kind("scale", "teal", "teaching", is_mailed=False),
    "sale refunded": Kind("receipt-refund", "grey", "teaching"),
    "sale disputed": Kind("alert-triangle", "red", "teaching"),
    "application approved": Kind("user-check", "teal", "teaching"),
    "application returned": Kind("arrow-back-up", "red", "teaching"),
    "course approved": Kind("book-2", "teal", "teaching"),
    "course returned": Kind("arrow-back-up", "red", "teaching"),
    "coupon used up": Kind("discount", "grey", "teaching"),
    "payout requested": Kind("building-bank", "teal", "teaching", is_mailed=False),
    "payout approved": Kind("circle-check", "teal", "teaching", is_mailed=False),
    "payout rejected": Kind("circle-x", "red", "teaching"),
    "payout paid": Kind("building-bank", "teal", "teaching"),
    "teo matured": Kind("seedling", "gold", "rewards"),
    "reward deferred": Kind("calendar-clock", "gold", "rewards", is_mailed=False),
    "stake released": Kind("lock-open", "gold", "rewards"),
    "rulebook announced": Kind("scale", "teal", "rules"),
}
_OTHER = Kind("bell", "grey", "rules", is_mailed=False)


def of(kind):
    """The Kind of this word; of one we do not know a plain one, which is never mailed."""
    return KINDS.get(kind, _OTHER)
