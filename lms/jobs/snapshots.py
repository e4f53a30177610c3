"""What an admin's home counts, noted every hour: of each day the last number stays."""

from lms import failures
from lms.db import transaction
from lms.domain.desk import measures, trends


def take():
    """Run by the clock."""
    with transaction():
        trends.note(measures.now() | {measures.FAILED_JOBS: failures.count()})
