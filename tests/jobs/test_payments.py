"""What we ask of the payment gateway: refunds sent once, and its books beside ours."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from lms import clock
from lms.db import db, transaction
from lms.domain.audit import actions as audit
from lms.domain.audit.models import Incident
from lms.domain.checkout import queries, refund_outbox, refunds
from lms.domain.checkout.payment_models import Payment, Refund
from lms.errors import Unavailable
from lms.gateways.payments import Refunded, Refused, Taken
from lms.jobs import payments
from lms.queue import queue
from tests.conftest import pay, sell


class Gateway:
    """What a provider's server would have: each key once; `mood` is what it answers with."""

    name, is_open = "sandbox", True

    def __init__(self):
        self.refunds, self.mood, self.taken = {}, None, []

    def refund(self, key, reference, amount):
        if self.mood:
            raise self.mood
        self.refunds.setdefault(key, (reference, amount))
        return Refunded(f"re_{len(self.refunds)}", "succeeded")

    def payments(self, since, until):
        return iter(self.taken)


@pytest.fixture
def gateway(monkeypatch):
    made = Gateway()
    monkeypatch.setattr(payments, "payment_gateway", lambda settings: made)
    return made


@pytest.fixture
def order(ana, course):
    return sell(ana, course)


@pytest.fixture
def refund(order):
    with transaction():
        refunds.refund(order)
    return db.session.query(Refund).one()


def incidents():
    return [(incident.kind, incident.details.get("why") or ", ".join(incident.details.get("differences", ()))) for incident in db.session.query(Incident).order_by(Incident.id)]


def taken(order, **changes):
    facts = dict(reference="pay_1", order_id=order.id, amount=order.total, currency="EUR", refunded=0, disputed=False)
    return Taken(**facts | changes)


def later(gateway, *listed):
    clock.advance(timedelta(hours=2))
    gateway.taken = listed
    payments.compare()


def test_a_refund_is_sent_once(gateway, refund, order):
    payments.refund(refund.id)
    payments.refund(refund.id)
    assert gateway.refunds == {f"refund:{refund.id}": ("pay_1", order.total)}
    db.session.refresh(refund)
    assert (refund.state, refund.reference) == ("done", "re_1")


def test_the_sweep_asks_for_what_waits_and_for_nothing_that_is_sent(gateway, refund):
    payments.sweep()
    assert [(job.func_name, job.args) for job in queue._mail.jobs] == [("lms.jobs.payments.refund", (refund.id,))]
    payments.refund(refund.id)
    queue._mail.empty()
    payments.sweep()
    assert queue._mail.jobs == []


def test_one_the_gateway_does_not_answer_is_tried_again_ever_later(gateway, refund):
    gateway.mood = Unavailable("Payments are resting.")
    payments.refund(refund.id)
    assert queries.waiting_refunds() == []
    clock.advance(timedelta(seconds=21))
    assert queries.waiting_refunds() == [refund.id]
    gateway.mood = None
    payments.refund(refund.id)
    db.session.refresh(refund)
    assert (refund.state, refund.tries) == ("done", 2)


def test_one_it_never_answers_is_given_up_and_told(gateway, refund):
    gateway.mood = Unavailable("Payments are resting.")
    for _ in range(refund_outbox.MOST_TRIES + 3):
        payments.refund(refund.id)
    payments.sweep()
    db.session.refresh(refund)
    assert (refund.state, refund.tries) == ("failed", refund_outbox.MOST_TRIES)
    assert incidents() == [("refund failed", "the gateway did not answer")]


def test_one_it_refuses_is_told(gateway, refund):
    gateway.mood = Refused("The payment provider refuses this.", "charge_already_refunded")
    payments.refund(refund.id)
    db.session.refresh(refund)
    assert refund.state == "failed"
    assert incidents() == [("refund failed", "charge_already_refunded")]


def test_one_that_another_job_has_made_meanwhile_is_not_called_refused(gateway, refund, monkeypatch):
    def made(*asked):
        payments._keep(refund.id, Refunded("re_1", "succeeded"))
        raise Refused("The payment provider refuses this.", "charge_already_refunded")

    monkeypatch.setattr(gateway, "refund", made)
    payments.refund(refund.id)
    db.session.refresh(refund)
    assert (refund.state, incidents()) == ("done", [])


def test_one_given_up_while_its_last_try_was_answered_is_made(gateway, refund, monkeypatch):
    def slow(*asked):
        payments._fail(refund.id, "the gateway did not answer")
        return Refunded("re_1", "succeeded")

    monkeypatch.setattr(gateway, "refund", slow)
    payments.refund(refund.id)
    db.session.refresh(refund)
    assert (refund.state, refund.reference) == ("done", "re_1")


def test_a_payment_of_another_gateway_is_not_asked_of_this_one(gateway, refund):
    gateway.name = "stripe"
    payments.refund(refund.id)
    assert gateway.refunds == {}
    assert incidents() == [("refund failed", "taken by sandbox")]


def test_books_that_agree_say_nothing(gateway, order):
    later(gateway, taken(order))
    assert incidents() == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (dict(amount=1), "another amount"),
        (dict(currency="USD"), "another currency"),
        (dict(order_id=999), "another order"),
        (dict(amount=1, currency="USD", refunded=100, disputed=True), "another amount, another currency, refunded without our asking, a dispute we were not told of"),
        (dict(refunded=100), "refunded without our asking"),
        (dict(disputed=True), "a dispute we were not told of"),
        (dict(reference="pay_2"), "we do not know it"),
    ],
)
def test_what_the_gateway_says_otherwise_is_an_incident_once(changes, why, gateway, order):
    both = [taken(order, **changes)] if "reference" not in changes else [taken(order), taken(order, **changes)]
    later(gateway, *both)
    later(gateway, *both)
    assert incidents() == [("payments differ", why)]


def test_what_is_found_later_is_told_with_what_was_told_before(gateway, order):
    later(gateway, taken(order, amount=1))
    later(gateway, taken(order, amount=1, disputed=True))
    assert incidents() == [("payments differ", "another amount, a dispute we were not told of")]


def test_of_what_an_admin_has_closed_only_more_is_told_again(gateway, order, ada):
    later(gateway, taken(order, refunded=100))
    with transaction():
        audit.close_incident(db.session.query(Incident).one(), ada, "Looked at.")
    later(gateway, taken(order, refunded=100))
    assert db.session.query(Incident).filter_by(closed_at=None).count() == 0
    later(gateway, taken(order, refunded=200))
    assert db.session.query(Incident).filter_by(closed_at=None).one().details["refunded"] == 200


def test_the_comparison_takes_as_many_statements_with_many_differences(gateway, order, statements):
    one, two = taken(order, amount=1), [taken(order, reference=f"pay_{number}") for number in range(2, 7)]
    later(gateway, one)
    with statements() as few:
        payments.compare()
    gateway.taken = [one, *two]
    payments.compare()
    with statements() as many:
        payments.compare()
    assert len(db.session.query(Incident).all()) == 6 and len(many) == len(few)


def test_more_payments_are_compared_than_one_statement_has_parameters(gateway, order):
    """65,535 are PostgreSQL's most."""
    count = 65_600
    rows = text("INSERT INTO payments (gateway, reference, order_id, amount, currency, state, why, received_at) SELECT :gateway, 'many_' || n, :order, :amount, 'EUR', 'held', '', :at FROM generate_series(1, :count) n")
    with transaction():
        db.session.execute(rows, dict(gateway=gateway.name, order=order.id, amount=order.total, at=clock.now(), count=count))
    later(gateway, taken(order), *[taken(order, reference=f"many_{number}") for number in range(1, count)])
    assert incidents() == [("payments differ", "the gateway does not know it")]


def test_a_lost_dispute_that_the_gateway_does_not_know_is_an_incident(gateway, order):
    pay(order, kind="dispute.lost", dispute="dp_1", fee=0)
    later(gateway, taken(order))
    assert incidents()[-1] == ("payments differ", "a dispute the gateway does not know")


def test_a_refund_by_hand_that_we_were_not_told_of_is_found_as_late_as_refunds_are_made(gateway, order, monkeypatch):
    paid_at, found = order.paid_at, taken(order, refunded=100)
    monkeypatch.setattr(gateway, "payments", lambda since, until: iter([found] if since <= paid_at < until else []))
    clock.advance(timedelta(days=13))
    later(gateway)
    assert incidents() == [("payments differ", "refunded without our asking")]


def test_a_payment_the_gateway_does_not_know_is_an_incident(gateway, order):
    later(gateway)
    assert incidents() == [("payments differ", "the gateway does not know it")]


def test_a_payment_of_this_hour_may_still_be_on_its_way(gateway, order):
    gateway.taken = []
    payments.compare()
    assert incidents() == []


def test_a_refund_of_ours_that_did_not_happen_is_an_incident(gateway, order, refund):
    payments.refund(refund.id)
    later(gateway, taken(order))
    later(gateway, taken(order, refunded=order.total))
    assert incidents() == [("payments differ", "our refund did not happen")]


def test_a_refund_of_ours_that_is_on_its_way_is_none(gateway, order, refund, monkeypatch):
    monkeypatch.setattr(gateway, "refund", lambda *asked: Refunded("re_1", "pending"))
    payments.refund(refund.id)
    later(gateway, taken(order, refunded=order.total))
    assert (db.session.query(Refund).one().state, incidents()) == ("sent", [])


def test_a_dispute_we_know_of_is_none(gateway, order):
    pay(order, kind="dispute.opened", dispute="dp_1", fee=0)
    later(gateway, taken(order, disputed=True))
    assert [kind for kind, _ in incidents()] == ["dispute"]


def test_a_gateway_that_keeps_no_list_opens_none(gateway, order):
    gateway.payments = lambda since, until: (_ for _ in ()).throw(Unavailable("No list."))
    later(gateway)
    assert incidents() == []
    assert db.session.query(Payment).count() == 1
