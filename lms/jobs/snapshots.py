"""What an admin's home counts, noted every hour: of each day the last number stays."""

from lms import failed_jobs
from lms.db import transaction
from lms.domain.desk import home_figures, home_trends
from lms.domain.governance import queries as drafts


def take():
    """Run by the clock."""
    with transaction():
        home_trends.note(home_figures.now() | {home_figures.FAILED_JOBS: failed_jobs.count(), home_figures.DRAFTS: drafts.proposed_count()})
