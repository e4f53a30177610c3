"""What we promised to keep no longer."""

from lms.db import transaction
from lms.domain.accounts import sessions, sightings
from lms.domain.wallet import linking


def forget_sessions():
    with transaction():
        sessions.forget_expired_sessions()
        sightings.forget()
        linking.forget_challenges()
