"""What the tests put on the stage beside the pages, each done by a process of its own in the site's environment."""

from datetime import timedelta

from lms import clock, create_app
from lms.db import db, transaction
from lms.domain.accounts import queries as members
from lms.domain.checkout import coupons
from lms.domain.courses import actions as courses
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.wallet.models import LinkedWallet
from lms.jobs import solvency
from lms.queue import enqueue


def make_rich(email, address):
    """500 TEO, a wallet and the place of a member of more than a week."""
    with create_app("cli").app_context():
        member = members.by_email(email)
        with transaction():
            member.created_at -= timedelta(days=8)
            _give(f"gift {email}", member, 500)
            db.session.add(LinkedWallet(user_id=member.id, address=address, linked_at=clock.now() - timedelta(days=8)))
        enqueue("settlement.settle")


def offer(email, title):
    """A published course of 50.00 € with a discount of up to 15 %, a coupon of 25 % for it, and 50 TEO for its buyer."""
    with create_app("cli").app_context():
        buyer, teacher = members.by_email(email), members.by_email("teacher@example.org")
        with transaction():
            course = courses.create(teacher, title)
            facts = dict(summary="Of ropes.", description="Of ropes.", subject="Arts", language="en")
            courses.change(course, title=title, price=5000, reward_bp=200, discount_bp=1500, **facts)
            course.state, course.published_at = "published", clock.now()
            coupons.create(teacher, title.replace(" ", "-"), course=course, percent_bp=2500)
            _give(f"gift {title}", buyer, 50)


def count():
    """Today's count of all balances, taken now."""
    with create_app("cli").app_context():
        solvency.publish()


def _give(key, user, amount):
    source, target = books.platform("TEO", "issuance"), books.member(user.id, "TEO", "available")
    ledger.post(key, source, target, amount * 1_000_000, "grant", evidence={"by": "test"})
