"""From which devices and networks members signed in, for 90 days: one person with many accounts is seen by it."""

import hashlib
import ipaddress
import secrets
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import db
from lms.domain.accounts.models import Sighting, User

KEPT = timedelta(days=90)


def new_device() -> str:
    """What a browser is known by from now on: random, and of nothing that it is."""
    return secrets.token_urlsafe(24)


def device_hash(device: str) -> bytes:
    """What is kept of it."""
    return hashlib.sha256(device.encode()).digest()


def network_of(address: str) -> str:
    """The /24 of an IPv4 address, the /48 of an IPv6 one, "" for what is none: who it is in there is not kept.

    Nor is one's own machine a network: behind a proxy that the settings do not name all come from it, and would be one person's."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    found = getattr(found, "ipv4_mapped", None) or found
    return "" if found.is_loopback else str(ipaddress.ip_network((found, 24 if found.version == 4 else 48), strict=False))


def see(user: User, device: str, address: str) -> None:
    """The member signed in from there, now."""
    row = dict(user_id=user.id, device=device_hash(device), network=network_of(address), first_at=clock.now(), last_at=clock.now())
    seen = insert(Sighting).values(row)
    db.session.execute(seen.on_conflict_do_update(index_elements=["user_id", "device", "network"], set_={"last_at": seen.excluded.last_at}))


def forget() -> None:
    """Delete what is older than it is kept."""
    db.session.execute(delete(Sighting).where(Sighting.last_at < clock.now() - KEPT))
