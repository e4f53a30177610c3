"""What an admin's home is made of: our own rows, and what workers left in Redis. No node is asked, and the number of statements is fixed."""

from lms import failures, health
from lms.domain.accounts import queries as accounts
from lms.domain.checkout import queries as checkout
from lms.domain.desk import measures, trends
from lms.domain.learning import exercise_queries as exercises
from lms.domain.onchain import queries as onchain
from lms.domain.withdrawals import payout_queries

_DECIDED = ("applications", "courses", "cases new", "cases waiting", "cases late")  # by an admin, and by nobody else


def facts(admin):
    """For the template; `trends` by the names of measures.now()."""
    values = measures.now() | {measures.FAILED_JOBS: failures.count()}
    found = trends.of(values)
    seen = onchain.chain_state()
    return {
        "trends": found,
        "days": trends.DAYS,
        "longest": measures.LONGEST,
        "runways": {name.removeprefix("runway "): trend for name, trend in found.items() if name.startswith("runway ")},
        "to_decide": sum(values[name] for name in _DECIDED),
        "seen": seen,
        "is_silent": seen is None or onchain.is_silent(seen.seen_at),
        "members": accounts.counts(),
        "orders": checkout.paid_count(),
        "operations": onchain.counts(),
        "to_grade": exercises.to_grade_count(admin),
        "bank_payouts": payout_queries.counts(),
        "parts": health.look(),
    }
