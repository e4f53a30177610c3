"""A withdrawal in review is tried out on the node before anybody approves it: what it would take, or why it would not go."""

import pytest

from lms import clock, live
from lms.chain.contracts import TeoCoin
from lms.db import db, transaction
from lms.domain.accounts.models import User
from lms.domain.desk.simulation_models import Simulation
from lms.domain.onchain.models import Operation
from lms.domain.wallet import queries as wallets
from lms.domain.withdrawals import actions
from lms.jobs import contract_calls, node, simulations
from lms.jobs.withdrawals import check
from tests.conftest import address_of, teo
from tests.jobs.acts import GREEN, credit, holdings

STRANGER = "0x" + "5e" * 20


@pytest.fixture
def waiting(rich, flow):
    """A withdrawal of Ana's of 250 TEO, all on the chain, that waits for an admin and that no job has simulated yet."""
    credit(rich, teo(250), "more")
    flow()
    return in_review(rich)


def in_review(user):
    user = db.session.get_one(User, user.id)
    own = address_of(user)
    with transaction():
        withdrawal = actions.request("wish", user, own.id, teo(250))
    check()
    return withdrawal


def simulated(withdrawal):
    simulations.run(withdrawal.id)
    db.session.expire_all()
    return db.session.get(Simulation, withdrawal.id)


def act(anvil, sender, data):
    """The sender calls the token, with gas he is given for it."""
    anvil.call("anvil_impersonateAccount", sender)
    anvil.call("anvil_setBalance", sender, hex(10**20))
    anvil.call("eth_sendTransaction", {"from": sender, "to": node.token().address, "data": f"0x{data.hex()}"})
    anvil.call("anvil_mine", "0x1")


@pytest.fixture
def paused(waiting, anvil):
    act(anvil, node.addresses()[0], node.token()._data("pause"))


def take_away(anvil, user, amount):
    """The key of the member's address was stolen, and who has it sends so much away."""
    act(anvil, wallets.wallet_of(user.id).address, node.token()._data("transfer", STRANGER, amount))


def test_one_that_comes_into_review_is_simulated_and_it_says_what_it_takes_and_leaves(waiting, run_jobs, audit):
    run_jobs()
    found = db.session.get(Simulation, waiting.id)
    assert (found.verdict, found.why, found.amount, found.to) == ("succeeds", "", teo(250), waiting.to)
    assert (found.balance, found.after) == (teo(300), teo(50))
    assert found.block_number == node.pool().head().number and 50_000 < found.gas < 120_000 and found.fee_wei > found.gas * 30 * 10**9
    assert (db.session.query(Operation).filter_by(kind="release").count(), holdings(waiting.to), audit()) == (0, 0, GREEN), "nothing was queued or sent"


def test_what_is_simulated_is_what_is_signed_once_it_is_approved(waiting, ada, flow, monkeypatch):
    made, release_data = [], TeoCoin.release_data
    monkeypatch.setattr(TeoCoin, "release_data", lambda *arguments: made.append(arguments[1:-2]) or release_data(*arguments))
    simulations.run(waiting.id)
    with transaction():
        actions.approve(waiting, db.session.get_one(User, ada.id))
    flow()
    db.session.refresh(waiting)
    assert waiting.state == "sent" and made[0] == made[-1], "number, holder, address and amount; deadline and signature are its own"


def test_what_the_holder_signs_for_it_is_worth_nothing_soon(waiting, monkeypatch):
    deadlines, release = [], contract_calls.release
    monkeypatch.setattr(contract_calls, "release", lambda *arguments: deadlines.append(arguments[-1]) or release(*arguments))
    simulations.run(waiting.id)
    assert deadlines[0] <= max(node.pool().head().timestamp, clock.now().timestamp()) + 300


def test_an_unreachable_node_is_said_and_keeps_no_answer_from_coming_later(waiting, worker):
    urls = worker.config["RPC_URLS"]
    worker.config["RPC_URLS"] = ("http://127.0.0.1:9",)
    found = simulated(waiting)
    assert (found.verdict, found.why, found.block_number, found.gas, found.balance) == ("unknown", "RpcDown", None, None, None)
    worker.config["RPC_URLS"] = urls
    assert simulated(waiting).verdict == "succeeds"


def test_a_paused_contract_refuses_it(waiting, paused):
    found = simulated(waiting)
    assert (found.verdict, found.why, found.balance, found.after, found.gas) == ("reverts", "EnforcedPause()", teo(300), None, None)


def test_one_whose_tokens_are_not_all_on_the_chain_waits_for_a_batch(rich, worker):
    credit(rich, teo(250), "more")
    found = simulated(in_review(rich))
    assert (found.verdict, found.why, found.balance) == ("waits", "a batch", teo(50))


def test_less_on_the_chain_than_our_books_say_is_refused(waiting, rich, anvil):
    take_away(anvil, rich, teo(300))
    found = simulated(waiting)
    assert found.verdict == "reverts" and found.why.startswith("ERC20InsufficientBalance(") and found.balance == 0


def test_a_signer_without_gas_makes_it_wait(waiting, anvil):
    anvil.call("anvil_setBalance", node.addresses()[0], hex(10**9))
    found = simulated(waiting)
    assert (found.verdict, found.why) == ("waits", "funds") and found.gas


def test_fees_above_what_we_pay_make_it_wait(waiting, monkeypatch):
    monkeypatch.setattr("lms.chain.transactions.MOST_CAP", 1)
    found = simulated(waiting)
    assert (found.verdict, found.why, found.fee_wei) == ("waits", "fees", None) and found.gas


def test_admins_with_the_case_open_are_shown_the_answer(waiting, ada, member, worker, monkeypatch):
    pushed, otto = [], member("otto", role="admin")
    monkeypatch.setattr(live, "listening", lambda user_ids: [user_id for user_id in user_ids if user_id != otto.id])
    monkeypatch.setattr(live, "push", lambda *names: pushed.append(names))
    simulations.run(waiting.id)
    assert pushed == [(ada.id, f"simulation:{waiting.id}", f"verdict:{waiting.id}")]
    with worker.test_request_context():
        shown = live.shown(ada.id, pushed[0][1:])
    assert "It would go through." in shown[f"simulation:{waiting.id}"] and "form" not in shown[f"simulation:{waiting.id}"]


def test_one_that_is_decided_meanwhile_is_left_alone(waiting, ada):
    with transaction():
        actions.reject(waiting, db.session.get_one(User, ada.id), "No.")
    assert simulated(waiting).verdict is None
