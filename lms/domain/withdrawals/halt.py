"""The kill switch: nothing is paid out, in TEO or in euros, while it is thrown."""

from lms.domain.audit import actions as audit
from lms.domain.audit import queries
from lms.errors import DomainError, Forbidden, Invalid

PART = "payouts"
LONGEST_REASON = 200


def stop(reason, by):
    """No release is signed and no payout approved or marked as paid from now on. All members read the reason. Thrown already, it stays as it was."""
    reason = " ".join(reason.replace("\x00", "").split())
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise Invalid("Say why in one line of up to %(count)d characters: all members read it.", count=LONGEST_REASON)
    _check(by)
    audit.stop(PART, reason, by)


def go_on(by):
    """What waited goes out."""
    _check(by)
    audit.start(PART, by)


def standing():
    """The Switch, which says why and since when, or None."""
    return queries.switch(PART)


def is_stopped():
    return queries.is_stopped(PART)


def check():
    """Raises DomainError while it is thrown."""
    if is_stopped():
        raise DomainError("All payouts are stopped at the moment. What waits goes out when they go on.")


def _check(by):
    if not by.is_admin:
        raise Forbidden("Only admins stop payouts.")
