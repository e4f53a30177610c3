"""Refusals: sentences a person understands. One handler (lms/error_pages.py) turns them into a page, a fragment or JSON."""

from typing import Any


class DomainError(Exception):
    """A rule says no. `message` is a translatable sentence with %(name)s places, filled from `values`."""

    status = 409
    way_on: tuple[str, Any] | None = None  # (endpoint, words of its button): the page that helps, where there is one

    def __init__(self, message: str, **values: Any) -> None:
        super().__init__(message % values if values else message)
        self.message = message
        self.values = values


class Invalid(DomainError):
    """What was sent has the wrong shape or size."""

    status = 422


class NotFound(DomainError):
    """There is no such thing, or it is none of the asker's business."""

    status = 404


class Forbidden(DomainError):
    """It exists, but not for this member."""

    status = 403


class Unavailable(DomainError):
    """A part we depend on is down; trying again later helps."""

    status = 503
