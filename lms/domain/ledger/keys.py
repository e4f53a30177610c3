"""The key of what is done once: sent again it finds what it did, and with something else in it it does nothing."""

from typing import TypeVar

from sqlalchemy import select

from lms.db import Model, db
from lms.errors import DomainError

Row = TypeVar("Row", bound=Model)


class KeyReused(DomainError):
    """The same key was used for something else."""


def made(model: type[Row], key: str, **asked: object) -> Row | None:
    """The row this key has made before, or None; raises KeyReused when something else was asked for with it then."""
    first = db.session.scalar(select(model).filter_by(key=key))
    if first is not None and any(getattr(first, name) != value for name, value in asked.items()):
        raise KeyReused("This form was sent already, with something else in it. Load the page again to see what has become of it.")
    return first
