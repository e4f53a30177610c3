"""A teacher asks for his euros and sees where they are; admins look, pay, or say why not."""

import re
from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.ledger import queries as books
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals import halt, payout_details, payouts, review
from lms.domain.withdrawals.payout_models import Payout, PayoutDetails
from tests.conftest import PASSWORD, address_of, give, teo
from tests.desk import share_a_browser
from tests.domain.test_payout_details import DETAILS
from tests.domain.test_payouts import earn
from tests.domain.test_payouts import rich as rich

TYPED = DETAILS | {"iban": "DE89 3704 0044 0532 0130 00", "password": PASSWORD}


@pytest.fixture
def browser(log_in, rich):
    return log_in(rich)


@pytest.fixture
def payout(rich):
    with transaction():
        return payouts.request("k", rich, 200_00)


@pytest.fixture
def admin(payout, log_in, ada):
    return log_in(ada)


def act(admin, payout, what, **fields):
    return admin.post(f"/admin/bank-payouts/{payout.id}/{what}", data=fields)


def parts(user):
    found = books.euros_of(user.id)
    return found["available"], found["requested"]


# The teacher


def test_before_the_first_payout_the_details_are_asked_for(log_in, tea):
    earn(tea, 500_00)
    page = log_in(tea).get("/teach/payouts").text
    assert "Before the first payout" in page and 'href="/teach/payout-details"' in page and 'name="amount"' not in page


def test_details_are_entered_once_and_shown_masked(log_in, tea):
    browser = log_in(tea)
    assert browser.post("/teach/payout-details", data=TYPED).status_code == 303
    page = browser.get("/teach/payouts").text
    assert "DE89 … 3000" in page and "Via Roma 1" in page and "0532" not in page
    assert "DE89 3704 0044 0532 0130 00" in browser.get("/teach/payout-details").text


@pytest.mark.parametrize(
    ("name", "typed", "why"),
    [
        ("iban", "DE89370400440532013001", "This IBAN is not right."),
        ("iban", "", "Write an IBAN."),
        ("legal_name", " ", "Write the name the bank account is in."),
        ("city", "x" * 81, "This takes 1 to 80 characters."),
        ("tax_id", "x" * 31, "This takes 1 to 30 characters."),
        ("country", "", "Choose a country."),
        ("country", "EU", "Not a valid choice"),
        ("password", "", "Write your password"),
        ("password", "somebody else's", "That is not your password."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(log_in, tea, name, typed, why):
    answer = log_in(tea).post("/teach/payout-details", data=TYPED | {"street": "A street not to lose 7", name: typed})
    assert answer.status_code == 422 and why in answer.text and "A street not to lose 7" in answer.text
    assert PASSWORD not in answer.text and db.session.query(PayoutDetails).count() == 0


def test_a_change_needs_the_password_and_keeps_what_was(browser, rich):
    changed = TYPED | {"iban": "IT60 X054 2811 1010 0000 0123 456"}
    assert browser.post("/teach/payout-details", data=changed | {"password": "wrong"}).status_code == 422
    assert payout_details.current(rich.id).iban == DETAILS["iban"]
    assert browser.post("/teach/payout-details", data=changed).status_code == 303
    assert [row.iban[:2] for row in db.session.query(PayoutDetails).order_by(PayoutDetails.id)] == ["DE", "IT"]


def test_a_payout_is_asked_for_and_followed(browser, rich):
    answer = browser.post("/teach/payouts", data={"key": "a-form", "amount": "200,00"})
    payout = db.session.query(Payout).one()
    assert answer.status_code == 303 and answer.location == f"/teach/payouts/{payout.id}"
    assert parts(rich) == (300_00, 200_00)
    page = browser.get(answer.location).text
    for said in ("200.00 €", "DE89 … 3000", "In review", "Cancel the payout", "You asked for it"):
        assert said in page
    page = browser.get("/teach/payouts").text
    assert "300.00 €" in page and "in review" in page and f'href="/teach/payouts/{payout.id}"' in page


def test_a_key_with_a_nul_breaks_nothing(browser, rich):
    assert browser.post("/teach/payouts", data={"key": "a\x00b", "amount": "200"}).status_code == 422
    assert db.session.query(Payout).count() == 0


def test_the_same_form_sent_twice_asks_once(browser, rich):
    """Also where nothing is left for a second one."""
    answers = [browser.post("/teach/payouts", data={"key": "a-form", "amount": "500"}) for _ in range(2)]
    payout = db.session.query(Payout).one()
    assert [(answer.status_code, answer.location) for answer in answers] == [(303, f"/teach/payouts/{payout.id}")] * 2
    assert parts(rich) == (0, 500_00)


def test_the_same_form_with_another_amount_is_refused_in_words(browser, rich):
    browser.post("/teach/payouts", data={"key": "a-form", "amount": "500"})
    again = browser.post("/teach/payouts", data={"key": "a-form", "amount": "20"})
    assert again.status_code == 409 and "This form was sent already" in again.text
    assert parts(rich) == (0, 500_00)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "Write an amount."),
        ("9.99", "The least that is paid out is 10.00 €."),
        ("500.01", "You have 500.00 € available."),
        ("-20", "This cannot be below zero."),
        ("NaN", "Write a number such as 80.00"),
        ("1e3", "Write a number such as 80.00"),
        ("10.001", "Use at most two decimals"),
        ("99999999999", "The most is"),
    ],
)
def test_an_amount_that_is_none_is_said_so(browser, rich, typed, why):
    answer = browser.post("/teach/payouts", data={"key": "a-form", "amount": typed})
    assert answer.status_code == 422 and why in answer.text and f'value="{typed}"' in answer.text
    assert db.session.query(Payout).count() == 0


def test_a_fourth_open_one_is_refused_in_words(browser, rich):
    for number in range(3):
        browser.post("/teach/payouts", data={"key": f"form-{number}", "amount": "10"})
    answer = browser.post("/teach/payouts", data={"key": "form-4", "amount": "12,34"})
    assert answer.status_code == 422 and "You have 3 open payouts" in answer.text and 'value="12,34"' in answer.text
    assert parts(rich) == (470_00, 30_00)


def test_who_froze_his_account_reads_that_nothing_leaves_it(browser, rich):
    with transaction():
        rich.frozen_at = clock.now()
    assert "nothing leaves it until you unfreeze it" in browser.get("/teach/payouts").text
    answer = browser.post("/teach/payouts", data={"key": "a-form", "amount": "10"})
    assert answer.status_code == 422 and "nothing leaves it until you unfreeze it" in answer.text


def test_without_details_nothing_is_asked_for(log_in, tea):
    earn(tea, 500_00)
    assert log_in(tea).post("/teach/payouts", data={"key": "a-form", "amount": "10"}).status_code == 422
    assert db.session.query(Payout).count() == 0


def test_the_way_to_a_payout_in_teo_is_beside_the_one_in_euros(browser):
    page = browser.get("/teach/payouts").text
    assert 'name="amount"' in page and 'href="/wallet/withdrawals/new"' in page


def test_teach_is_where_he_is(browser):
    for path in ("/teach/payouts", "/teach/payout-details", "/teach/courses/none"):
        assert 'href="/teach/" aria-current="page"' in browser.get(path).text
    assert 'href="/teach/" aria-current="page"' not in browser.get("/courses").text


def test_a_teacher_cancels_his_own(browser, payout, rich):
    assert browser.post(f"/teach/payouts/{payout.id}/cancellation").status_code == 303
    assert payout.state == "cancelled" and parts(rich) == (500_00, 0)


def test_somebody_elses_does_not_exist(payout, log_in, member):
    other = log_in(member("ugo", role="teacher"))
    assert other.get(f"/teach/payouts/{payout.id}").status_code == 404
    assert other.post(f"/teach/payouts/{payout.id}/cancellation").status_code == 404
    assert payout.state == "in review"


def test_who_has_new_details_reads_from_when_he_may_ask(rich, browser):
    browser.post("/teach/payout-details", data=TYPED | {"city": "Pisa"})
    page = browser.get("/teach/payouts").text
    assert "You can ask for a payout" in page and 'name="amount"' not in page
    answer = browser.post("/teach/payouts", data={"key": "a-form", "amount": "12,34"})
    assert answer.status_code == 422 and "New payout details wait 24 hours" in answer.text and "12,34" in answer.text
    clock.advance(timedelta(hours=24))
    assert 'name="amount"' in browser.get("/teach/payouts").text
    assert browser.post("/teach/payouts", data={"key": "a-form", "amount": "12,34"}).status_code == 303


@pytest.mark.parametrize("path", ["/teach/payouts", "/teach/payouts/1", "/teach/payout-details"])
def test_students_have_no_such_page(log_in, ana, path):
    assert log_in(ana).get(path).status_code == 403


# The admin


def waiting(admin):
    """What his home says of them."""
    home = " ".join(re.sub(r"<[^>]*>", " ", admin.get("/admin/").text).split())
    return tuple(re.search(pattern, home)[0] for pattern in (r"\w+ decisions? waits?", r"Bank payouts to review \d", r"Bank payouts to pay \d"))


def test_an_admin_finds_it_approves_it_and_notes_that_it_is_paid(admin, payout, rich, log_in):
    assert waiting(admin) == ("One decision waits", "Bank payouts to review 1", "Bank payouts to pay 0")
    page = admin.get("/admin/bank-payouts/").text
    assert f'href="/admin/bank-payouts/{payout.id}"' in page and "200.00 €" in page and "DE89 … 3000" in page
    assert act(admin, payout, "approval").status_code == 303
    page = admin.get(f"/admin/bank-payouts/{payout.id}").text
    assert "Approved by Ada" in page and "DE89 3704 0044 0532 0130 00" in page
    assert waiting(admin) == ("No decision waits", "Bank payouts to review 0", "Bank payouts to pay 1")
    assert act(admin, payout, "payment", **{"paid-reference": "SCT 4711"}).status_code == 303
    db.session.expire_all()
    assert payout.state == "paid" and parts(rich) == (300_00, 0)
    page = admin.get(f"/admin/bank-payouts/{payout.id}").text
    assert "SCT 4711" in page and "0532" not in page
    assert "SCT 4711" in admin.get("/admin/bank-payouts/?show=closed").text
    assert "SCT 4711" in log_in(rich).get(f"/teach/payouts/{payout.id}").text


@pytest.mark.parametrize(
    ("deeds", "state"),
    [([("approval", {}), ("payment", {"paid-reference": "x"})], "paid"), ([("rejection", {"reject-reason": "x"})], "rejected")],
    ids=["paid", "rejected"],
)
def test_it_is_decided_as_a_process_does_that_has_not_seen_it_before(admin, payout, deeds, state):
    payout_id = payout.id
    for what, data in deeds:
        db.session.expunge_all()
        assert admin.post(f"/admin/bank-payouts/{payout_id}/{what}", data=data).status_code == 303
    assert db.session.get(Payout, payout_id).state == state


def test_it_is_cancelled_by_one_that_has_not_either(browser, payout):
    payout_id = payout.id
    db.session.expunge_all()
    assert browser.post(f"/teach/payouts/{payout_id}/cancellation").status_code == 303
    assert db.session.get(Payout, payout_id).state == "cancelled"


def test_from_a_payout_one_goes_to_whose_it_is(admin, payout, rich):
    assert f'href="/admin/members/{rich.id}"' in admin.get(f"/admin/bank-payouts/{payout.id}").text


def test_the_whole_iban_is_shown_only_while_it_is_to_be_paid(admin, payout):
    assert "0532" not in admin.get(f"/admin/bank-payouts/{payout.id}").text


def offered(admin, payout):
    """Which of the decisions its page offers."""
    page = admin.get(f"/admin/bank-payouts/{payout.id}").text
    return [what for what in ("approval", "payment", "rejection", "return") if f'action="/admin/bank-payouts/{payout.id}/{what}"' in page]


def test_of_who_was_suspended_what_the_bank_does_not_have_is_not_offered_to_be_paid(admin, payout, rich, ada):
    act(admin, payout, "approval")
    assert offered(admin, payout) == ["payment", "rejection"]
    with transaction():
        rich.suspended_at = clock.now()
    assert offered(admin, payout) == ["rejection"] and "0532" not in admin.get(f"/admin/bank-payouts/{payout.id}").text
    with transaction():
        payout.state = "exported"
    assert offered(admin, payout) == ["payment", "return"]


def test_while_payouts_are_stopped_nothing_is_offered_that_is_refused(admin, payout, ada):
    with transaction():
        halt.stop("We look at something.", ada)
    assert offered(admin, payout) == ["rejection"]
    assert "All payouts are stopped: nothing is approved or marked as paid before they go on." in admin.get(f"/admin/bank-payouts/{payout.id}").text
    with transaction():
        payout.state = "exported"
    assert offered(admin, payout) == ["return"]


def test_an_admin_with_the_teachers_browser_is_offered_no_decision(admin, payout, rich, ada):
    assert "approval" in offered(admin, payout)
    share_a_browser(rich, ada)
    assert offered(admin, payout) == []
    assert "You may have a part in this payout yourself: another admin decides." in admin.get(f"/admin/bank-payouts/{payout.id}").text
    assert act(admin, payout, "approval").status_code == 409 and payout.state == "in review"


def test_a_rejection_is_read_by_the_teacher(admin, payout, rich, log_in):
    assert act(admin, payout, "rejection", **{"reject-reason": "The name is another."}).status_code == 303
    assert parts(rich) == (500_00, 0)
    browser = log_in(rich)
    assert "The name is another." in browser.get(f"/teach/payouts/{payout.id}").text
    assert "The name is another." in browser.get("/teach/payouts").text


def test_without_words_nothing_is_rejected_or_paid(admin, payout):
    answer = act(admin, payout, "rejection", **{"reject-reason": " "})
    assert answer.status_code == 422 and "Say why: the teacher reads it." in answer.text
    act(admin, payout, "approval")
    answer = act(admin, payout, "payment", **{"paid-reference": ""})
    assert answer.status_code == 422 and "Write the reference under which the bank has it." in answer.text
    assert payout.state == "approved"


def test_over_a_thousand_euros_the_second_admin_is_asked_for(payout, rich, log_in, ada, member):
    earn(rich, 2000_00, "more")
    with transaction():
        large = payouts.request("large", rich, 1500_00)
    admin = log_in(ada)
    act(admin, large, "approval")
    page = admin.get(f"/admin/bank-payouts/{large.id}").text
    assert "1 of 2 so far" in page and "It needs another admin, too." in page
    assert "1 of 2 admins have approved it." in log_in(rich).get(f"/teach/payouts/{large.id}").text
    act(log_in(member("olga", role="admin")), large, "approval")
    db.session.expire_all()
    assert large.state == "approved"


def test_a_payout_of_his_own_is_decided_by_another(payout, rich, log_in):
    with transaction():
        rich.role = "admin"
    browser = log_in(rich)
    assert "another admin decides" in browser.get(f"/admin/bank-payouts/{payout.id}").text
    assert act(browser, payout, "approval").status_code == 409
    assert payout.state == "in review"


@pytest.mark.parametrize("what", ["approval", "rejection", "payment"])
def test_a_teachers_decision_is_refused(browser, payout, what):
    assert act(browser, payout, what, **{"reject-reason": "x", "paid-reference": "x"}).status_code == 403
    assert payout.state == "in review"


@pytest.mark.parametrize(("path", "most"), [("/admin/bank-payouts/", 8), ("/teach/payouts", 11)])
def test_the_lists_take_as_many_statements_with_many(path, most, rich, ada, log_in, statements):
    counts = []
    browser = log_in(ada if "admin" in path else rich)
    for number in range(3):
        with transaction():
            payouts.request(f"k{number}", rich, 10_00)
        with statements() as seen:
            browser.get(path)
        counts.append(len(seen))
    assert counts[1] == counts[2] <= most


# What is known of its member


@pytest.fixture
def marked(payout, rich):
    """A withdrawal of the same member's that bears a sign of fraud, and one that bears none."""
    give(rich, 500)
    with transaction():
        found, clean = (withdrawals.request(key, rich, address_of(rich, digits).id, teo(20)) for key, digits in (("w1", "ab"), ("w2", "cd")))
        review.judge(found, [{"name": "circle", "weight": 60, "facts": {"members": []}}])
    return found, clean


def test_a_payout_says_which_signs_the_withdrawals_of_its_member_bear(admin, payout, marked):
    page = admin.get(f"/admin/bank-payouts/{payout.id}").text
    found, clean = marked
    assert "Signs of fraud" in page and "Circle" in page and f'href="/admin/payouts/{found.id}"' in page and f'href="/admin/payouts/{clean.id}"' not in page


def test_it_says_which_cases_in_review_name_its_member(admin, payout, marked, rich, member):
    other = member("rita")
    give(other, 500)
    with transaction():
        case = withdrawals.request("w3", other, address_of(other, "ef").id, teo(20))
        case.state = "in review"
        review.judge(case, [{"name": "shared device", "weight": 40, "facts": {"members": [rich.id]}}])
    page = admin.get(f"/admin/bank-payouts/{payout.id}").text
    assert "Shared browser" in page and f'href="/admin/payouts/{case.id}"' in page


def test_its_member_reads_none_of_them_should_he_be_an_admin(payout, marked, rich, log_in):
    with transaction():
        rich.role = "admin"
    page = log_in(rich).get(f"/admin/bank-payouts/{payout.id}").text
    assert "another admin decides" in page and "Signs of fraud" not in page


def test_an_admin_reads_nothing_there_of_a_case_of_his_own_that_names_its_member(admin, payout, ada, rich):
    give(ada, 500)
    with transaction():
        case = withdrawals.request("w4", ada, address_of(ada, "ef").id, teo(20))
        case.state = "in review"
        review.judge(case, [{"name": "circle", "weight": 60, "facts": {"mutual": [rich.id]}}])
    page = admin.get(f"/admin/bank-payouts/{payout.id}").text
    assert "Circle" not in page and f'href="/admin/payouts/{case.id}"' not in page
