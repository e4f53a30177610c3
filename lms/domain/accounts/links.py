"""Links that prove an address, mailed to it: signed, short-lived, and worth nothing once what they prove has changed."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from lms import clock
from lms.domain.accounts import queries
from lms.errors import DomainError


@dataclass(frozen=True)
class Purpose:
    """`proof(user)` is compared when the link is opened; it never holds an address, since links end up in access logs."""

    name: str
    life: timedelta
    proof: object


VERIFY = Purpose("verify", timedelta(days=3), lambda user: _short(user.email))
NEW_EMAIL = Purpose("new email", timedelta(days=1), lambda user: _short(user.new_email or ""))
RESET = Purpose("reset", timedelta(hours=1), queries.fingerprint)


class _ClockSigner(TimestampSigner):
    """Signs with our clock, so that links age in the demo as they do in life."""

    def get_timestamp(self):
        return int(clock.now().timestamp())


def make(secret, purpose, user):
    """The token of a link. It is a secret of the member: nothing but his mail may hold it."""
    return _serializer(secret, purpose).dumps([user.id, purpose.proof(user)])


def read(secret, purpose, token):
    """The member a link was mailed to; raises DomainError for one that is forged, too old or used."""
    try:
        user_id, proof = _serializer(secret, purpose).loads(token, max_age=purpose.life.total_seconds())
    except BadData:
        raise DomainError("This link does not work any more. Ask for a new one.") from None
    user = queries.by_id(user_id)
    if user is None or proof != purpose.proof(user):
        raise DomainError("This link does not work any more. Ask for a new one.")
    return user


def _serializer(secret, purpose):
    return URLSafeTimedSerializer(
        secret, salt=f"link: {purpose.name}", signer=_ClockSigner, signer_kwargs={"digest_method": hashlib.sha256}
    )


def _short(address):
    return hashlib.sha256(address.encode()).hexdigest()[:16]
