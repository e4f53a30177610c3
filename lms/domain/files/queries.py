"""Uploads found."""

from collections.abc import Iterable

from sqlalchemy import select

from lms.db import db
from lms.domain.files.models import File


def unknown(places: Iterable[str]) -> set[str]:
    """Those of these places in the store that no File names."""
    return set(places) - set(db.session.scalars(select(File.place))) if places else set()
