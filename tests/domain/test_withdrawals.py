"""A withdrawal until it may go: what is reserved is never lost, nor asked for beyond the limits, and nobody lets his own go."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from lms import clock
from lms.db import db, transaction
from lms.domain.audit.models import LogEntry
from lms.domain.desk import cases
from lms.domain.ledger import actions as ledger
from lms.domain.ledger.models import Transfer
from lms.domain.notices.models import Notice
from lms.domain.rulebook.rules import Rules
from lms.domain.wallet import queries as wallet
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals import payout_details, queries, releases
from lms.domain.withdrawals.models import Withdrawal
from lms.errors import DomainError, Forbidden, Invalid, NotFound
from tests.conftest import address_of, announce, give, teo
from tests.domain.test_payout_details import DETAILS
from tests.races import race


@pytest.fixture
def rich(ana):
    give(ana, 5000)
    return ana


@pytest.fixture
def own(rich):
    return address_of(rich)


def ask(user, address, amount=20, key="w1", **wishes):
    with transaction():
        return withdrawals.request(key, user, address.id, teo(amount), **wishes)


def checked(withdrawal):
    with transaction():
        withdrawals.check(withdrawal)
    return withdrawal


def decide(verb, *arguments):
    with transaction():
        verb(*arguments)


def parts(user):
    db.session.expire_all()
    found = wallet.balance(user.id)
    return found.available, found.reserved


def told(user):
    return [notice.kind for notice in db.session.query(Notice).filter_by(user_id=user.id).order_by(Notice.id)]


def test_what_is_asked_for_is_reserved_for_the_members_own_address(rich, own):
    withdrawal = ask(rich, own)
    assert (withdrawal.state, withdrawal.to, withdrawal.linked_wallet_id) == ("checking", own.address, own.id)
    assert parts(rich) == (teo(4980), teo(20))


def test_the_same_key_asks_once_and_another_wish_is_refused(rich, own):
    first = ask(rich, own)
    assert ask(rich, own).id == first.id
    with pytest.raises(ledger.KeyReused):
        ask(rich, own, amount=21)
    assert parts(rich) == (teo(4980), teo(20))


def test_the_same_key_answers_also_when_the_address_was_removed_since(rich, own):
    first = ask(rich, own)
    own.removed_at = clock.now()
    db.session.commit()
    assert ask(rich, own).id == first.id


def test_nothing_goes_to_an_address_of_somebody_else(rich, bruno):
    with pytest.raises(NotFound):
        ask(rich, address_of(bruno))
    assert parts(rich) == (teo(5000), 0)


def test_nothing_goes_to_an_address_that_still_waits(rich, own):
    own.linked_at = clock.now() - timedelta(hours=23)
    db.session.commit()
    with pytest.raises(DomainError, match="waits"):
        ask(rich, own)


def test_after_a_new_password_every_address_waits_again(rich, own):
    rich.password_changed_at = clock.now()
    db.session.commit()
    with pytest.raises(DomainError, match="waits 24 hours"):
        ask(rich, own)
    clock.advance(timedelta(hours=24))
    assert ask(rich, own).state == "checking"


@pytest.mark.parametrize("amount", [-1, 0, 9.99, 10_000.01])
def test_the_amount_stays_within_the_rulebook(rich, own, amount):
    with pytest.raises(Invalid, match="10 to 10000 TEO"):
        ask(rich, own, amount)
    assert parts(rich) == (teo(5000), 0)


def test_more_than_there_is_is_not_reserved(rich, own):
    with pytest.raises(ledger.Overdraft):
        ask(rich, own, 5001)
    assert db.session.query(Withdrawal).count() == 0


def test_three_are_open_at_a_time_and_one_that_is_cancelled_makes_room(rich, own):
    first, *_ = [ask(rich, own, 10, key=f"w{number}") for number in range(3)]
    with pytest.raises(DomainError, match="3 withdrawals open"):
        ask(rich, own, 10, key="w4")
    decide(withdrawals.cancel, first)
    assert ask(rich, own, 10, key="w4").state == "checking"


def test_the_platform_sends_so_much_a_day_and_says_when_that_is_reached(rich, own, bruno, monkeypatch):
    monkeypatch.setattr(withdrawals.rulebook, "in_force", lambda at=None: Rules(withdrawals_daily=teo(100)))
    give(bruno, 100)
    ask(bruno, address_of(bruno, "cd"), 70, key="b")
    with pytest.raises(DomainError, match="30 TEO are left"):
        ask(rich, own, 31)
    ask(rich, own, 30)
    clock.advance(timedelta(days=1))
    assert ask(rich, own, 31, key="w2").state == "checking"


def test_what_was_undone_is_not_counted_against_the_day(rich, own, monkeypatch):
    monkeypatch.setattr(withdrawals.rulebook, "in_force", lambda at=None: Rules(withdrawals_daily=teo(100)))
    decide(withdrawals.cancel, ask(rich, own, 100))
    assert ask(rich, own, 100, key="w2").state == "checking"


@pytest.mark.parametrize(("mark", "sentence"), [("frozen_at", "frozen"), ("suspended_at", "suspended")])
def test_a_wallet_that_is_shut_lets_nothing_out(rich, own, mark, sentence):
    setattr(rich, mark, clock.now())
    db.session.commit()
    with pytest.raises(DomainError, match=sentence):
        ask(rich, own)


def test_a_small_one_of_a_student_is_approved_at_once(rich, own):
    withdrawal = checked(ask(rich, own, 200))
    assert (withdrawal.state, withdrawal.flags) == ("approved", [])
    assert told(rich) == ["withdrawal requested", "withdrawal approved"]


def test_the_one_that_brings_thirty_days_above_the_limit_is_reviewed(rich, own):
    first, second = ask(rich, own, 150), ask(rich, own, 51, key="w2")
    assert (checked(second).state, second.flags) == ("in review", ["amount"])
    assert checked(first).state == "approved", "in whatever order they are looked at"
    clock.advance(timedelta(days=30))
    assert checked(ask(rich, own, 200, key="w3")).state == "approved"


def test_what_was_cancelled_counts_for_no_review(rich, own):
    decide(withdrawals.cancel, ask(rich, own, 200))
    assert checked(ask(rich, own, 200, key="w2")).state == "approved"


@pytest.fixture
def teacher(tea):
    """Tea with 2,000 TEO, of whom we know who she is."""
    give(tea, 2000)
    with transaction():
        payout_details.enter(tea, **DETAILS)
    return tea


def test_every_one_of_a_teacher_is_reviewed(teacher):
    withdrawal = checked(ask(teacher, address_of(teacher), 10))
    assert (withdrawal.state, withdrawal.flags) == ("in review", ["teacher"])


@pytest.mark.parametrize("role", ["teacher", "student"])
def test_who_teaches_or_did_says_who_she_is_before_the_first_of_hers_and_it_holds_at_once(role, tea):
    give(tea, 50)
    tea.role = role
    own = address_of(tea)
    with pytest.raises(DomainError, match="Enter your payout details first"):
        ask(tea, own)
    assert parts(tea) == (teo(50), 0)
    with transaction():
        payout_details.enter(tea, **DETAILS)
    assert ask(tea, own).state == "checking"


def test_what_was_asked_for_with_this_key_before_she_became_a_teacher_is_answered(rich, own):
    first = ask(rich, own)
    with transaction():
        rich.role = "teacher"
    assert ask(rich, own).id == first.id
    with pytest.raises(DomainError, match="payout details"):
        ask(rich, own, key="w2")


@pytest.fixture
def reviewed(rich, own):
    return checked(ask(rich, own, 300))


def test_each_step_names_the_rules_it_was_asked_for_by(rich, own, ada):
    announce(review_above=teo(10))
    small, large = ask(rich, own, 20), ask(rich, own, 300, key="w2")
    clock.advance(timedelta(days=20, minutes=1))
    assert checked(small).state == "approved"
    decide(withdrawals.reject, checked(large), ada, "Write to us first.")
    assert [row.rule_version for row in db.session.query(Transfer).filter(Transfer.reason.like("withdrawal%"))] == [1, 1, 1]
    assert checked(ask(rich, own, 20, key="w3")).flags == ["amount"]
    assert db.session.query(Transfer).order_by(Transfer.id.desc()).first().rule_version == 2


def test_an_admin_lets_it_go(reviewed, ada):
    decide(withdrawals.approve, reviewed, ada)
    assert (reviewed.state, [approval.admin_id for approval in reviewed.approvals]) == ("approved", [ada.id])


def test_the_log_knows_each_word_of_an_admin_for_whom_how_much_and_whereto(rich, own, ada):
    large = checked(ask(rich, own, 1001))
    decide(withdrawals.hold, large, ada, "We look into it.", "Call her.")
    decide(withdrawals.let_go_on, large, ada)
    decide(withdrawals.approve, large, ada)
    decide(withdrawals.reject, large, ada, "Write to us first.")
    facts = {"member": rich.id, "amount": teo(1001), "to": own.address}
    rows = db.session.query(LogEntry).filter(LogEntry.action.startswith("withdrawal")).order_by(LogEntry.id).all()
    assert {(row.subject, row.by_id) for row in rows} == {(f"withdrawal {large.id}", ada.id)}
    assert [(row.action, row.details) for row in rows] == [
        ("withdrawal held", facts | {"reason": "We look into it.", "note": "Call her."}),
        ("withdrawal let go on", facts),
        ("withdrawal approved", facts | {"approvals": 1, "needed": 2}),
        ("withdrawal rejected", facts | {"reason": "Write to us first."}),
    ]


def test_what_is_told_of_each_step_has_its_facts(rich, own):
    withdrawal = checked(ask(rich, own))
    facts = {"withdrawal": withdrawal.id, "amount": teo(20), "to": own.address}
    assert [(notice.kind, notice.facts) for notice in db.session.query(Notice).filter_by(user_id=rich.id).order_by(Notice.id)] == [
        ("withdrawal requested", facts),
        ("withdrawal approved", facts),
    ]


def test_what_an_operator_sends_is_approved_as_it_is_and_logged(rich):
    to = "0x" + "cd" * 20
    with transaction():
        withdrawal = releases.release("op", rich, to, teo(20))
        assert releases.release("op", rich, to, teo(20)) is withdrawal
    assert (withdrawal.state, withdrawal.to, parts(rich)) == ("approved", to, (teo(4980), teo(20)))
    entry = db.session.query(LogEntry).filter_by(action="withdrawal made").one()
    assert (entry.subject, entry.details) == (f"withdrawal {withdrawal.id}", {"member": rich.id, "amount": teo(20), "to": to})


@pytest.mark.parametrize("to", ["", "0x12", "cd" * 20, "0x" + "cd" * 21, "0x" + "00" * 20])
def test_an_operator_sends_to_an_address_only(rich, to):
    with pytest.raises(Invalid, match="not an address"):
        releases.release("op", rich, to, teo(20))


def test_an_operator_sends_nothing_of_who_is_suspended(rich):
    rich.suspended_at = clock.now()
    with pytest.raises(DomainError, match="suspended"):
        releases.release("op", rich, "0x" + "cd" * 20, teo(20))


def test_of_these_only_what_waits_for_an_admin_is_found(rich, own):
    small, large = checked(ask(rich, own, 20)), checked(ask(rich, own, 300, key="w2"))
    assert queries.in_review([small.id, large.id]) == [large.id]
    assert (queries.in_review([small.id]), queries.in_review([])) == ([], [])


def test_what_an_admin_decides_by_has_one_digest_however_its_risks_are_written():
    facts = dict(id=1, state="in review", amount=5, to="0x", flags=[])
    one, other = (Withdrawal(**facts, risks=[risk]) for risk in ({"name": "linked", "weight": 40}, {"weight": 40, "name": "linked"}))
    assert one.digest == other.digest != Withdrawal(**facts, risks=[{"name": "linked", "weight": 41}]).digest


def test_one_is_undone_when_it_is_over_and_nothing_was_sent(rich, own):
    cancelled, approved = ask(rich, own), checked(ask(rich, own, key="w2"))
    decide(withdrawals.cancel, cancelled)
    assert (cancelled.is_undone, approved.is_undone) == (True, False)


def test_one_that_was_read_in_a_list_with_its_member_can_be_decided(reviewed, ada):
    db.session.expunge(reviewed)
    (found,) = cases.queue().items
    decide(withdrawals.approve, found, ada)
    assert found.state == "approved"


def test_each_step_keeps_what_was_weighed(teacher, ada):
    withdrawal = checked(ask(teacher, address_of(teacher), 1500))
    decide(withdrawals.reject, withdrawal, ada, "Write to us first.")
    kept = [row.evidence for row in db.session.query(Transfer).filter(Transfer.reason.like("withdrawal%"))]
    assert [(each["recent"], each["flags"], each["approvals_needed"]) for each in kept] == [(teo(1500), ["teacher", "amount"], 2)] * 2


@pytest.mark.parametrize("mark", ["frozen_at", "suspended_at"])
def test_no_admin_lets_one_go_of_who_is_shut(mark, rich, reviewed, ada):
    """Approved meanwhile it would go out by itself the moment he opens his wallet again, when he can cancel it no more."""
    assert not rich.is_shut
    with db.engine.begin() as connection:
        connection.execute(text(f"UPDATE users SET {mark} = now() WHERE id = :id"), {"id": rich.id})
    with pytest.raises(DomainError, match="nothing leaves it"):
        decide(withdrawals.approve, reviewed, ada)
    assert (reviewed.state, reviewed.approvals) == ("in review", [])
    decide(withdrawals.reject, reviewed, ada, "Write to us first.")
    assert reviewed.state == "rejected"


def remove(address):
    address.removed_at = clock.now()
    db.session.commit()


def test_one_to_an_address_removed_before_it_was_checked_is_cancelled(rich, own):
    withdrawal = ask(rich, own)
    remove(own)
    assert (checked(withdrawal).state, parts(rich)) == ("cancelled", (teo(5000), 0))
    assert told(rich)[-1] == "withdrawal cancelled"


def test_no_admin_lets_one_go_to_an_address_removed_since(reviewed, own, ada):
    remove(own)
    with pytest.raises(DomainError, match="removed this address"):
        decide(withdrawals.approve, reviewed, ada)
    decide(withdrawals.reject, reviewed, ada, "You have removed the address.")
    assert reviewed.state == "rejected"


def test_a_large_one_needs_two_different_admins(rich, own, ada, member):
    large = checked(ask(rich, own, 1001))
    decide(withdrawals.approve, large, ada)
    assert large.state == "in review"
    with pytest.raises(DomainError, match="Another admin"):
        decide(withdrawals.approve, large, ada)
    assert large.state == "in review"
    decide(withdrawals.approve, large, member("aldo", role="admin"))
    assert large.state == "approved"


@pytest.mark.parametrize("change", [{"role": "student"}, {"suspended_at": clock.now()}], ids=["no admin any more", "suspended"])
def test_the_word_of_one_who_is_no_admin_now_counts_no_more(change, rich, own, ada, member):
    large = checked(ask(rich, own, 1001))
    decide(withdrawals.approve, large, ada)
    with transaction():
        for name, value in change.items():
            setattr(ada, name, value)
    decide(withdrawals.approve, large, member("aldo", role="admin"))
    assert (large.state, len(large.standing)) == ("in review", 1)
    decide(withdrawals.approve, large, member("anna", role="admin"))
    assert large.state == "approved"


def test_large_is_what_thirty_days_bring_together(rich, own, ada):
    checked(ask(rich, own, 900))
    second = checked(ask(rich, own, 101, key="w2"))
    decide(withdrawals.approve, second, ada)
    assert second.state == "in review"


def test_nobody_decides_on_his_own(ada, member):
    give(ada, 500)
    own = checked(ask(ada, address_of(ada), 300))
    for verb in (lambda: withdrawals.approve(own, ada), lambda: withdrawals.reject(own, ada, "no")):
        with pytest.raises(Forbidden):
            decide(verb)
    decide(withdrawals.approve, own, member("aldo", role="admin"))
    assert own.state == "approved"


def test_who_is_no_admin_decides_nothing(reviewed, tea):
    with pytest.raises(Forbidden):
        decide(withdrawals.approve, reviewed, tea)
    assert reviewed.state == "in review"


def test_one_that_nobody_put_in_review_is_not_approved_by_hand(rich, own, ada):
    with pytest.raises(DomainError, match="not in review"):
        decide(withdrawals.approve, ask(rich, own), ada)


def test_a_rejected_one_is_available_again_and_its_member_reads_why(rich, reviewed, ada):
    decide(withdrawals.reject, reviewed, ada, " Write to us first. ")
    assert (reviewed.state, reviewed.refusal, parts(rich)) == ("rejected", "Write to us first.", (teo(5000), 0))
    notice = db.session.query(Notice).filter_by(kind="withdrawal rejected").one()
    assert notice.facts == {"withdrawal": reviewed.id, "amount": teo(300), "to": reviewed.to, "why": "Write to us first."}


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_no_reason_is_no_rejection(rich, reviewed, ada, reason):
    with pytest.raises(Invalid):
        decide(withdrawals.reject, reviewed, ada, reason)
    assert (reviewed.state, parts(rich)) == ("in review", (teo(4700), teo(300)))


def test_its_member_cancels_it_until_it_is_approved(rich, own):
    withdrawal = ask(rich, own)
    for _ in range(2):
        decide(withdrawals.cancel, withdrawal)
    assert (withdrawal.state, parts(rich)) == ("cancelled", (teo(5000), 0))
    assert checked(withdrawal).state == "cancelled"
    going = checked(ask(rich, own, key="w2"))
    with pytest.raises(DomainError, match="cannot be cancelled"):
        decide(withdrawals.cancel, going)
    assert parts(rich) == (teo(4980), teo(20))


@pytest.mark.parametrize("mark", ["frozen_at", "suspended_at", "password_changed_at"])
def test_who_shuts_his_wallet_while_somebody_asks_is_heard(mark, app, rich, own):
    with app.app_context(), transaction():
        setattr(db.session.get_one(type(rich), rich.id), mark, clock.now())
    with pytest.raises(DomainError):
        ask(rich, own)


def test_a_frozen_wallet_keeps_back_what_was_approved(rich, own, chain):
    checked(ask(rich, own))
    rich.frozen_at = clock.now()
    db.session.commit()
    assert queries.approved() == []


def test_who_froze_his_wallet_cancels_also_what_was_approved(rich, own):
    going = checked(ask(rich, own))
    rich.frozen_at = clock.now()
    db.session.commit()
    decide(withdrawals.cancel, going)
    assert (going.state, parts(rich)) == ("cancelled", (teo(5000), 0))


def test_the_same_tokens_are_withdrawn_once_however_many_ask(app, ana):
    give(ana, 25)
    own, user_id = address_of(ana).id, ana.id
    race(app, [lambda number=number: _ask(user_id, own, f"w{number}") for number in range(20)])
    db.session.expire_all()
    assert (db.session.query(Withdrawal).count(), parts(ana)) == (1, (teo(5), teo(20)))


def test_twenty_at_once_pass_no_limit(app, rich, own, bruno, monkeypatch):
    """Neither the three that one may have open, nor what the platform sends out in a day."""
    monkeypatch.setattr(withdrawals.rulebook, "in_force", lambda at=None: Rules(withdrawals_daily=teo(80)))
    give(bruno, 500)
    members = [(rich.id, own.id), (bruno.id, address_of(bruno, "cd").id)]
    race(app, [lambda who=members[number % 2], number=number: _ask(*who, f"w{number}") for number in range(20)])
    open_ones = [db.session.query(Withdrawal).filter_by(user_id=user_id).count() for user_id, _ in members]
    assert sum(open_ones) == 4 and max(open_ones) <= 3


def test_twenty_members_at_once_take_no_more_than_leaves_in_a_day(app, member, monkeypatch):
    monkeypatch.setattr(withdrawals.rulebook, "in_force", lambda at=None: Rules(withdrawals_daily=teo(80)))
    asking = []
    for number in range(20):
        user = member(f"member{number}")
        give(user, 20)
        asking.append((user.id, address_of(user, f"{number:02}").id))
    refusals = race(app, [lambda who=who: _ask(*who, f"w{who[0]}") for who in asking])
    assert (len(refusals), db.session.query(Withdrawal).count()) == (16, 4)


def test_one_key_in_twenty_threads_asks_once(app, rich, own):
    user_id, own_id = rich.id, own.id
    race(app, [lambda: _ask(user_id, own_id, "w")] * 20)
    assert (db.session.query(Withdrawal).count(), parts(rich)) == (1, (teo(4980), teo(20)))


def _ask(user_id, linked_id, key):
    from lms.domain.accounts.models import User

    withdrawals.request(key, db.session.get_one(User, user_id), linked_id, teo(20))
