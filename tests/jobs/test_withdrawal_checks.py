"""From the member's wish to the chain: the job lets it go, and a member in a hurry does not wait for the regular batch."""

from datetime import timedelta

import pytest

from lms import clock, live
from lms.db import db, transaction
from lms.domain.accounts.models import User
from lms.domain.desk.simulation_models import Simulation
from lms.domain.notices.models import Notice
from lms.domain.onchain.models import Operation
from lms.domain.wallet.models import LinkedWallet
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals import halt
from lms.domain.withdrawals.models import Withdrawal
from lms.jobs import settlement
from lms.jobs.withdrawals import check
from lms.queue import enqueue
from tests.conftest import address_of, give, teo
from tests.desk import share_a_browser
from tests.jobs.acts import GREEN, credit, holdings, parts


def ask(user, amount, key="w1", **wishes):
    """Of a member of long standing to an address he has had as long: nobody has to look at either."""
    long_ago = clock.now() - timedelta(days=100)
    with transaction():
        member = db.session.get_one(User, user.id)
        own = db.session.query(LinkedWallet).filter_by(user_id=user.id).first() or address_of(member)
        member.created_at = own.linked_at = long_ago
        return withdrawals.request(key, member, own.id, teo(amount), **wishes)


def freeze(user):
    with transaction():
        db.session.get_one(User, user.id).frozen_at = clock.now()


def test_a_wish_is_looked_at_and_arrives(rich, worker, run_jobs, flow, audit):
    withdrawal = ask(rich, 20)
    enqueue("withdrawals.check")
    run_jobs()
    flow()
    db.session.refresh(withdrawal)
    assert (withdrawal.state, parts(rich), holdings(withdrawal.operation.payload["to"]), audit()) == ("sent", (teo(30), 0), teo(20), GREEN)
    assert [notice.kind for notice in db.session.query(Notice).order_by(Notice.id)] == ["withdrawal requested", "withdrawal approved", "withdrawal sent"]


def test_what_is_asked_for_while_payouts_are_stopped_goes_when_an_admin_lets_them_go_on(rich, ada, worker, run_jobs, audit, log_in, monkeypatch):
    pushed = []
    monkeypatch.setattr(live, "push", lambda *names: pushed.append(names))
    with transaction():
        halt.stop("A key may be lost.", ada)
    withdrawal = ask(rich, 20)
    check()
    assert (withdrawal.state, pushed) == ("checking", [])
    assert log_in(ada).post("/admin/payouts/start").status_code == 303
    run_jobs()
    db.session.refresh(withdrawal)
    assert (withdrawal.state, audit()) == ("queued", GREEN)


def test_one_in_review_stays_where_it_is(rich, worker, run_jobs, flow, audit):
    give(rich, 300)
    withdrawal = ask(rich, 250)
    check()
    flow()
    db.session.refresh(withdrawal)
    assert (withdrawal.state, parts(rich), audit()) == ("in review", (teo(100), teo(250)), GREEN)


def test_one_of_which_a_sign_came_up_while_it_waited_does_not_leave_and_keeps_no_other_back(rich, bruno, worker, run_jobs, flow, audit, monkeypatch):
    suspicious, other = ask(rich, 20), ask(rich, 10, key="w2")
    check()
    clock.advance(timedelta(hours=2))
    with transaction():
        other.decided_at = clock.now()
    share_a_browser(rich, bruno)
    pushed = []
    monkeypatch.setattr(live, "push", lambda user_id, *names: pushed.append((user_id, names)))
    flow()
    db.session.expire_all()
    assert (suspicious.state, other.state, parts(rich), audit()) == ("in review", "sent", (teo(20), teo(20)), GREEN)
    assert (rich.id, (f"withdrawal:{suspicious.id}",)) in pushed
    assert db.session.get_one(Simulation, suspicious.id).verdict == "succeeds"


def test_a_cancelled_one_never_leaves(rich, worker, flow, audit):
    withdrawal = ask(rich, 20)
    with transaction():
        withdrawals.cancel(withdrawal)
    check()
    flow()
    assert (parts(rich), db.session.query(Operation).filter_by(kind="release").count(), audit()) == ((teo(50), 0), 0, GREEN)


@pytest.mark.parametrize(("is_prompt", "batches"), [(True, 1), (False, 0)])
def test_who_is_in_a_hurry_does_not_wait_for_the_regular_batch(is_prompt, batches, rich, worker, run_jobs, anvil):
    """What he earned last is not on the chain yet, and the next batch is an hour away."""
    anvil.call("anvil_mine", "0x3")
    enqueue("stuck_transactions.sweep")
    run_jobs()
    worker.config.update(SETTLE_SECONDS=3600, SETTLE_PATIENCE=7200)
    credit(rich, teo(30), "more")
    ask(rich, 70, is_prompt=is_prompt)
    check()
    before = db.session.query(Operation).filter_by(kind="settle").count()
    settlement.settle()
    assert db.session.query(Operation).filter_by(kind="settle").count() == before + batches


def test_a_frozen_wallet_lets_nothing_new_out(rich, worker, flow, audit):
    withdrawal = ask(rich, 20)
    check()
    freeze(rich)
    flow()
    db.session.refresh(withdrawal)
    assert (withdrawal.state, parts(rich), audit()) == ("approved", (teo(30), teo(20)), GREEN)


def test_one_that_is_queued_and_not_signed_when_the_wallet_is_frozen_is_given_back(rich, worker, flow, audit):
    withdrawal = ask(rich, 20)
    check()
    settlement.settle()
    freeze(rich)
    flow()
    db.session.refresh(withdrawal)
    assert (withdrawal.state, withdrawal.error, parts(rich), audit()) == ("failed", "the member froze his wallet before it was signed", (teo(50), 0), GREEN)
    told = db.session.query(Notice).filter_by(kind="withdrawal given back").one()
    assert told.facts["why"] == withdrawal.error


def test_what_the_chain_has_done_is_taken_over_where_the_rows_know_only_the_wish(rich, worker, flow, audit, backup, recover):
    withdrawal_id = ask(rich, 20).id
    restore = backup()
    check()
    flow()
    restore()
    recover()
    flow()
    assert (db.session.get_one(Withdrawal, withdrawal_id).state, parts(rich), audit()) == ("sent", (teo(30), 0), GREEN)


def test_the_command_is_an_operators_and_waits_for_no_review(rich, worker, flow):
    give(rich, 300)
    result = worker.test_cli_runner().invoke(args=["chain", "release", rich.email, "0x" + "cd" * 20, "250", "--key", "by-hand"])
    assert "approved" in result.output
