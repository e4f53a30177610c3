"""An admin exports a file for the bank, saves it, and notes what the bank did; the teacher reads it."""

from datetime import timedelta
from hashlib import sha256

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts.sessions import PROOF_LIFE
from lms.domain.audit.models import LogEntry
from lms.domain.ledger import queries as books
from lms.domain.withdrawals import bank_files, halt, payouts
from lms.domain.withdrawals.bank_file_models import BankFile
from tests.conftest import PASSWORD
from tests.domain.test_bank_files import PAYER
from tests.domain.test_payout_details import bank_of
from tests.domain.test_payouts import earn

PLACE = "/admin/bank-files/"


@pytest.fixture
def rich(tea):
    earn(tea, 500_00)
    with transaction():
        bank_of(tea, legal_name="Tea Müller & Söhne")
    return tea


def asked(user, amount, by, key="k1"):
    with transaction():
        payout = payouts.request(key, user, amount)
        payouts.approve(payout, by)
    return payout


@pytest.fixture
def payout(rich, ada):
    return asked(rich, 200_00, ada)


@pytest.fixture
def admin(payout, log_in, ada):
    return log_in(ada)


@pytest.fixture
def bank_file(admin):
    admin.post(PLACE, data={"key": "a-form"})
    return db.session.query(BankFile).one()


def act(admin, payout, what, **fields):
    return admin.post(f"/admin/bank-payouts/{payout.id}/{what}", data=fields)


def available(user):
    return books.euros_of(user.id)["available"]


def test_from_the_payouts_to_the_file(admin, payout):
    page = admin.get("/admin/bank-payouts/").text
    assert "Export a bank file" in page and "1 payout · 200.00 €" in page and "out of it" not in page
    answer = admin.post(PLACE, data={"key": "a-form"})
    made = db.session.query(BankFile).one()
    assert answer.status_code == 303 and answer.location == f"{PLACE}{made.id}"
    page = admin.get(answer.location).text
    for said in (made.message_id, "200.00 €", f"PAYOUT-{payout.id}", "at the bank", made.sha256, "DE02 … 2051", "The bank reads “Tea Muller + Sohne”", f'href="/admin/bank-payouts/{payout.id}"'):
        assert said in page
    assert "0532" not in page and "Export a bank file" not in admin.get("/admin/bank-payouts/").text
    assert made.message_id in admin.get(PLACE).text and "1 at the bank" in admin.get(PLACE).text


def test_a_name_that_every_bank_reads_is_not_spoken_of(tea, ada, log_in):
    earn(tea, 500_00)
    with transaction():
        bank_of(tea, legal_name="Tea Rossi")
    asked(tea, 10_00, ada)
    browser = log_in(ada)
    assert "The bank reads" not in browser.get(browser.post(PLACE, data={"key": "k"}).location).text


def test_the_same_form_sent_twice_makes_one_file(admin, rich, ada):
    first = admin.post(PLACE, data={"key": "a-form"}).location
    asked(rich, 10_00, ada, "k2")
    assert admin.post(PLACE, data={"key": "a-form"}).location == first and db.session.query(BankFile).count() == 1


@pytest.mark.parametrize("key", ["", "a\x00b"])
def test_without_a_key_nothing_is_made(admin, key):
    assert admin.post(PLACE, data={"key": key}).status_code == 422 and db.session.query(BankFile).count() == 0


def test_the_file_is_saved_byte_for_byte_and_that_is_noted(admin, bank_file):
    answers = [admin.post(f"{PLACE}{bank_file.id}/content") for _ in range(2)]
    assert {answer.data for answer in answers} == {bank_file.content} and sha256(bank_file.content).hexdigest() == bank_file.sha256
    assert answers[0].headers["Content-Disposition"] == f"attachment; filename={bank_file.message_id}.xml"
    assert answers[0].mimetype == "application/xml" and "no-store" in answers[0].headers["Cache-Control"]
    assert [entry.action for entry in db.session.query(LogEntry).filter_by(subject=f"bank-file {bank_file.id}").order_by(LogEntry.id)] == ["bank file exported", "bank file saved", "bank file saved"]
    page = admin.get("/admin/log").text
    assert "Bank file exported" in page and f"200.00 € in 1 payouts, {bank_file.message_id}" in page and f"bank file {bank_file.id}" in page


def test_all_of_it_is_marked_as_paid(admin, bank_file, payout, rich, log_in):
    assert "Mark 1 payout as paid" in admin.get(f"{PLACE}{bank_file.id}").text
    assert admin.post(f"{PLACE}{bank_file.id}/payment", data={"paid-reference": "SCT 4711"}).status_code == 303
    db.session.expire_all()
    assert payout.state == "paid"
    page = admin.get(f"{PLACE}{bank_file.id}").text
    assert "1 payout is marked as paid." in page and "SCT 4711" in page and "All of it is paid or came back." in page
    assert "all settled" in admin.get(PLACE).text
    assert admin.post(f"{PLACE}{bank_file.id}/payment", data={"paid-reference": "SCT 4711"}).status_code == 409
    assert "SCT 4711" in log_in(rich).get(f"/teach/payouts/{payout.id}").text


def test_without_a_reference_nothing_is_marked(admin, bank_file, payout):
    answer = admin.post(f"{PLACE}{bank_file.id}/payment", data={"paid-reference": " "})
    assert answer.status_code == 422 and "Write the reference under which the bank has it." in answer.text and payout.state == "exported"


def test_a_refused_one_is_read_by_its_teacher_who_has_the_money_again(admin, bank_file, payout, rich, log_in):
    page = admin.get(f"/admin/bank-payouts/{payout.id}").text
    assert bank_file.message_id in page and f'href="{PLACE}{bank_file.id}"' in page and "Returned by the bank" in page and "reject-reason" not in page
    assert act(admin, payout, "return", **{"return-reason": "The account is <closed>."}).status_code == 303
    assert available(rich) == 500_00
    assert "The account is &lt;closed&gt;." in admin.get(f"{PLACE}{bank_file.id}").text
    browser = log_in(rich)
    for path in (f"/teach/payouts/{payout.id}", "/teach/payouts", "/notices"):
        assert "The account is &lt;closed&gt;." in browser.get(path).text, path
    assert "came back" in browser.get(f"/teach/payouts/{payout.id}").text


def test_a_file_the_bank_refuses_is_marked_as_a_whole(admin, bank_file, payout, rich, log_in):
    assert "Mark 1 payout as returned" in admin.get(f"{PLACE}{bank_file.id}").text
    answer = admin.post(f"{PLACE}{bank_file.id}/return", data={"return-reason": " "})
    assert answer.status_code == 422 and "Say why: the teacher reads it." in answer.text and payout.state == "exported"
    assert admin.post(f"{PLACE}{bank_file.id}/return", data={"return-reason": "No file was taken."}).status_code == 303
    assert available(rich) == 500_00 and "1 payout came back." in admin.get(f"{PLACE}{bank_file.id}").text
    assert "No file was taken." in log_in(rich).get(f"/teach/payouts/{payout.id}").text


def test_a_form_for_paying_by_hand_marks_nothing_that_went_into_a_file_meanwhile(admin, payout):
    assert 'name="seen" value="approved"' in admin.get(f"/admin/bank-payouts/{payout.id}").text
    admin.post(PLACE, data={"key": "a-form"})
    answer = act(admin, payout, "payment", **{"paid-reference": "SCT 1", "seen": "approved"})
    assert answer.status_code == 409 and "went into a bank file meanwhile" in answer.text and payout.state == "exported"
    assert act(admin, payout, "payment", **{"paid-reference": "SCT 1", "seen": "exported"}).status_code == 303


def test_its_teacher_sees_that_it_is_at_the_bank(bank_file, payout, rich, log_in):
    page = log_in(rich).get(f"/teach/payouts/{payout.id}").text
    assert "Our bank has it" in page and "at the bank" in page and "Cancel the payout" not in page


def test_a_paid_one_comes_back_days_later(admin, bank_file, payout, rich, ada, log_in):
    admin.post(f"{PLACE}{bank_file.id}/payment", data={"paid-reference": "SCT 4711"})
    clock.advance(timedelta(days=5))
    answer = act(log_in(ada), payout, "return", **{"return-reason": "Closed."})
    assert answer.status_code == 303 and available(rich) == 500_00
    page = admin.get(f"/admin/bank-payouts/{payout.id}").text
    assert "Paid by Ada" in page and "Returned by the bank, noted by Ada" in page and "Nothing to decide here." in page
    page = log_in(rich).get(f"/teach/payouts/{payout.id}").text
    assert "reference SCT 4711" in page and "Sent back by the bank" in page
    statement = log_in(rich).get(f"/teach/statements/{clock.now().year}")
    assert statement.status_code == 200 and "−200.00 €" in statement.text and "+200.00 €" in statement.text


def test_a_return_without_words_is_refused(admin, bank_file, payout):
    answer = act(admin, payout, "return", **{"return-reason": " "})
    assert answer.status_code == 422 and "Say why: the teacher reads it." in answer.text and payout.state == "exported"


def test_after_a_while_each_asks_for_the_password_and_does_then_what_was_sent(admin, payout):
    clock.advance(PROOF_LIFE)
    asked_again = admin.post(PLACE, data={"key": "a-form"})
    assert asked_again.status_code == 422 and 'value="a-form"' in asked_again.text and payout.state == "approved"
    assert admin.post(PLACE, data={"key": "a-form", "proof-password": PASSWORD}).status_code == 303
    made = db.session.query(BankFile).one()
    clock.advance(PROOF_LIFE)
    assert admin.post(f"{PLACE}{made.id}/content").status_code == 422
    assert admin.post(f"{PLACE}{made.id}/content", data={"proof-password": PASSWORD}).data == made.content


def test_while_payouts_are_stopped_none_is_exported(admin, payout, ada):
    with transaction():
        halt.stop("An attack.", ada)
    answer = admin.post(PLACE, data={"key": "a-form"})
    assert answer.status_code == 409 and "All payouts are stopped" in answer.text and payout.state == "approved"


def test_while_payouts_are_stopped_a_file_made_before_is_not_given_out(admin, bank_file, ada):
    with transaction():
        halt.stop("An attack.", ada)
    answer = admin.post(f"{PLACE}{bank_file.id}/content")
    assert answer.status_code == 409 and "All payouts are stopped at the moment." in answer.text and bank_file.content not in answer.data
    assert db.session.query(LogEntry).filter_by(action="bank file saved").count() == 0
    with transaction():
        halt.go_on(ada)
    assert admin.post(f"{PLACE}{bank_file.id}/content").data == bank_file.content


def test_without_an_account_to_pay_from_it_says_who_sets_one(admin, payout, app, monkeypatch):
    monkeypatch.setitem(app.config, "PAYER_IBAN", "")
    page = admin.get("/admin/bank-payouts/").text
    assert "No account to pay from is set" in page and "Export a bank file" not in page
    assert admin.post(PLACE, data={"key": "a-form"}).status_code == 409 and payout.state == "approved"


def test_what_stays_out_is_said(admin, payout, rich):
    with transaction():
        rich.frozen_at = clock.now()
    page = admin.get("/admin/bank-payouts/").text
    assert "1 approved payout stays out of it" in page and "Export a bank file" not in page


def test_a_payout_of_his_own_is_marked_by_another(bank_file, payout, rich, log_in):
    with transaction():
        rich.role = "admin"
    browser = log_in(rich)
    page = browser.get(f"{PLACE}{bank_file.id}").text
    assert "What is at the bank still is your own: another admin marks it." in page and 'name="paid-reference"' not in page
    assert "Returned by the bank" not in browser.get(f"/admin/bank-payouts/{payout.id}").text
    assert act(browser, payout, "return", **{"return-reason": "x"}).status_code == 409


def test_no_such_file(admin):
    assert admin.get(f"{PLACE}1").status_code == 404
    for what in ("content", "payment", "return"):
        assert admin.post(f"{PLACE}1/{what}").status_code == 404


@pytest.fixture
def teacher(member):
    """teacher(name) has euros and a bank."""

    def made(name):
        user = member(name, role="teacher")
        earn(user, 100_00)
        with transaction():
            bank_of(user)
        return user

    return made


def test_a_list_of_files_takes_as_many_statements_with_many(admin, ada, member, teacher, statements):
    counts = []
    for number in range(3):
        asked(teacher(f"t{number}"), 10_00, ada, f"more {number}")
        with transaction():
            bank_files.export(f"f{number}", member(f"admin{number}", role="admin"), PAYER)
        db.session.expire_all()
        with statements() as seen:
            admin.get(PLACE)
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2] <= 9


def test_a_file_takes_as_many_statements_with_many_payouts(admin, ada, teacher, statements):
    counts = []
    for count in (1, 4):
        for number in range(count):
            asked(teacher(f"t{count}{number}"), 10_00, ada, f"more {count} {number}")
        place = admin.post(PLACE, data={"key": f"f{count}"}).location
        db.session.expire_all()
        with statements() as seen:
            admin.get(place)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 10


def test_the_open_ones_stand_in_the_order_of_what_they_wait_for(admin, payout, rich, ada):
    admin.post(PLACE, data={"key": "a-form"})
    asked(rich, 11_00, ada, "k2")
    with transaction():
        payouts.request("k3", rich, 12_00)
    page = admin.get("/admin/bank-payouts/").text
    places = [page.index(f'amount money">{euros} €') for euros in ("12.00", "11.00", "200.00")]
    assert places == sorted(places)
