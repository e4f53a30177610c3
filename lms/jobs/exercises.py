"""What happens to work in review by the passing of time."""

from lms import live
from lms.domain.learning import exercise_queries as queries
from lms.domain.learning import exercises
from lms.jobs import one_by_one


def replace():
    """Ask others in the place of reviewers who said nothing in time."""
    for _, author_id in one_by_one.each(_replace, queries.silent()):
        if author_id:
            live.push(author_id, "notices_chip")


def _replace(review_id):
    return exercises.replace_silent(review_id)
