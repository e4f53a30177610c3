"""Approved payouts go to the bank in a file, each in one; the bank pays them or sends them back."""

from datetime import timedelta
from hashlib import sha256
from xml.etree import ElementTree

import pytest
from sqlalchemy.exc import IntegrityError

from lms import clock
from lms.db import db, transaction
from lms.domain.audit.models import LogEntry
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.ledger.balance_parts import EUR
from lms.domain.ledger.models import Transfer
from lms.domain.notices.models import Notice
from lms.domain.withdrawals import bank_file_queries as queries
from lms.domain.withdrawals import bank_files, halt, payouts
from lms.domain.withdrawals.bank_file_models import BankFile, BankFileLine
from lms.domain.withdrawals.payout_models import Payout
from lms.errors import DomainError, Forbidden, Invalid
from lms.formats.sepa import Payer
from tests.conftest import announce, teo
from tests.domain.test_payout_details import bank_of
from tests.domain.test_payouts import do, earn, of, parts, request, sound, told
from tests.domain.test_payouts import olga as olga
from tests.domain.test_payouts import rich as rich
from tests.races import race

PAYER = Payer("SchoolPlatform", "DE02120300000000202051", "BYLADEM1001")
NAMESPACE = {"": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}


def export(by, key="f1"):
    with transaction():
        return bank_files.export(key, by, PAYER)


def asked(user, amount, by, key="k1"):
    payout = request(user, amount, key)
    do(payouts.approve, payout, by)
    return payout


def texts(bank_file, path):
    return [each.text for each in ElementTree.fromstring(bank_file.content).iterfind(f".//{path}", NAMESPACE)]


def actions():
    return [(entry.action, entry.subject) for entry in db.session.query(LogEntry).order_by(LogEntry.id)]


@pytest.fixture
def tom(member):
    tom = member("tom", role="teacher")
    earn(tom, 50_000)
    with transaction():
        bank_of(tom, legal_name="Tomáš Müller & Söhne", iban="IT60X0542811101000000123456")
    return tom


@pytest.fixture
def exported(rich, ada):
    """A payout of 200.00 EUR that is at the bank."""
    payout = asked(rich, 20_000, ada)
    export(ada)
    return payout


def test_all_that_is_approved_goes_into_one_file(rich, tom, ada):
    first, second, waits = asked(rich, 20_000, ada), asked(tom, 1500, ada, "k2"), request(tom, 1000, "k3")
    bank_file = export(ada)
    assert (bank_file.count, bank_file.total, bank_file.by_id, bank_file.payer_iban) == (2, 21_500, ada.id, PAYER.iban)
    assert (first.state, second.state, waits.state) == ("exported", "exported", "in review")
    assert texts(bank_file, "EndToEndId") == [f"PAYOUT-{first.id}", f"PAYOUT-{second.id}"]
    assert texts(bank_file, "InstdAmt") == ["200.00", "15.00"] and texts(bank_file, "CtrlSum") == ["215.00"] * 2
    assert texts(bank_file, "CdtrAcct/Id/IBAN") == ["DE89370400440532013000", "IT60X0542811101000000123456"]
    assert texts(bank_file, "MsgId") == [bank_file.message_id] and texts(bank_file, "DbtrAcct/Id/IBAN") == [PAYER.iban]
    assert parts(rich) == (30_000, 20_000) and sound()


def test_what_went_to_the_bank_is_kept_as_it_was(tom, ada):
    payout = asked(tom, 1500, ada)
    bank_file = export(ada)
    content = bank_file.content
    assert bank_file.sha256 == sha256(content).hexdigest()
    with transaction():
        payout.details.legal_name, payout.details.iban = "Another", "GB33BUKB20201555555555"
    line = db.session.query(BankFileLine).one()
    assert (line.name, line.iban, line.amount, line.end_to_end_id) == ("Tomas Muller + Sohne", "IT60X0542811101000000123456", 1500, f"PAYOUT-{payout.id}")
    db.session.expire_all()
    with transaction():
        assert bank_files.hand_out(bank_file, ada) == content


def test_bytes_that_are_not_those_of_the_hash_cannot_be_kept(exported):
    with pytest.raises(IntegrityError, match="sha256"), transaction():
        db.session.query(BankFile).update({"content": b"<Document/>"})


def test_the_same_form_makes_one_file(rich, ada, olga):
    asked(rich, 20_000, ada)
    first = export(ada)
    asked(rich, 1000, ada, "k2")
    assert export(ada) is first and db.session.query(BankFile).count() == 1
    with pytest.raises(ledger.KeyReused):
        export(olga)


def test_a_second_file_holds_what_the_first_does_not(rich, ada):
    asked(rich, 20_000, ada)
    export(ada)
    with pytest.raises(DomainError, match="No approved payout waits"):
        export(ada, "f2")
    second = asked(rich, 1000, ada, "k2")
    assert texts(export(ada, "f3"), "EndToEndId") == [f"PAYOUT-{second.id}"]


def test_a_file_takes_the_oldest_up_to_its_limit_and_the_next_the_rest(rich, tom, ada, monkeypatch):
    monkeypatch.setattr(queries, "LARGEST", 2)
    made = [asked(rich, 1000, ada, "k1"), asked(tom, 2000, ada, "k2"), asked(rich, 3000, ada, "k3")]
    assert queries.ready_sum(ada) == (2, 3000)
    assert [line.payout_id for line in queries.lines(export(ada)).items] == [made[0].id, made[1].id]
    assert queries.ready_sum(ada) == (1, 3000)
    assert [line.payout_id for line in queries.lines(export(ada, "f2")).items] == [made[2].id]


def test_nobody_exports_or_marks_a_payout_of_his_own(rich, tom, ada):
    own, other = asked(rich, 20_000, ada), asked(tom, 1000, ada, "k2")
    with transaction():
        rich.role = "admin"
    assert queries.ready_sum(rich) == (1, 1000)
    export(rich)
    assert (own.state, other.state) == ("approved", "exported")
    both = export(ada, "f2")
    with pytest.raises(DomainError, match="that you may mark"):
        do(bank_files.mark_paid, both, rich, "B1")
    with pytest.raises(DomainError, match="that you may mark"):
        do(bank_files.mark_returned, both, rich, "x")
    with pytest.raises(DomainError, match="Only another admin"):
        do(payouts.mark_returned, own, rich, "x")
    do(bank_files.mark_paid, both, ada, "B1")
    assert own.state == "paid"


@pytest.mark.parametrize("name", ["suspended_at", "frozen_at"])
def test_nothing_leaves_who_is_suspended_or_frozen(rich, tom, ada, name):
    kept, goes = asked(rich, 20_000, ada), asked(tom, 1000, ada, "k2")
    with transaction():
        setattr(rich, name, clock.now())
    export(ada)
    assert (kept.state, goes.state) == ("approved", "exported")


@pytest.mark.parametrize("name", ["suspended_at", "frozen_at"])
def test_what_is_at_the_bank_of_who_was_shut_since_is_settled_as_usual(rich, tom, ada, name):
    one, other = asked(rich, 20_000, ada), asked(tom, 1000, ada, "k2")
    bank_file = export(ada)
    with transaction():
        setattr(rich, name, clock.now()), setattr(tom, name, clock.now())
    do(payouts.mark_paid, one, ada, "SCT 1")
    do(bank_files.mark_paid, bank_file, ada, "SCT 2")
    assert (one.state, other.state) == ("paid", "paid") and sound()


@pytest.mark.parametrize("change", [{"role": "student"}, {"suspended_at": clock.now()}], ids=["no admin any more", "suspended"])
def test_what_one_approved_who_is_no_admin_now_stays(change, rich, ada, olga):
    payout = asked(rich, 20_000, olga)
    with transaction():
        for name, value in change.items():
            setattr(olga, name, value)
    with pytest.raises(DomainError, match="No approved payout waits"):
        export(ada)
    assert payout.state == "approved"


def test_an_account_outside_sepa_is_paid_by_hand(tom, rich, ada):
    with transaction():
        bank_of(tom, iban="TR330006100519786457841326")
    far, near = asked(tom, 1000, ada, "k1"), asked(rich, 2000, ada, "k2")
    export(ada)
    assert (far.state, near.state) == ("approved", "exported")
    do(payouts.mark_paid, far, ada, "SWIFT 1")
    assert far.state == "paid"


def test_the_switch_stops_exports_files_and_marks_but_not_what_comes_back(rich, ada):
    at_bank = asked(rich, 20_000, ada)
    bank_file = export(ada)
    waits = asked(rich, 1000, ada, "k2")
    with transaction():
        halt.stop("An attack.", ada)
    for deed in ((bank_files.export, "f2", ada, PAYER), (bank_files.hand_out, bank_file, ada), (bank_files.mark_paid, bank_file, ada, "B1"), (payouts.mark_paid, at_bank, ada, "B1")):
        with pytest.raises(DomainError, match="All payouts are stopped"):
            do(*deed)
    assert (waits.state, at_bank.state) == ("approved", "exported")
    do(payouts.mark_returned, at_bank, ada, "The account is closed.")
    assert parts(rich) == (49_000, 1000)


def test_only_admins_deal_with_files(exported, rich):
    bank_file = db.session.query(BankFile).one()
    for deed in ((bank_files.export, "f2", rich, PAYER), (bank_files.hand_out, bank_file, rich), (bank_files.mark_paid, bank_file, rich, "B1"), (bank_files.mark_returned, bank_file, rich, "x")):
        with pytest.raises(Forbidden):
            do(*deed)


# What the bank did


def test_a_whole_file_is_paid_once_under_one_reference(rich, tom, ada):
    first, second, back = asked(rich, 20_000, ada), asked(tom, 1500, ada, "k2"), asked(tom, 1000, ada, "k3")
    bank_file = export(ada)
    do(payouts.mark_returned, back, ada, "Unknown account.")
    with transaction():
        assert bank_files.mark_paid(bank_file, ada, "SCT 4711") == 2
    assert [(payout.state, payout.bank_reference) for payout in (first, second, back)] == [("paid", "SCT 4711")] * 2 + [("returned", None)]
    assert books.platform(EUR, "bank").balance == 21_500 and parts(rich) == (30_000, 0) and parts(tom) == (48_500, 0)
    with pytest.raises(DomainError, match="Nothing of this file"):
        do(bank_files.mark_paid, bank_file, ada, "SCT 4711")
    assert sound() and told(tom) == ["payout requested", "payout approved", "payout requested", "payout approved", "payout returned", "payout paid"]


def test_a_whole_file_that_the_bank_refuses_goes_back_to_its_teachers(rich, tom, ada):
    paid, first, second = asked(rich, 20_000, ada), asked(tom, 1500, ada, "k2"), asked(rich, 1000, ada, "k3")
    bank_file = export(ada)
    do(payouts.mark_paid, paid, ada, "B1")
    with transaction():
        halt.stop("An attack.", ada)
    with transaction():
        assert bank_files.mark_returned(bank_file, ada, "The bank took no file.") == 2
    assert [(payout.state, payout.reason) for payout in (paid, first, second)] == [("paid", ""), *[("returned", "The bank took no file.")] * 2]
    assert parts(rich) == (30_000, 0) and parts(tom) == (50_000, 0) and sound()
    with pytest.raises(DomainError, match="Nothing of this file"):
        do(bank_files.mark_returned, bank_file, ada, "The bank took no file.")


def test_who_paid_by_hand_what_went_into_a_file_meanwhile_is_told(exported, ada):
    with pytest.raises(DomainError, match="went into a bank file meanwhile"), transaction():
        payouts.mark_paid(exported, ada, "B1", by_hand=True)
    assert exported.state == "exported"


@pytest.mark.parametrize("reference", ["", "x" * 141])
def test_a_mark_bears_the_banks_reference(exported, ada, reference):
    with pytest.raises(Invalid):
        do(bank_files.mark_paid, db.session.query(BankFile).one(), ada, reference)


def test_one_of_a_file_is_paid_alone(exported, rich, ada):
    do(payouts.mark_paid, exported, ada, "SCT 1")
    assert exported.state == "paid" and parts(rich) == (30_000, 0) and sound()


def test_one_the_bank_refused_goes_back_to_its_teacher_with_a_sentence(exported, rich, ada):
    do(payouts.mark_returned, exported, ada, "The account is closed.")
    assert (exported.state, exported.reason, parts(rich)) == ("returned", "The account is closed.", (50_000, 0))
    notice = db.session.query(Notice).filter_by(kind="payout returned", user_id=rich.id).one()
    assert notice.facts == dict(payout=exported.id, amount=20_000, why="The account is closed.")
    assert books.platform(EUR, "bank").balance == 0 and sound()


def test_one_that_comes_back_days_after_it_was_paid_goes_the_whole_way_back(exported, rich, ada):
    do(payouts.mark_paid, exported, ada, "SCT 1")
    assert books.paid_out(rich.id) == 20_000
    clock.advance(timedelta(days=5))
    do(payouts.mark_returned, exported, ada, "The account is closed.")
    assert (exported.state, exported.bank_reference, parts(rich), books.paid_out(rich.id)) == ("returned", "SCT 1", (50_000, 0), 0)
    moved = [(row.key, row.reason) for row in db.session.query(Transfer).filter(Transfer.key.like(f"payout:{exported.id}:%")).order_by(Transfer.id)]
    assert moved == [(f"payout:{exported.id}:{step}", f"payout {step}") for step in ("requested", "paid", "returned", "given back")]
    assert books.transfer(f"payout:{exported.id}:returned").evidence["reference"] == "SCT 1" and sound()


def test_what_comes_back_repays_first_what_its_teacher_owes_by_now(exported, rich, ada):
    do(payouts.mark_paid, exported, ada, "SCT 1")
    with transaction():
        ledger.post("owed", books.member(rich.id, EUR, "debt"), books.platform(EUR, "platform"), 5000, "charge back", evidence={"by": "test"})
    do(payouts.mark_returned, exported, ada, "The account is closed.")
    assert parts(rich) == (45_000, 0) and books.euros_of(rich.id)["debt"] == 0 and sound()


def test_one_paid_by_hand_comes_back_too(rich, ada):
    payout = asked(rich, 20_000, ada)
    do(payouts.mark_paid, payout, ada, "SCT 1")
    do(payouts.mark_returned, payout, ada, "The account is closed.")
    assert payout.state == "returned" and parts(rich) == (50_000, 0)


@pytest.mark.parametrize("words", ["", "x" * 2001])
def test_a_return_says_why(exported, ada, words):
    with pytest.raises(Invalid):
        do(payouts.mark_returned, exported, ada, words)
    with pytest.raises(Invalid):
        do(bank_files.mark_returned, db.session.query(BankFile).one(), ada, words)
    assert exported.state == "exported"


def test_what_is_at_the_bank_is_neither_rejected_nor_cancelled_nor_approved(exported, rich, ada):
    for deed in ((payouts.reject, exported, ada, "x"), (payouts.cancel, exported), (payouts.approve, exported, ada)):
        with pytest.raises(DomainError):
            do(*deed)
    assert exported.state == "exported" and parts(rich) == (30_000, 20_000)


@pytest.mark.parametrize("before", ["in review", "approved", "rejected"])
def test_what_was_not_at_the_bank_does_not_come_back_from_it(rich, ada, before):
    payout = request(rich, 20_000)
    if before == "approved":
        do(payouts.approve, payout, ada)
    if before == "rejected":
        do(payouts.reject, payout, ada, "x")
    with pytest.raises(DomainError, match="at the bank"):
        do(payouts.mark_returned, payout, ada, "x")
    assert payout.state == before


def test_one_that_came_back_stays_back(exported, rich, ada):
    do(payouts.mark_returned, exported, ada, "x")
    for deed in ((payouts.mark_returned, exported, ada, "x"), (payouts.mark_paid, exported, ada, "x"), (bank_files.export, "f2", ada, PAYER)):
        with pytest.raises(DomainError):
            do(*deed)
    assert exported.state == "returned" and parts(rich) == (50_000, 0) and sound()


def test_what_is_at_the_bank_counts_among_the_open_ones_and_what_came_back_no_more(rich, ada):
    announce(two_admins_above=teo(300))
    clock.advance(timedelta(days=20, minutes=1))
    payout = asked(rich, 25_000, ada)
    for number in range(2):
        request(rich, 1000, f"more {number}")
    export(ada)
    with pytest.raises(DomainError, match="3 open payouts"):
        request(rich, 1000, "k4")
    do(payouts.mark_returned, payout, ada, "x")
    assert request(rich, 20_000, "k5").admins == 1


def test_every_export_mark_and_return_stands_in_the_audit_log(rich, ada):
    first, second = asked(rich, 20_000, ada), asked(rich, 1000, ada, "k2")
    bank_file = export(ada)
    with transaction():
        bank_files.hand_out(bank_file, ada)
    do(bank_files.mark_paid, bank_file, ada, "B1")
    do(payouts.mark_returned, second, ada, "Closed.")
    about = f"bank-file {bank_file.id}"
    assert actions()[2:] == [
        ("bank file exported", about),
        ("bank file saved", about),
        ("payout paid", f"payout {first.id}"),
        ("payout paid", f"payout {second.id}"),
        ("payout returned", f"payout {second.id}"),
    ]
    noted = db.session.query(LogEntry).filter_by(action="bank file exported").one()
    assert (noted.by_id, noted.details) == (
        ada.id,
        dict(payouts=[first.id, second.id], message_id=bank_file.message_id, count=2, amount=21_000, sha256=bank_file.sha256),
    )


# At once


def test_one_form_sent_twenty_times_at_once_makes_one_file(app, rich, ada):
    asked(rich, 20_000, ada)
    ada_id = ada.id
    assert race(app, [lambda: bank_files.export("f", of(ada_id), PAYER)] * 20) == []
    assert db.session.query(BankFile).count() == 1


def test_of_two_admins_who_export_at_once_one_gets_each_payout(app, rich, ada, olga):
    asked(rich, 20_000, ada)
    ids = (ada.id, olga.id)
    raised = race(app, [lambda number=number: bank_files.export(f"f{number}", of(ids[number % 2]), PAYER) for number in range(10)])
    assert len(raised) == 9 and all(isinstance(error, DomainError) for error in raised)
    assert (db.session.query(BankFile).count(), db.session.query(BankFileLine).count()) == (1, 1)


def test_exported_against_rejected_and_paid_by_hand_ends_one_way(app, rich, ada):
    payout_id, ada_id = asked(rich, 20_000, ada).id, ada.id

    def one():
        return db.session.get(Payout, payout_id)

    deeds = [lambda: bank_files.export("f", of(ada_id), PAYER), lambda: payouts.reject(one(), of(ada_id), "x"), lambda: payouts.mark_paid(one(), of(ada_id), "B1")]
    raised = race(app, deeds * 5)
    assert all(isinstance(error, DomainError) for error in raised)
    lines = db.session.query(BankFileLine).count()
    assert (one().state, lines, parts(rich)) in (("rejected", 0, (50_000, 0)), ("paid", 0, (30_000, 0)), ("paid", 1, (30_000, 0)), ("exported", 1, (30_000, 20_000)))
    assert sound()


def test_a_file_is_marked_while_its_payouts_are_and_come_back(app, rich, tom, ada):
    made = [asked(rich, 2000, ada, "k1").id, asked(tom, 3000, ada, "k2").id, asked(rich, 4000, ada, "k3").id]
    file_id, ada_id = export(ada).id, ada.id

    def whole():
        bank_files.mark_paid(db.session.get(BankFile, file_id), of(ada_id), "B1")

    def back(payout_id):
        return lambda: payouts.mark_returned(db.session.get(Payout, payout_id), of(ada_id), "x")

    def alone(payout_id):
        return lambda: payouts.mark_paid(db.session.get(Payout, payout_id), of(ada_id), "B2")

    def refused():
        bank_files.mark_returned(db.session.get(BankFile, file_id), of(ada_id), "x")

    raised = race(app, [*[whole, refused] * 3, *[back(number) for number in made], *[alone(number) for number in made], back(made[0])])
    assert all(isinstance(error, DomainError) for error in raised)
    assert {db.session.get(Payout, number).state for number in made} <= {"paid", "returned"}
    assert sound() and books.platform(EUR, "bank").balance == sum(payout.amount for payout in db.session.query(Payout).filter_by(state="paid"))


def test_what_comes_back_while_its_teacher_asks_for_more_keeps_nobody_waiting_for_ever(app, rich, ada):
    made = [asked(rich, 1000, ada, f"k{number}").id for number in range(3)]
    do(bank_files.mark_paid, export(ada), ada, "B1")
    user_id, ada_id = rich.id, ada.id
    back = [lambda number=number: payouts.mark_returned(db.session.get(Payout, number), of(ada_id), "x") for number in made]
    more = [lambda number=number: payouts.request(f"more {number}", of(user_id), 1000) for number in range(3)]
    assert race(app, [*back, *more]) == []
    assert parts(rich) == (47_000, 3000) and sound()
