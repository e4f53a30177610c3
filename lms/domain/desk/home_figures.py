"""The numbers of an admin's home as they are now, each by its name: our own rows alone, in a fixed number of statements."""

from lms.domain.applications import queries as applications
from lms.domain.audit import queries as audit
from lms.domain.checkout import queries as checkout
from lms.domain.courses import queries as courses
from lms.domain.desk import cases
from lms.domain.notices import failed
from lms.domain.onchain import figures
from lms.domain.onchain import queries as onchain
from lms.domain.onchain.models import Signer
from lms.domain.withdrawals import payout_queries

LONGEST = 999  # days of a runway: one that is longer needs nobody, and a chain for trying out gives gas for ever
LOW = 7  # days of a runway that should be refilled
FAILED_JOBS = "failed jobs"  # in Redis, not here: who may ask there adds how many
DRAFTS = "drafts"  # of the rulebook, proposed: the noun above this one knows how many


def now() -> dict[str, int | None]:
    """{name: value}; None where nobody has seen it yet, or nothing was spent. Blocks of lag, days of a runway, else how many."""
    euros = payout_queries.counts()
    return {
        "applications": applications.waiting_count(),
        "courses": courses.waiting_count(),
        "disputes": checkout.open_disputes(),
        **{f"cases {age}": count for age, count in cases.ages().items()},
        "payouts": euros.get("in review", 0),
        "payouts to pay": euros.get("approved", 0),
        "failed mails": failed.count(),
        "incidents": audit.open_count(),
        "lag": onchain.lag(),
        **{runway_of(lane.signer): lane.runway if lane.runway is None else min(lane.runway, LONGEST) for lane in figures.working_lanes()},
    }


def runway_of(signer: Signer) -> str:
    """The name of its runway."""
    return f"runway {signer.address}"
