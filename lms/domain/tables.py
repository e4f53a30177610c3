"""Every table, imported: for Alembic, the CLI and relationships across nouns."""

from lms.domain.accounts import models as accounts
from lms.domain.audit import models as audit
from lms.domain.certificates import models as certificates
from lms.domain.checkout import models as checkout
from lms.domain.courses import models as courses
from lms.domain.learning import models as learning
from lms.domain.ledger import models as ledger
from lms.domain.notices import models as notices
from lms.domain.onchain import models as onchain
from lms.domain.rewards import models as rewards
from lms.domain.rulebook import models as rulebook
from lms.domain.staking import models as staking
from lms.domain.wallet import models as wallet
from lms.domain.withdrawals import models as withdrawals

__all__ = ["accounts", "audit", "certificates", "checkout", "courses", "learning", "ledger", "notices", "onchain", "rewards", "rulebook", "staking", "wallet", "withdrawals"]
