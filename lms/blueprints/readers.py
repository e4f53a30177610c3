"""Who reads, and what a course is to them."""

from flask_login import current_user

from lms.domain.learning import queries as learning
from lms.errors import NotFound


def reader():
    """The member logged in, or None for a visitor."""
    return current_user._get_current_object() if current_user.is_authenticated else None


def standing_or_404(course):
    """The reader's Standing to a course he may know of."""
    standing = learning.standing(course, reader()) if course else None
    if standing is None or not standing.may_see:
        raise NotFound("There is no such course.")
    return standing
