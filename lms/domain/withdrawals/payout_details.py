"""To whom and where euros are paid: checked, and kept as a history."""

import re
import unicodedata

from sqlalchemy import select
from stdnum import iban
from stdnum.exceptions import ValidationError

from lms import clock
from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.notices import actions as notices
from lms.domain.withdrawals import payout_limits
from lms.domain.withdrawals.payout_models import PayoutDetails
from lms.errors import DomainError, Invalid

LONGEST = {"legal_name": 120, "street": 120, "postal_code": 16, "city": 80, "tax_id": 30}


def enter(user: User, iban: str | None, country: str | None, **lines: str | None) -> PayoutDetails:
    """The member's PayoutDetails from now on; the same again is the row there is. `lines`: the names in LONGEST. Raises Invalid."""
    facts = {name: clean_line(name, lines[name]) for name in LONGEST}
    facts |= dict(iban=clean_iban(iban), country=check_country(country))
    lock(user)
    if user.is_shut:
        raise DomainError("Your account is frozen: where your money goes cannot be changed now.")
    newest = current(user.id)
    if newest and all(getattr(newest, name) == value for name, value in facts.items()):
        return newest
    details = PayoutDetails(user_id=user.id, entered_at=clock.now(), **facts)
    db.session.add(details)
    db.session.flush()
    usable_at = payout_limits.usable_at(user, details)
    notices.tell(user.id, "payout details", f"details:{details.id}", iban=details.masked_iban, usable_at=usable_at.isoformat())
    return details


def lock(user: User) -> None:
    """One change or request at a time for a member, by what is known of him now: no two windows count the same open payouts."""
    db.session.refresh(user, ["suspended_at", "frozen_at", "password_changed_at"], with_for_update={"key_share": True})


def current(user_id: int) -> PayoutDetails | None:
    """The PayoutDetails in force, or None."""
    return db.session.scalar(select(PayoutDetails).where(PayoutDetails.user_id == user_id).order_by(PayoutDetails.id.desc()).limit(1))


def clean_line(name: str, text: str | None) -> str:
    """One line with single spaces; raises Invalid for one that is empty, too long, or holds what a bank cannot print."""
    line = " ".join((text or "").split())
    if not 1 <= len(line) <= LONGEST[name]:
        raise Invalid("This takes 1 to %(count)d characters.", count=LONGEST[name])
    if any(unicodedata.category(letter)[0] == "C" for letter in line):
        raise Invalid("This holds a character we cannot show.")
    return line


def clean_iban(text: str | None) -> str:
    """The IBAN without spaces, its check digits and the form of its country verified; raises Invalid."""
    try:
        return iban.validate(text or "")
    except ValidationError:
        raise Invalid("This IBAN is not right. Compare it with what your bank gave you, such as DE89 3704 0044 0532 0130 00.") from None


def check_country(code: str | None) -> str:
    if code is None or not re.fullmatch(r"[A-Z]{2}", code):
        raise Invalid("Choose a country.")
    return code
