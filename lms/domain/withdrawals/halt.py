"""The kill switch: nothing is paid out, in TEO or in euros, while it is thrown."""

from lms.db import are_over, before_turn
from lms.domain.accounts import queries as accounts
from lms.domain.accounts.models import User
from lms.domain.audit import actions as audit
from lms.domain.audit import queries
from lms.domain.audit.models import Switch
from lms.errors import DomainError, Forbidden, Invalid

PART = "payouts"
LONGEST_REASON = 200
PATIENCE = 5  # seconds


def stop(reason: str, by: User) -> None:
    """Once this is committed no release begins to be signed and no payout to be approved or marked as paid. All members read the reason. Thrown already, it stays as it was.

    It waits for nobody: a key service that hangs must not keep it from being thrown. See are_others_over."""
    reason = " ".join(reason.replace("\x00", "").split())
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise Invalid("Say why in one line of up to %(count)d characters: all members read it.", count=LONGEST_REASON)
    _check(by)
    audit.stop(PART, reason, by)


def are_others_over() -> bool:
    """Whether what had begun before it was thrown is over after PATIENCE: then nothing is on the way with an older answer. In a transaction of its own."""
    return are_over(PART, PATIENCE)


def go_on(by: User) -> None:
    """What waited goes out."""
    _check(by)
    audit.start(PART, by)


def standing() -> Switch | None:
    """The Switch, which says why and since when, or None."""
    return queries.switch(PART)


def is_stopped() -> bool:
    """As it stands now; the next moment it may be thrown."""
    return queries.is_stopped(PART)


def lets_go() -> bool:
    """Whether what this transaction pays out may go: who throws it meanwhile learns of its end by are_others_over."""
    before_turn(PART)
    return not is_stopped()


def check() -> None:
    """Raises DomainError while it is thrown; see lets_go."""
    if not lets_go():
        raise DomainError("All payouts are stopped at the moment. What waits goes out when they go on.")


def _check(by: User) -> None:
    if not accounts.decides(by):
        raise Forbidden("Only admins stop payouts.")
