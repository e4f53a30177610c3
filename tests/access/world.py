"""Somebody of each kind, and something of each kind that is theirs: what every address of the site can be asked about."""

from datetime import timedelta

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts import mailed_links, sessions
from lms.domain.applications.models import Application
from lms.domain.audit.models import Incident
from lms.domain.certificates import badges
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import refunds
from lms.domain.checkout.models import Coupon
from lms.domain.checkout.payment_models import Dispute, RefundByHand
from lms.domain.learning import queries as enrolments
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.ledger.models import Transfer
from lms.domain.notices import actions as notices
from lms.domain.notices.models import Notice
from lms.domain.wallet import address_linking
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals import bank_files, payouts
from lms.formats.sepa import Payer
from tests.blueprints.test_applications import send
from tests.blueprints.test_wallet import give_address, settle
from tests.conftest import address_of, give, pay, publish, sell, take_part, teo
from tests.domain.test_attempts import ask as ask_in_quiz
from tests.domain.test_attempts import begin
from tests.domain.test_backtests import tried
from tests.domain.test_exercises import ask, hand_in, lesson_of, with_exercise
from tests.domain.test_payout_details import bank_of
from tests.papers import PDF

PEOPLE = {
    "unverified": dict(verified=False),
    "student": {},
    "other student": {},
    "teacher": dict(role="teacher"),
    "other teacher": dict(role="teacher"),
    "admin": dict(role="admin"),
    "suspended": dict(role="admin"),  # the strictest: an admin whose session outlived his suspension would be one still
}


class World:
    """`users` and `tokens` (of their sign-ins) by kind; `path(rule)` is an address about what is the student's, or the teacher's."""

    def __init__(self, app, member, log_in):
        self._app, self._facts, self._own = app, dict(job_id="a-job", number=1, year=clock.now().year, filename="app.css", session_id=1), {}
        self.users = {kind: member(kind.replace(" ", "."), **facts) for kind, facts in PEOPLE.items()}
        self._student, self._teacher = self.users["student"], self.users["teacher"]
        self._courses()
        give(self._student, 100)
        give_address(self._student)
        self._facts["operation_id"] = settle("mined").id
        self._exercises()
        self._quiz()
        self._orders()
        self._wallet()
        self._teachers_money()
        self._application(log_in)
        self._draft()
        self._links(log_in)
        with transaction():
            self.tokens = {kind: sessions.open_session(user) for kind, user in self.users.items()}
            self.users["suspended"].suspended_at = clock.now()

    def path(self, rule):
        """What stands for an argument may be another thing below one blueprint: a teacher changes his draft, a student reads what is published."""
        facts = self._facts | self._own.get(rule.endpoint.partition(".")[0], {}) | self._own.get(rule.endpoint, {})
        with self._app.test_request_context():
            return rule.build({name: facts[name] for name in rule.arguments})[1]

    def _courses(self):
        """One published that the student takes, one free of his, a draft, and one that an admin may decide about."""
        course, draft = publish(self._teacher, "How chains work", price=8000), publish(self._teacher, "A draft", price=1000)
        waiting, new = publish(self._teacher, "Waiting", price=1000), publish(self._teacher, "New", price=1000)
        with transaction():
            draft.state, draft.published_at = "draft", None
            waiting.state, waiting.submitted_at, waiting.published_at = "submitted", clock.now(), None
        self._course, self._new = course, new
        take_part(self._student, course, lessons=1)
        self._facts |= dict(slug=course.slug, lesson_slug="lesson-2", section_id=draft.sections[0].id, user_id=self.users["other student"].id)
        self._own |= {"teaching": dict(slug=draft.slug), "admin": dict(slug=waiting.slug), "teaching.take_back": dict(slug=waiting.slug)}

    def _exercises(self):
        """Work of the student's that the teacher grades, another's that the student reviews, and a badge of the student's."""
        lesson, other = lesson_of(with_exercise(self._course, 2), 2), self.users["other student"]
        take_part(other, self._course, lessons=0)
        work, review = hand_in(self._student, self._course, lesson=lesson), ask(hand_in(other, self._course, lesson=lesson), self._student)
        with transaction():
            enrolments.enrolment(other.id, self._course.id).ended_at = clock.now()  # and from now on the course is not his
        take_part(self._student, publish(self._teacher, "A gift", price=0))
        self._facts |= dict(submission_id=work.id, review_id=review.id, code=badges.newest_of(self._student.id, 1)[0].code)

    def _quiz(self):
        """Begun by the student; who changes it is its teacher."""
        lesson = lesson_of(self._course, 3)
        question = ask_in_quiz(lesson, "Two and two?", ("Three", "Four!"))
        begin(enrolments.enrolment(self._student.id, self._course.id), lesson)
        self._own["quizzes"] = dict(lesson_slug=lesson.slug, question_id=question.id)

    def _orders(self):
        """One paid of which a part came back by hand, one in which the teacher has to decide, one open, and money held."""
        first = sell(self._student, self._new)
        pay(first, kind="refund.succeeded", refund="re_by_hand", amount=100)
        pay(first, kind="dispute.opened", dispute="dp_1", fee=0)
        decided = sell(self._student, publish(self._teacher, "To decide", price=2000), "pay_2", level_bp=500)
        with transaction():
            waits = checkout.place_order(self._student, publish(self._teacher, "Another", price=1000), "a key")
        pay(waits, "pay_3", amount=1)
        given_back = sell(self._student, publish(self._teacher, "Given back", price=1000), "pay_4")
        with transaction():
            refunds.refund(given_back)
        held = db.session.query(Incident).filter_by(kind="payment held").one()
        self._facts |= dict(order_id=first.id, row_id=db.session.query(RefundByHand).one().id, dispute_id=db.session.query(Dispute).one().id, incident_id=held.id)
        self._own |= {"checkout.papers.credit_note": dict(order_id=given_back.id)}
        self._own |= {"decisions": dict(order_id=decided.id), "checkout.pay": dict(order_id=waits.id), "checkout.cancel": dict(order_id=waits.id)}

    def _wallet(self):
        own = address_of(self._student)
        with transaction():
            withdrawal = withdrawals.request("a key", self._student, own.id, teo(20))
            withdrawals.check(withdrawal)
            withdrawal.state, withdrawal.flags, withdrawal.approvals_needed = "in review", ["amount"], 1
            notices.tell(self._student.id, "teo matured", "1", amount=1)
            nonce = address_linking.challenge(self._student, "0x" + "cd" * 20).nonce
            mail = notices.write_mail(self._student, "verify")
            mail.tries = 3
        notice = db.session.query(Notice).filter_by(user_id=self._student.id, kind="teo matured").one()
        gift = db.session.query(Transfer).filter_by(key=f"gift {self._student.id} 100").one()
        self._facts |= dict(linked_id=own.id, withdrawal_id=withdrawal.id, mail_id=mail.id, notice_id=notice.id, movement_id=gift.id, nonce=nonce)

    def _teachers_money(self):
        with transaction():
            bank_of(self._teacher)
            ledger.post("earned", books.platform("EUR", "platform"), books.member(self._teacher.id, "EUR", "available"), 50_000, "matured", evidence={"by": "test"})
            goes, payout = payouts.request("another key", self._teacher, 1000), payouts.request("a key", self._teacher, 1000)
            payouts.approve(goes, self.users["admin"])
            bank_file = bank_files.export("a key", self.users["admin"], Payer("School", "DE02120300000000202051", "BYLADEM1001"))
            coupon = Coupon(teacher_id=self._teacher.id, code="TEN", percent_bp=1000, starts_at=clock.now() - timedelta(days=1))
            db.session.add(coupon)
        self._facts |= dict(payout_id=payout.id, bank_file_id=bank_file.id, coupon_id=coupon.id)

    def _application(self, log_in):
        send(log_in(self._student), (PDF, "degree.pdf"))
        application = db.session.query(Application).one()
        self._facts |= dict(application_id=application.id, file_id=application.documents[0].file_id)

    def _draft(self):
        with transaction():
            backtest = tried(self.users["admin"])
        self._facts |= dict(draft_id=backtest.draft_id, backtest_id=backtest.id)

    def _links(self, log_in):
        secret, other = self._app.config["SECRET_KEY"], self.users["other student"]
        with transaction():
            other.new_email = "moved@example.org"
        page = log_in(self._student).get(f"/orders/{self._own['checkout.pay']['order_id']}/pay").location
        self._facts["token"] = page.rpartition("/")[2]
        self._own["accounts.verify"] = dict(token=mailed_links.make(secret, mailed_links.VERIFY, self.users["unverified"], self.users["unverified"].email))
        self._own["accounts.reset"] = dict(token=mailed_links.make(secret, mailed_links.RESET, other, other.email))
        self._own["accounts.take_email"] = dict(token=mailed_links.make(secret, mailed_links.NEW_EMAIL, other, other.new_email))
