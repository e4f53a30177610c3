"""The inbox, the bell over every page, and the words of each kind."""

import re
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from lms.db import db, transaction
from lms.domain.notices import actions as notices
from lms.domain.notices import kinds
from lms.domain.notices.models import Notice
from lms.ui import icon
from lms.ui.notice_words import GROUPS, NAMES, WORDS
from lms.ui.notices import said
from tests.blueprints.test_wallet import words
from tests.conftest import teo
from tests.test_live import heard as heard

# Facts of every kind, as those who tell put them in.
FACTS = {
    "withdrawal": 7,
    "amount": teo(12),
    "to": "0x71C2aF3bE4a0Aa9bE1B3C4d5E6F7a8b9C0d19E4f",
    "address": "0x71C2aF3bE4a0Aa9bE1B3C4d5E6F7a8b9C0d19E4f",
    "at": "2026-12-01T10:00:00+00:00",
    "usable_at": "2026-12-01T10:00:00+00:00",
    "until": "2026-12-01T10:00:00+00:00",
    "from": "2027-01-15",
    "day": "2026-12-01",
    "tokens": teo(8),
    "order": 3,
    "iban": "DE89 … 3000",
    "payout": 4,
    "course": "How chains work",
    "slug": "how-chains-work",
    "lesson": "The bowline",
    "lesson_slug": "the-bowline",
    "review": 3,
    "submission": 5,
    "code": "SPRING",
    "number": 2,
    "case": 7,
    "draft": 6,
    "incident": "foreign mint",
    "count": 5,
    "late": 1,
    "days": 3,
    "before": "student",
    "role": "admin",
}


def tell(user, kind="teo matured", subject="1", **facts):
    with transaction():
        notices.tell(user.id, kind, subject, **facts)
    return db.session.scalars(select(Notice).order_by(Notice.id.desc())).first()


def bell(page):
    return words(re.search(r'<a class="bell".*?</a>', page, re.DOTALL)[0])


@pytest.fixture
def of(app):
    """of(kind) says a notice of this kind, as a page would."""
    with app.test_request_context():
        yield lambda kind, facts=FACTS: said(SimpleNamespace(kind=kind, facts=facts))


def test_an_empty_inbox_says_what_will_stand_there(ana, log_in):
    page = words(log_in(ana).get("/notices").text)
    assert "Nothing to tell yet." in page


def test_the_inbox_is_for_members(client):
    assert client.get("/notices").status_code == 302


def test_the_newest_stands_first_and_the_unread_are_marked(ana, log_in):
    tell(ana, amount=teo(5))
    tell(ana, "course approved", "2", course="How chains work", slug="how-chains-work")
    page = words(log_in(ana).get("/notices").text)
    assert re.search("Your course is published “How chains work” can be bought from now on. new · .*TEO became yours 5.00 TEO have matured .* new · ", page)
    assert bell(log_in(ana).get("/courses").text) == "Notices 2 unread"


def test_opening_one_reads_it_and_leads_to_its_page(ana, log_in):
    notice = tell(ana, amount=teo(5))
    answer = log_in(ana).get(f"/notices/{notice.id}")
    assert (answer.status_code, answer.location) == (303, "/wallet")
    assert bell(log_in(ana).get("/courses").text) == "Notices"


def test_one_that_leads_nowhere_leads_back_to_the_inbox(ana, log_in):
    notice = tell(ana, "comet seen")
    assert log_in(ana).get(f"/notices/{notice.id}").location == "/notices"


def test_a_notice_is_its_members_alone(ana, bruno, log_in):
    notice = tell(ana)
    assert log_in(bruno).get(f"/notices/{notice.id}").status_code == 404
    assert "TEO became yours" not in log_in(bruno).get("/notices").text
    db.session.expire_all()
    assert notice.read_at is None


def test_all_are_read_at_once_and_only_ones_own(ana, bruno, log_in):
    tell(ana), tell(ana, subject="2")
    tell(bruno)
    assert log_in(ana).post("/notices/read").location == "/notices"
    assert bell(log_in(ana).get("/notices").text) == "Notices"
    assert bell(log_in(bruno).get("/notices").text) == "Notices 1 unread"


def test_what_was_read_is_counted_again_on_the_other_open_pages(ana, log_in, heard):
    notice = tell(ana)
    news = heard(ana)
    log_in(ana).get(f"/notices/{notice.id}")
    came = news()
    assert set(came) == {"notices_chip", "notices"}
    assert "unread" not in came["notices_chip"] and ">new ·" not in came["notices"]


def many(user, count):
    with transaction():
        for number in range(count):
            notices.tell(user.id, "teo matured", number, amount=teo(1))


def test_older_ones_are_on_the_next_page(ana, log_in):
    many(ana, 30)
    browser = log_in(ana)
    assert browser.get("/notices").text.count('id="notice-') == 24
    assert browser.get("/notices?page=2").text.count('id="notice-') == 6


def test_the_bell_counts_to_99(ana, log_in):
    many(ana, 120)
    assert bell(log_in(ana).get("/courses").text) == "Notices 99+ unread"


@pytest.mark.parametrize("count", [1, 100])
def test_the_inbox_takes_four_statements_however_many_there_are(ana, log_in, statements, count):
    many(ana, count)
    browser = log_in(ana)
    db.session.expunge_all()
    with statements() as seen:
        assert browser.get("/notices").status_code == 200
    assert len(seen) == 4  # the sign-in, the head of the page, the count, the notices


@pytest.mark.parametrize("count", [1, 100])
def test_the_wallet_counts_them_within_its_one_statement(ana, log_in, statements, count):
    many(ana, count)
    browser = log_in(ana)
    with statements() as seen:
        page = browser.get("/wallet").text
    assert len(seen) == 1
    assert bell(page) == f"Notices {'1' if count == 1 else '99+'} unread"


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_every_kind_has_an_icon_a_whole_sentence_and_a_page(of, kind):
    told = of(kind)
    assert icon(told.icon)
    assert told.sentence and "…" not in told.sentence.replace("0x71C2…9E4f", "").replace("DE89 … 3000", "")
    assert told.href and told.label


def test_no_words_are_of_a_kind_or_group_there_is_not():
    assert set(WORDS) - {"sale accepted", "sale declined", "role of another changed"} == set(kinds.KINDS) - {"sale decided"}
    assert set(GROUPS) == set(kinds.GROUPS) == {kind.group for kind in kinds.KINDS.values()}
    assert set(NAMES) == set(kinds.KINDS)


def test_amounts_dates_and_addresses_are_read_as_people_read_them(of):
    assert of("withdrawal sent").sentence == "12.00 TEO are at 0x71C2…9E4f."
    assert of("payout paid", {"amount": 12_34}).sentence == "12.34 € were sent to your bank account."
    assert of("wallet linked").sentence.startswith("0x71C2…9E4f can be used from 1 Dec 2026, 10:00 UTC.")
    assert "on 1 Dec 2026." in of("reward deferred").sentence


def test_a_reason_stands_behind_its_sentence(of):
    assert of("payout rejected", {"amount": 1000, "why": "The name is another."}).sentence.endswith("Why: The name is another.")
    assert of("course returned", {"course": "Bread", "comment": "Add a summary."}).sentence.endswith("Why: Add a summary.")
    assert "ended" in of("withdrawal given back", {"amount": 1, "why": "ReleaseExpired(1)"}).sentence


def test_a_decided_sale_says_what_was_decided(of):
    assert of("sale decided", FACTS | {"accepted": True}).sentence != of("sale decided", FACTS | {"accepted": False}).sentence


def test_a_kind_or_fact_we_do_not_know_never_fails(of, ana, log_in):
    assert (of("comet seen").title, of("comet seen").href) == ("Comet seen", None)
    assert "…" in of("withdrawal sent", {"amount": "much"}).sentence
    tell(ana, "comet seen"), tell(ana, "withdrawal sent")
    assert "Comet seen" in log_in(ana).get("/notices").text


def test_what_people_wrote_is_escaped(ana, log_in):
    tell(ana, "course returned", course="<script>x</script>", slug="x", comment="<b>")
    page = log_in(ana).get("/notices").text
    assert "<script>x" not in page and "&lt;script&gt;x" in page and "<b>" not in page


@pytest.mark.parametrize(("kind", "place"), [("order refunded", "/orders/3"), ("sale refunded", "/teach/sales"), ("rulebook announced", "/rulebook/2"), ("wallet linked", "/wallet/addresses"), ("withdrawal sent", "/wallet/withdrawals/7"), ("sale waiting", "/teach/decisions"), ("badge earned", "/badges/SPRING")])
def test_a_notice_leads_to_the_page_it_is_about(of, kind, place):
    assert of(kind).href == place


def test_an_admin_is_led_to_where_he_acts_and_reads_no_sum(of):
    places = {
        "case waits": "/admin/payouts",
        "payout waits": "/admin/bank-payouts/",
        "second word wanted": "/admin/payouts/7",
        "draft proposed": "/admin/rulebook/6",
        "incident opened": "/admin/incidents",
    }
    assert {kind: of(kind).href for kind in places} == places
    assert of("second word wanted", {"payout": 4, "case": 4}).href == "/admin/bank-payouts/4"
    assert not any("12.00" in of(kind).sentence or "0x71" in of(kind).sentence for kind in places)
    assert of("case waits").sentence.startswith("Waiting when this was written: 5, of them longer than 3 days: 1.") and "“A mint that is not ours”" in of("incident opened").sentence
