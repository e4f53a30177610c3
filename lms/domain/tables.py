"""Every table, imported: for Alembic, the CLI and relationships across nouns."""

from lms.domain.accounts import models as accounts
from lms.domain.applications import models as applications
from lms.domain.audit import models as audit
from lms.domain.certificates import badge_models as badges
from lms.domain.certificates import models as certificates
from lms.domain.checkout import models as checkout
from lms.domain.checkout import paper_models as papers
from lms.domain.checkout import payment_models as payments
from lms.domain.courses import models as courses
from lms.domain.courses import quiz_models as quizzes
from lms.domain.desk import simulation_models as simulations
from lms.domain.desk import snapshot_models as snapshots
from lms.domain.files import models as files
from lms.domain.governance import models as governance
from lms.domain.learning import attempt_models as quiz_attempts
from lms.domain.learning import exercise_models as exercises
from lms.domain.learning import models as learning
from lms.domain.ledger import models as ledger
from lms.domain.notices import models as notices
from lms.domain.onchain import models as onchain
from lms.domain.rewards import models as rewards
from lms.domain.rulebook import models as rulebook
from lms.domain.staking import models as staking
from lms.domain.wallet import models as wallet
from lms.domain.withdrawals import bank_file_models as bank_files
from lms.domain.withdrawals import models as withdrawals
from lms.domain.withdrawals import payout_models as payouts

__all__ = ["accounts", "applications", "audit", "badges", "bank_files", "certificates", "checkout", "courses", "exercises", "files", "governance", "learning", "ledger", "notices", "onchain", "papers", "payments", "payouts", "quiz_attempts", "quizzes", "rewards", "rulebook", "simulations", "snapshots", "staking", "wallet", "withdrawals"]
