"""Where each example begins: four people with TEO on the chain, three courses, a coupon for each, a sale decided, one that waits, and an order not paid yet."""

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts.models import User
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import splits
from lms.domain.checkout.models import Coupon
from lms.domain.courses.models import Course
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.ledger.models import Holder
from lms.domain.onchain import deployments
from lms.domain.rulebook import actions as rulebook
from lms.domain.rulebook import queries
from lms.domain.rulebook.models import RulebookVersion
from lms.domain.staking import actions as staking
from lms.domain.wallet import actions as wallet
from lms.domain.wallet.models import LinkedWallet, Wallet
from lms.domain.withdrawals import releases
from tests import rows
from tests.conftest import give, publish, sell, teo
from tests.domain.test_payout_details import bank_of
from tests.economy.chain import Chain

GIFTS = {"ana": 150, "bruno": 60, "tea": 400, "ugo": 20}
STUDENTS, TEACHERS = ("ana", "bruno"), ("tea", "ugo")
COURSES = {"Knots": ("tea", 9_999), "Bees": ("tea", 2_000), "Chains": ("ugo", 8_000)}
COUPONS = {"Knots": "TEN", "Bees": "WHOLE", "Chains": "FIVER"}  # 10 %, once; more than the course costs; 5 EUR
LESSONS = 4
DAILY = teo(3)  # rewards of a member: so low that some wait for the next day


class World:
    """Made once a test, by names; `begin` puts its rows back as they were, and the clock."""

    def __init__(self, member, clock_file):
        self._clock_file = Path(clock_file)
        with transaction():
            self._rules()
        self.users = {name: member(name, role="teacher" if name in TEACHERS else "student").id for name in GIFTS}
        self.users["ada"], self.users["otto"] = member("ada", role="admin").id, member("otto", role="admin").id
        self.courses = {title: self._publish(title, *facts) for title, facts in COURSES.items()}
        for name, amount in GIFTS.items():
            give(self.user(name), amount)
        with transaction():
            self._coupons()
            self._addresses()
            self.user("ugo").teacher_since = clock.now() - timedelta(days=365)
            splits.set_policy(self.user("ugo"), splits.ALWAYS)
            for name in TEACHERS:
                bank_of(self.user(name))
            self._linked = {name: self._link(name) for name in GIFTS}
        self.sales = [self._sell("bruno", "Chains"), self._sell("ana", "Knots")]
        with transaction():
            self.order = checkout.place_order(self.user("bruno"), self.course("Bees"), "form", level_bp=1500).id
        self._chain = Chain()
        with transaction():
            self._chain.see()
            self._chain.mine(wallet.open_batch())
        with transaction():
            self._long_ago()
        self._rows = rows.everything()

    def begin(self):
        """Answers the chain as it was then."""
        db.session.rollback()
        db.session.remove()
        self._clock_file.unlink(missing_ok=True)
        rows.empty()
        rows.put(self._rows)
        return deepcopy(self._chain)

    def user(self, name):
        return db.session.get_one(User, self.users[name])

    def course(self, title):
        return db.session.get_one(Course, self.courses[title])

    def address(self, name):
        """Where the member's TEO stand on the chain."""
        return f"0x{self.users[name]:040x}"

    def linked(self, name):
        """The id of the member's own address."""
        return self._linked[name]

    def _rules(self):
        """Rewards reach the cap of a day soon, one reviewer is enough, and a second version holds from the next day on: sooner than it may be, or few histories would come there."""
        first = replace(queries.version(1), user_daily_cap=DAILY, peer_reviewers=1)
        db.session.get_one(RulebookVersion, 1).rules = queries.as_row(first)
        db.session.flush()
        second = rulebook.announce(replace(first, accept_bonus_bp=2000, lessons_bp=300), clock.now() + timedelta(days=14, minutes=1))
        second.in_force_from = clock.now() + timedelta(hours=20)

    def _publish(self, title, teacher, price):
        course = publish(self.user(teacher), title, price=price, lessons=LESSONS, reward_bp=0 if title == "Chains" else 200)
        with transaction():
            course.discount_bp = 1500
            course.lessons[0].exercise = "Tie one."
        return course.id

    def _sell(self, buyer, course):
        return sell(self.user(buyer), self.course(course), f"pay of {buyer}", level_bp=1500, vat_rate=2200).id

    def _long_ago(self):
        """Euros that wait to be paid out, a stake that may be asked out, and TEO outside that may be sent here."""
        ledger.post("earned before", books.platform("EUR", "platform"), books.member(self.users["tea"], "EUR", "available"), 10_000, "matured", evidence={"by": "test"})
        staking.stake("long ago", self.user("tea"), teo(100)).unlocks_at = clock.now()
        self._chain.mine(releases.queue(releases.release("long ago", self.user("ana"), "0x" + "0f" * 20, teo(30))))

    def _link(self, name):
        since = clock.now() - timedelta(days=2)
        own = LinkedWallet(user_id=self.users[name], address=f"0x{self.users[name]:038x}0f", linked_at=since)
        db.session.add(own)
        db.session.flush()
        return own.id

    def _coupons(self):
        begins = clock.now() - timedelta(days=1)
        db.session.add(Coupon(teacher_id=self.users["tea"], code="TEN", percent_bp=1000, most_uses=1, starts_at=begins))
        db.session.add(Coupon(teacher_id=self.users["tea"], code="WHOLE", amount=3000, starts_at=begins))
        db.session.add(Coupon(teacher_id=self.users["ugo"], code="FIVER", amount=500, starts_at=begins))

    def _addresses(self):
        deployments.begin_deployment(31337, "0x0", "0x" + "cd" * 20)
        for holder in db.session.query(Holder):
            sealed = dict(ciphertext=b"c", wrapped_key=b"w", kek_version=1, created_at=clock.now())
            db.session.add(Wallet(holder_id=holder.id, address=f"0x{holder.user_id or 0xfeed:040x}", must_move=False, **sealed))
