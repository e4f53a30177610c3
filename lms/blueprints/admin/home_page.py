"""What an admin's home is made of: our own rows, and what workers left in Redis. No node is asked, and the number of statements is fixed."""

from lms import failed_jobs, health
from lms.domain.accounts import queries as accounts
from lms.domain.checkout import queries as checkout
from lms.domain.desk import cases, home_figures, home_trends
from lms.domain.governance import queries as drafts
from lms.domain.learning import exercise_queries as exercises
from lms.domain.onchain import queries as onchain

_DECIDED = ("applications", "courses", "cases new", "cases waiting", "cases late", "payouts", home_figures.DRAFTS)  # by an admin, and by nobody else


def facts(admin):
    """For the template; `trends` by the names of home_figures.now()."""
    values = home_figures.now() | {home_figures.FAILED_JOBS: failed_jobs.count(), home_figures.DRAFTS: drafts.proposed_count()}
    found = home_trends.of(values)
    seen, to_grade = onchain.chain_state(), exercises.to_grade_count(admin)
    return {
        "trends": found,
        "days": home_trends.DAYS,
        "longest": home_figures.LONGEST,
        "low": home_figures.LOW,
        "ages": cases.AGES,
        "runways": {name.removeprefix("runway "): trend for name, trend in found.items() if name.startswith("runway ")},
        "to_decide": sum(values[name] for name in _DECIDED) + to_grade,
        "seen": seen,
        "is_silent": seen is None or onchain.is_silent(seen.seen_at),
        "members": accounts.counts(),
        "orders": checkout.paid_count(),
        "operations": onchain.counts(),
        "to_grade": to_grade,
        "parts": health.look(),
    }
