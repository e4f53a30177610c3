"""What we promised to keep no longer."""

from lms.db import transaction
from lms.domain.accounts import device_sightings, sessions
from lms.domain.wallet import address_linking


def forget_sessions():
    with transaction():
        sessions.forget_expired_sessions()
        device_sightings.forget()
        address_linking.forget_challenges()
