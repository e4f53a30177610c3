"""Certificates on their way to the chain: each once, whatever happens to the workers and the database."""

import pytest
from eth_utils import keccak
from sqlalchemy import text

from lms.chain import transactions
from lms.db import db, transaction
from lms.domain.audit.models import Incident
from lms.domain.certificates import actions, queries
from lms.domain.certificates.models import Certificate
from lms.domain.onchain import actions as onchain_actions
from lms.domain.onchain import queries as onchain
from lms.domain.onchain.models import Attempt, Operation
from lms.domain.wallet import holders
from lms.domain.wallet import queries as wallets
from lms.jobs import certificates, chain, contract_calls, lanes, node, solvency
from lms.queue import enqueue
from tests.conftest import publish, take_part, teo
from tests.jobs.acts import GREEN, bring_and_lose_the_attempt, credit, wallets_made
from tests.receipts import awaited, mined

TRANSFER = "0x" + keccak(text="Transfer(address,address,uint256)").hex()


def certify(user, *courses):
    """The ids on the chain of what he has achieved in these courses."""
    with transaction():
        made = [actions.make(take_part(user, course)) for course in courses]
    return [int.from_bytes(certificate.digest) for certificate in made]


@pytest.fixture
def issued(worker, anvil):
    """issued() tells (address, id) of each certificate on the chain, in its order."""
    address = db.session.scalar(text("SELECT address FROM contracts WHERE name = 'Certificate'"))

    def read():
        logs = anvil.call("eth_getLogs", {"address": address, "topics": [TRANSFER], "fromBlock": "0x0"})
        return [("0x" + log["topics"][2][-40:], int(log["topics"][3], 16)) for log in logs]

    return read


def address_of(user):
    return wallets.wallet_of(user.id).address.lower()


def states(kind="certificates"):
    rows = db.session.query(Operation).filter_by(kind=kind).order_by(Operation.id)
    return [operation.state for operation in rows.populate_existing()]


def row_of(number):
    return db.session.query(Certificate).filter_by(digest=number.to_bytes(32)).populate_existing().one()


def incidents():
    return sorted(kind for (kind,) in db.session.query(Incident.kind))


@pytest.fixture
def command(worker):
    def run(*words):
        result = worker.test_cli_runner().invoke(args=["chain", *map(str, words)])
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    return run


@pytest.fixture
def courses(tea):
    return [publish(tea, f"Course {number}", price=0, lessons=1) for number in range(2)]


@pytest.fixture
def number(ana, course):
    """The id of a certificate that waits."""
    return certify(ana, course)[0]


@pytest.fixture
def queued(worker, number):
    """An operation that issues it, and waits for its signature."""
    wallets_made()
    with transaction():
        return actions.queue()


def test_a_batch_is_issued_to_the_members_addresses(ana, bruno, courses, issued, run_jobs, flow):
    numbers = [*certify(ana, *courses), *certify(bruno, courses[0])]
    wallets_made()
    enqueue("certificates.issue")
    run_jobs()
    assert states() == ["mined"]
    assert sorted(issued()) == sorted(zip([address_of(ana), address_of(ana), address_of(bruno)], numbers, strict=True))
    certificates.issue()
    flow()
    assert (states(), queries.waiting(), len(issued())) == (["final"], 0, 3)


def test_what_a_full_batch_is_signed_for_is_enough_and_not_much_more(queued):
    with transaction():
        queued.payload = {"entries": [[f"0x{2**150 + number:040x}", f"{2**255 + number:064x}"] for number in range(50)]}
    chain.submit(queued.id)
    receipt = awaited(node.pool(), queued.tx_hash)
    assert receipt.succeeded and receipt.gas_used < queued.attempts[0].gas == contract_calls.likely_gas(queued) < receipt.gas_used * 1.15


def test_nothing_is_queued_before_the_contract_stands_and_the_member_has_an_address(number, worker):
    certificates.issue()
    wallets_made()
    for table, fact, otherwise in (("contracts", "name = 'Certificate'", "name = 'Another'"), ("deployments", "is_active = true", "is_active = false")):
        with transaction():
            db.session.execute(text(f"UPDATE {table} SET {otherwise} WHERE {fact}"))
        certificates.issue()
        with transaction():
            db.session.execute(text(f"UPDATE {table} SET {fact} WHERE {otherwise}"))
    assert (states(), queries.waiting()) == ([], 1)
    certificates.issue()
    assert states() == ["queued"]


def test_what_a_batch_cannot_take_goes_into_the_next(ana, courses, worker, monkeypatch, issued, run_jobs):
    monkeypatch.setattr(actions, "LARGEST_BATCH", 1)
    numbers = certify(ana, *courses)
    wallets_made()
    certificates.issue()
    run_jobs()
    assert (states(), [number for _, number in issued()]) == (["mined", "mined"], numbers)


@pytest.mark.parametrize("is_sent", [True, False])
def test_a_worker_killed_after_signing_is_finished_by_the_sweep(is_sent, queued, number, issued, run_jobs, monkeypatch):
    def dies(signed, pool):
        for attempt in signed.values():
            if is_sent:
                transactions.broadcast(pool, attempt.raw)
        raise SystemExit("killed")

    monkeypatch.setattr(lanes, "broadcast", dies)
    with pytest.raises(SystemExit):
        chain.submit(queued.id)
    monkeypatch.undo()
    assert queued.state == "signed"
    enqueue("stuck_transactions.sweep")
    run_jobs()
    assert (states(), db.session.query(Attempt).count(), [each for _, each in issued()]) == (["mined"], 1, [number])


def test_a_worker_killed_while_it_queues_leaves_nothing_behind(number, worker, monkeypatch):
    def dies(*_):
        raise SystemExit("killed")

    wallets_made()
    monkeypatch.setattr(db.session, "commit", dies)
    with pytest.raises(SystemExit):
        certificates.issue()
    monkeypatch.undo()
    assert (states(), queries.waiting()) == ([], 1)


def test_one_that_the_chain_has_already_is_skipped_and_keeps_no_other_back(ana, courses, worker, issued, run_jobs, flow):
    """As when rows came back that knew it as waiting."""
    (first,) = certify(ana, courses[0])
    wallets_made()
    certificates.issue()
    flow()
    with transaction():
        db.session.execute(text("UPDATE certificates SET operation_id = NULL, address = NULL"))
    (second,) = certify(ana, courses[1])
    certificates.issue()
    flow()
    assert (states(), [number for _, number in issued()]) == (["final", "final"], [first, second])
    assert incidents() == []


def test_what_was_dropped_waits_again_and_is_issued_by_another_batch(queued, number, ana, command, issued, flow):
    command("void", queued.id)
    flow()
    assert (states(), queries.waiting(), issued()) == (["failed"], 1, [])
    certificates.issue()
    flow()
    assert (states(), queries.waiting(), issued()) == (["failed", "final"], 0, [(address_of(ana), number)])


def test_one_dropped_too_late_is_issued_once(queued, number, command, issued, anvil, blocks_wait, flow):
    blocks_wait()
    chain.submit(queued.id)
    first = queued.attempts[0].raw
    command("void", queued.id)
    anvil.call("anvil_dropAllTransactions")
    anvil.call("eth_sendRawTransaction", "0x" + bytes(first).hex())  # a node has kept it
    anvil.call("evm_setAutomine", True)
    anvil.call("evm_mine")
    flow()
    certificates.issue()
    flow()
    assert (states(), [each for _, each in issued()], queries.waiting()) == (["final"], [number], 0)


def test_what_a_lost_attempt_has_issued_is_done(queued, number, issued, run_jobs):
    bring_and_lose_the_attempt(queued)
    assert (states(), db.session.query(Attempt).count(), [each for _, each in issued()]) == (["mined"], 0, [number])


def issue_elsewhere(operation):
    """Our signer issues something else under the operation's number, as by a transaction whose rows are lost."""
    contract, signer, pool = contract_calls.contract(operation), node.signers()[0], node.pool()
    data, nonce = contract.issue_data(operation.op, [("0x" + "11" * 20, 5)]), pool.mined_nonce(signer.address)
    signed = transactions.sign(signer, pool.chain_id, contract.address, data, nonce, transactions.fees(pool), 500_000)
    mined(pool, signed)
    with transaction():
        db.session.execute(text("UPDATE signers SET next_nonce = next_nonce + 1"))


def test_a_number_that_others_used_is_an_incident_and_stops_settlement(queued):
    issue_elsewhere(queued)
    chain.submit(queued.id)
    assert (queued.state, incidents()) == ("queued", ["not our entries"])


def test_a_lost_number_that_was_not_used_up_in_time_is_told_and_taken_over(rich, recover, flow):
    with transaction():
        deployment = onchain.deployment()
        onchain_actions.queue_void(deployment, deployment.next_op, "certificates")
    issue_elsewhere(db.session.query(Operation).filter_by(kind="certificates").one())
    flow()
    assert (states(), incidents()) == (["queued"], ["not our entries"])
    assert "1 operations taken over" in recover()
    assert (states(), incidents()) == (["failed", "final"], ["certificate lost", "not our entries"])


def test_what_waited_in_the_backup_is_found_on_the_chain(rich, course, backup, recover, issued, flow, audit):
    (number,) = certify(rich, course)
    restore = backup()
    certificates.issue()
    flow()
    restore()
    assert "1 operations taken over, 0 lost" in recover()
    certificates.issue()
    flow()
    row = row_of(number)
    assert (row.operation.key.startswith("recovered:"), row.address.lower(), row.credential["member"]) == (True, address_of(rich), "Ana")
    assert (states(), issued(), incidents(), audit()) == (["final"], [(address_of(rich), number)], [], GREEN)


def test_of_one_made_after_the_backup_an_incident_says_that_its_words_are_lost(rich, course, backup, recover, issued, flow):
    restore = backup()
    (number,) = certify(rich, course)
    certificates.issue()
    flow()
    restore()
    recover()
    row = row_of(number)
    assert (holders.members_of([row.holder_id]), row.credential, row.salt) == ([rich.id], None, None)
    lost = db.session.query(Incident).one()
    assert (lost.kind, lost.subject, lost.details["address"].lower()) == ("certificate lost", number.to_bytes(32).hex(), address_of(rich))
    (again,) = certify(rich, course)
    certificates.issue()
    flow()
    assert [each for _, each in issued()] == [number, again]


def test_one_at_an_address_that_is_lost_too_is_nobodys_and_told(member, course, rich, backup, recover, flow):
    restore = backup()
    (number,) = certify(member("carla"), course)
    wallets_made()
    certificates.issue()
    flow()
    restore()
    recover()
    assert (db.session.query(Certificate).count(), incidents()) == (0, ["certificate lost"])
    assert db.session.query(Incident).one().subject == number.to_bytes(32).hex()


def test_the_number_of_a_lost_batch_is_not_given_out_again(rich, course, backup, recover, flow, audit):
    restore = backup()
    certify(rich, course)
    certificates.issue()
    flow()
    restore()
    recover()
    credit(rich, teo(5), "more")
    flow()
    numbers = [(operation.kind, operation.op, operation.state) for operation in db.session.query(Operation).order_by(Operation.op)][-2:]
    assert ([(kind, state) for kind, _, state in numbers], numbers[1][1] - numbers[0][1]) == ([("certificates", "final"), ("settle", "final")], 1)
    assert audit() == GREEN


def test_a_batch_queued_under_a_number_that_the_token_has_used_is_set_aside_and_waits_again(rich, course, backup, recover, issued, flow, audit):
    (number,) = certify(rich, course)
    credit(rich, teo(5), "more")
    restore = backup()
    flow()
    restore()
    certificates.issue()
    recover()
    assert (states(), queries.waiting()) == (["failed"], 1)
    certificates.issue()
    flow()
    assert (states(), [each for _, each in issued()], wallets.balance(rich.id).total, audit()) == (["failed", "final"], [number], teo(55), GREEN)


@pytest.fixture
def let_sign(worker):
    """let_sign() is what an operator does who looks at no number: the lane goes on behind what the chain knows of it."""

    def run():
        with transaction():
            db.session.execute(text("UPDATE signers SET next_nonce = :mined"), {"mined": node.pool().mined_nonce(node.addresses()[0])})

    return run


@pytest.mark.parametrize("kind", ["root", "certificates"])
def test_a_number_that_the_token_has_used_is_no_other_contracts_and_nothing_is_minted_twice(kind, rich, course, backup, recover, command, let_sign, flow, audit):
    """The other contract would take it, and the settlement after it has one that the token takes."""
    certify(rich, course)
    credit(rich, teo(5), "more")
    restore = backup()
    flow()
    restore()
    let_sign()
    (solvency.publish if kind == "root" else certificates.issue)()
    flow()
    assert (states(kind), states("settle"), incidents()) == (["queued"], ["final"], ["not our entries"])
    recover()
    command("resume")
    certificates.issue()
    flow()
    assert (states("certificates")[-1], wallets.balance(rich.id).total, audit()) == ("final", teo(55), GREEN)


def test_one_whose_number_the_token_has_used_can_be_dropped(rich, course, backup, command, let_sign, flow):
    certify(rich, course)
    restore = backup()
    credit(rich, teo(5), "lost")
    flow()
    restore()
    let_sign()
    certificates.issue()
    flow()
    assert (states(), incidents()) == (["queued"], ["not our entries"])
    command("void", db.session.query(Operation).filter_by(kind="certificates").one().id)
    command("resume")
    flow()
    assert (states(), queries.waiting()) == (["failed"], 1)


def test_a_settlement_under_the_number_of_a_lost_batch_waits_and_nothing_is_minted_twice(
    rich, course, backup, recover, command, let_sign, issued, run_jobs, flow, audit
):
    """What it is to mint was minted under the number after that, which its rows do not know either."""
    (number,) = certify(rich, course)
    credit(rich, teo(5), "owed")
    restore = backup()
    certificates.issue()
    run_jobs()
    flow()
    restore()
    let_sign()
    flow()
    assert (states("settle")[-1], incidents()) == ("queued", ["not our entries"])
    assert "2 operations taken over, 0 lost" in recover()
    command("resume")
    flow()
    assert (row_of(number).operation.state, [each for _, each in issued()], wallets.balance(rich.id).total, audit()) == ("final", [number], teo(55), GREEN)


def test_a_batch_under_the_number_of_a_lost_one_is_set_aside_and_that_one_taken_over(rich, courses, backup, recover, command, let_sign, issued, run_jobs, flow, audit):
    (first,) = certify(rich, courses[0])
    restore = backup()
    certificates.issue()
    flow()
    restore()
    let_sign()
    (second,) = certify(rich, courses[1])
    certificates.issue()
    run_jobs()
    assert (states(), incidents()) == (["queued"], ["not our entries"])
    recover()
    assert (states(), queries.waiting()) == (["failed", "final"], 1)
    command("resume")
    certificates.issue()
    flow()
    assert (states(), [number for _, number in issued()], audit()) == (["failed", "final", "final"], [first, second], GREEN)


def test_a_batch_that_repeats_what_a_lost_one_has_issued_is_done_and_the_rows_are_the_first_ones(rich, course, backup, recover, let_sign, issued, flow, audit):
    (number,) = certify(rich, course)
    restore = backup()
    certificates.issue()
    flow()
    restore()
    let_sign()
    with transaction():
        db.session.execute(text("UPDATE deployments SET next_op = next_op + 1"))
    certificates.issue()
    flow()
    assert states() == ["final"]
    assert "1 operations taken over" in recover()
    assert (states(), row_of(number).operation.key.startswith("recovered:"), [each for _, each in issued()]) == (["final", "final"], True, [number])
    assert audit() == GREEN


def test_a_recovery_may_run_twice_and_on_a_database_that_lost_nothing(queued, rich, recover, flow):
    flow()
    for _ in range(2):
        assert "0 operations taken over, 0 lost" in recover()
    assert (states(), incidents(), db.session.query(Certificate).count()) == (["final"], [], 1)


def test_the_command_makes_one_and_the_next_batch_brings_it_to_the_chain(rich, course, command, issued, run_jobs):
    take_part(rich, course)
    for _ in range(2):
        assert command("certify", rich.email, course.slug) == "certificate 1: waits, 1 wait in all\n"
    run_jobs()
    assert (len(issued()), command("certify", rich.email, course.slug)) == (1, "certificate 1: mined, 0 wait in all\n")


@pytest.mark.parametrize(("email", "slug"), [("nobody@example.org", "how-chains-work"), ("ana@example.org", "no-course"), ("ana@example.org", "how-chains-work")])
def test_the_command_refuses_who_takes_no_part(email, slug, ana, course, worker):
    result = worker.test_cli_runner().invoke(args=["chain", "certify", email, slug])
    assert result.exit_code != 0 and "No member with this address takes part in a course of this name." in result.output


def test_the_command_refuses_a_course_that_is_not_completed(ana, course, worker):
    take_part(ana, course, lessons=3)
    result = worker.test_cli_runner().invoke(args=["chain", "certify", ana.email, course.slug])
    assert result.exit_code != 0 and "not completed yet" in result.output
