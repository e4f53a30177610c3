"""What happens to quizzes under way by the passing of time."""

from lms.domain.learning import quiz_queries as queries
from lms.domain.learning import quizzes
from lms.jobs import one_by_one


def close():
    """Close the attempts whose time is up, with what was saved."""
    for _ in one_by_one.each(quizzes.close_late, queries.late_ids()):
        pass
