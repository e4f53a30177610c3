"""An admin reads each credit that a withdrawal consists of."""

import re
from datetime import timedelta
from html import unescape

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.checkout import splits
from lms.domain.courses.models import Course
from lms.domain.withdrawals.models import Withdrawal
from tests.blueprints.test_every_evidence import ready, settle
from tests.blueprints.test_evidence import run_due, study
from tests.blueprints.test_payouts import asked
from tests.blueprints.test_provenance import credit
from tests.conftest import give, sell, teo
from tests.domain.test_payout_details import bank_of


@pytest.fixture
def lines(log_in, ada):
    """lines(withdrawal) are the rows of the page, as HTML, the oldest first."""

    def read(withdrawal, page=1):
        answer = log_in(ada).get(f"/admin/payouts/{withdrawal.id}/provenance?page={page}")
        assert answer.status_code == 200
        return re.findall(r"<tr>\s*<td.*?</tr>", answer.text, re.DOTALL)

    return read


def words(html):
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", html).split()))


def test_each_piece_says_how_much_of_which_credit_it_is(lines, ana):
    give(ana, 5)
    first, last = lines(asked(ana, 12))
    assert "Grant" in words(first) and words(first).endswith("5.00 TEO all of it")
    assert words(last).endswith("7.00 TEO of 12.00 TEO")


def test_a_lesson_leads_to_its_place_in_the_course_and_to_the_order(lines, ana, course):
    order = sell(ana, course)
    study(ana, course, 1)
    clock.advance(timedelta(days=31))
    run_due()
    lesson = db.session.get(Course, course.id).lessons[0]
    found = next(line for line in lines(asked(ana, 20)) if "Lesson completed" in line)
    assert f'href="/admin/courses/{course.slug}#lesson-{lesson.id}">{lesson.title}</a>' in found
    assert f'href="/admin/courses/{course.slug}">{course.title}</a> · <a href="/admin/orders/{order.id}">Order {order.id}</a>' in found


def test_a_sale_leads_to_its_order_and_what_is_on_the_chain_to_its_operation(lines, ana, tea, course, chain):
    bank_of(tea)
    ready(ana, tea)
    with transaction():
        splits.set_policy(tea, splits.ALWAYS)
    give(ana, 20)
    order = sell(ana, course, level_bp=1000)
    settle()
    first = lines(asked(tea, 12))[0]
    assert "TEO of a sale" in first and f'<a href="/admin/orders/{order.id}">' in first and 'href="/operations/1">Operation 1</a>' in first and "waits for" not in first


def test_a_deposit_names_its_transaction_and_what_names_nothing_says_so(lines, ana):
    credit(ana, 5, "deposit", transactions=["0x" + "5e" * 32])
    credit(ana, 5, "found in a drawer", by="x", order="of long ago")
    deposit, drawer, _ = (words(line) for line in lines(asked(ana, 12)))
    assert deposit.startswith("Deposit 0x5e5e…5e5e ")
    assert drawer.startswith("Found in a drawer of no course, order or transaction ") and "waits for the next batch" in drawer


def test_pages_are_of_24_and_take_as_many_statements(ana, bruno, ada, log_in, lines, statements):
    for number in range(25):
        credit(ana, 1, "grant", number=number)
    withdrawals = [asked(ana, 26), asked(bruno, 20, key="w2", digits="cd")]
    assert [len(lines(withdrawals[0], page)) for page in (1, 2, 3)] == [24, 2, 2]
    browser, counts = log_in(ada), []
    for withdrawal in withdrawals:
        with statements() as seen:
            browser.get(f"/admin/payouts/{withdrawal.id}/provenance")
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_one_that_the_ledger_does_not_know_says_so(log_in, ada, ana):
    with transaction():
        bare = Withdrawal(key="bare", user_id=ana.id, to="0x" + "ab" * 20, amount=teo(20), state="checking", rule_version=1, requested_at=ana.created_at)
        db.session.add(bare)
    page = words(log_in(ada).get(f"/admin/payouts/{bare.id}/provenance").text)
    assert "Of 20.00 TEO the ledger names no credit." in page and "The ledger names no credit of this withdrawal." in page


def test_the_case_leads_there_and_ones_own_does_not(log_in, ada, ana):
    browser, others, own = log_in(ada), asked(ana, 20), asked(ada, 300, key="w2", digits="cd")
    link = f'href="/admin/payouts/{others.id}/provenance"'
    assert link in browser.get(f"/admin/payouts/{others.id}").text
    assert f"/admin/payouts/{own.id}/provenance" not in browser.get(f"/admin/payouts/{own.id}").text
    refused = browser.get(f"/admin/payouts/{own.id}/provenance")
    assert refused.status_code == 403 and "It is your own: another admin looks at it." in refused.text
