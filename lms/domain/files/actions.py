"""What is known of an upload, kept and forgotten. Its bytes are put in the store by who calls, before the commit, and removed after it."""

import secrets

from lms import clock
from lms.db import db
from lms.domain.files.contents import Content
from lms.domain.files.models import File


def new_place() -> str:
    """A name in the store that says nothing and is taken by nobody."""
    return secrets.token_hex(16)


def keep(owner_id: int, place: str, content: Content) -> File:
    """The File of a Content whose bytes are at this place."""
    facts = dict(name=content.name, media_type=content.media_type, size=content.size, sha256=content.sha256)
    file = File(owner_id=owner_id, place=place, uploaded_at=clock.now(), **facts)
    db.session.add(file)
    db.session.flush()
    return file


def forget(file: File) -> str:
    """Delete the row; answers the place that can be emptied after the commit."""
    db.session.delete(file)
    db.session.flush()
    return file.place
