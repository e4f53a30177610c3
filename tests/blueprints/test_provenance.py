"""An admin reads where the tokens of a withdrawal come from."""

import re
from html import unescape

import pytest

from lms.db import db, transaction
from lms.domain.desk import provenance
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.ledger.balance_parts import TEO
from lms.domain.withdrawals.models import Withdrawal
from tests.blueprints.test_every_evidence import ready, settle
from tests.blueprints.test_payouts import asked
from tests.conftest import give, publish, sell, teo
from tests.domain.test_provenance import sell_for_teo


@pytest.fixture
def card(log_in, ada):
    """card(withdrawal) is what stands in the card on the case's page."""

    def read(withdrawal):
        page = log_in(ada).get(f"/admin/payouts/{withdrawal.id}")
        assert page.status_code == 200
        found = re.search(r'<section class="card">(?:(?!</section>).)*Where these TEO come from.*?</section>', page.text, re.DOTALL)
        return found and found.group()

    return read


def words(card):
    """What a person reads there."""
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", card).split()))


def credit(user, amount, reason, **evidence):
    with transaction():
        source, target = books.platform(TEO, "issuance"), books.member(user.id, TEO, "available")
        ledger.post(f"{reason} {evidence}", source, target, teo(amount), reason, evidence=evidence)


@pytest.fixture
def sold(ana, bruno, tea, course):
    """A teacher's withdrawal of 21 TEO: what two buyers paid with, the bonus on it, and of a grant the rest."""
    sell_for_teo(tea, course, ana, bruno)
    return asked(tea, 21)


def test_the_table_says_kind_course_buyers_and_how_much(card, sold, course):
    seen = card(sold)
    said = words(seen)
    assert re.search(r"TEO of a sale How chains work · 2 buyers \d+ \w+ 20\d\d 16\.00 TEO 2 credits", said)
    assert re.search(r"Bonus of a sale How chains work · 2 buyers \d+ \w+ 20\d\d 4\.00 TEO 2 credits", said)
    assert re.search(r"Grant \d+ \w+ 20\d\d 1\.00 TEO 1 credit ", said)
    assert f'href="/admin/courses/{course.slug}"' in seen and "Where these TEO come from 5 credits" in said


def test_the_picture_says_to_who_does_not_see_it_what_it_shows(card, sold):
    seen = card(sold)
    assert 'role="img" aria-label="TEO of a sale 16.00 TEO, Bonus of a sale 4.00 TEO, Grant 1.00 TEO"' in seen
    parts = re.findall(r'<rect class="series s-(\d)" x="([\d.]+)%" y="-2" width="([\d.]+)%"', seen)
    assert parts == [("0", "0.000", "76.190"), ("1", "76.190", "19.048"), ("2", "95.238", "4.762")]


def test_what_is_on_the_chain_leads_to_its_operation(card, ana, chain):
    ready(ana)
    give(ana, 100)
    settle()
    give(ana, 50)
    settle()
    assert re.search(r'href="/operations/2">Operation 2</a> and 1 before', card(asked(ana, 200)))


def test_a_deposit_is_named_by_its_transaction_and_an_unknown_kind_by_its_word(card, ana):
    credit(ana, 5, "deposit", transactions=["0x" + "5e" * 32])
    credit(ana, 5, "found in a drawer", course="<b>Bees</b>")
    said = words(card(asked(ana, 205)))
    assert "Deposit 0x5e5e…5e5e" in said and "Found in a drawer <b>Bees</b>" in said


def test_the_table_is_short_and_says_what_it_leaves_out(card, ana, tea, monkeypatch):
    monkeypatch.setattr(provenance, "MOST_SOURCES", 2)
    monkeypatch.setattr(provenance, "MOST_KINDS", 1)
    for number in range(3):
        credit(ana, 2 + number, "lesson", course=f"Course {number}")
    credit(ana, 1, "completion", course="Course 1")
    said = words(card(asked(ana, 300)))
    assert "Grant" in said and "and 3 smaller ones 6.00 TEO 3 credits" in said
    assert "Course 2" in said and "Course 0" not in said and "Other kinds 10.00" in said


def test_a_case_takes_as_many_statements_with_many_credits(ana, bruno, tea, ada, log_in, statements):
    for number in range(3):
        sell(bruno, publish(tea, f"Course {number}", price=8000), f"pay_{number}")
    browser, counts = log_in(ada), []
    for withdrawal in (asked(ana, 300), asked(bruno, 310, key="w2", digits="cd")):
        browser.get(f"/admin/payouts/{withdrawal.id}")
        with statements() as seen:
            browser.get(f"/admin/payouts/{withdrawal.id}")
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_one_that_the_ledger_does_not_know_has_no_table(card, ana):
    with transaction():
        bare = Withdrawal(key="bare", user_id=ana.id, to="0x" + "ab" * 20, amount=teo(20), state="checking", rule_version=1, requested_at=ana.created_at)
        db.session.add(bare)
    assert card(bare) is None
