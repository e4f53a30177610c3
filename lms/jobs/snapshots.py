"""What an admin's home counts, noted every hour: of each day the last number stays."""

from lms import failures
from lms.db import transaction
from lms.domain.desk import measures, trends
from lms.domain.governance import queries as drafts


def take():
    """Run by the clock."""
    with transaction():
        trends.note(measures.now() | {measures.FAILED_JOBS: failures.count(), measures.DRAFTS: drafts.proposed_count()})
