"""The kill switch: nothing is paid out, in TEO or in euros, while it is thrown."""

from lms.db import before_turn, in_turn
from lms.domain.audit import actions as audit
from lms.domain.audit import queries
from lms.errors import DomainError, Forbidden, Invalid

PART = "payouts"
LONGEST_REASON = 200


def stop(reason, by):
    """Once this is committed no release is signed and no payout approved or marked as paid. All members read the reason. Thrown already, it stays as it was."""
    reason = " ".join(reason.replace("\x00", "").split())
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise Invalid("Say why in one line of up to %(count)d characters: all members read it.", count=LONGEST_REASON)
    _check(by)
    in_turn(PART)
    audit.stop(PART, reason, by)


def go_on(by):
    """What waited goes out."""
    _check(by)
    audit.start(PART, by)


def standing():
    """The Switch, which says why and since when, or None."""
    return queries.switch(PART)


def is_stopped():
    """As it stands now; the next moment it may be thrown."""
    return queries.is_stopped(PART)


def lets_go():
    """Whether what this transaction pays out may go: who throws it meanwhile waits for its end, and finds nobody on the way with an older answer."""
    before_turn(PART)
    return not is_stopped()


def check():
    """Raises DomainError while it is thrown; see lets_go."""
    if not lets_go():
        raise DomainError("All payouts are stopped at the moment. What waits goes out when they go on.")


def _check(by):
    if not by.is_admin:
        raise Forbidden("Only admins stop payouts.")
