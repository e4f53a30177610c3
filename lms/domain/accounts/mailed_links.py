"""Links that prove an address, mailed to it: signed, short-lived, and worth nothing once what they prove has changed."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from lms import clock
from lms.domain.accounts import queries
from lms.domain.accounts.models import User
from lms.errors import DomainError


@dataclass(frozen=True)
class Purpose:
    """`address(user)` is where the link must have gone; `proof(user, address)` hides it, since links end up in access logs."""

    name: str
    life: timedelta
    address: Callable[[User], str | None]
    proof: Callable[[User, str | None], str]


def _address(user: User, address: str | None) -> str:
    return hashlib.sha256((address or "").encode()).hexdigest()[:32]


VERIFY = Purpose("verify", timedelta(days=3), attrgetter("email"), _address)
NEW_EMAIL = Purpose("new email", timedelta(days=1), attrgetter("new_email"), _address)
RESET = Purpose("reset", timedelta(hours=1), attrgetter("email"), queries.fingerprint)


class _ClockSigner(TimestampSigner):
    """Signs with our clock, so that links age in the demo as they do in life."""

    def get_timestamp(self) -> int:
        return int(clock.now().timestamp())


def make(secret: str, purpose: Purpose, user: User, address: str) -> str:
    """The token of a link that is mailed to `address`. It is a secret of the member: nothing but his mail may hold it."""
    return _serializer(secret, purpose).dumps([user.id, purpose.proof(user, address)])


def read(secret: str, purpose: Purpose, token: str) -> User:
    """The member a link was mailed to; raises DomainError for one that is forged, too old or used."""
    try:
        user_id, proof = _serializer(secret, purpose).loads(token, max_age=int(purpose.life.total_seconds()))
    except BadData:
        raise DomainError("This link does not work any more. Ask for a new one.") from None
    user = queries.by_id(user_id)
    if user is None or proof != purpose.proof(user, purpose.address(user)):
        raise DomainError("This link does not work any more. Ask for a new one.")
    return user


def _serializer(secret: str, purpose: Purpose) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        secret, salt=f"link: {purpose.name}", signer=_ClockSigner, signer_kwargs={"digest_method": hashlib.sha256}
    )
