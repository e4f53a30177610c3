"""What an operator changes by a command stands in the audit log, once for each time that it changed something."""

import pytest

from lms import create_app
from lms.db import db, transaction
from lms.domain.audit import log
from lms.domain.audit.models import LogEntry
from lms.domain.ledger import queries as books
from lms.domain.onchain import signer_lanes
from lms.domain.onchain.models import Contract
from lms.domain.wallet import key_replacements
from lms.domain.wallet import queries as wallets
from lms.domain.withdrawals.models import Withdrawal
from lms.jobs import chain, node, settlement
from tests.conftest import take_part, teo
from tests.jobs.acts import ask, wallets_made

STRANGE = "0x000000000000000000000000000000000000bEEF"


def rows():
    """[(action, subject, details)], of operators all."""
    found = db.session.query(LogEntry).order_by(LogEntry.number).all()
    said = [(row.action, row.subject, row.details) for row in found if row.by_id is None]
    assert len(said) == len(found) and log.first_altered() is None
    return said


@pytest.fixture
def run(worker):
    """run("chain", "grant", …) is its exit code."""
    return lambda *words: worker.test_cli_runner().invoke(args=[str(word) for word in words]).exit_code


def test_a_key_that_is_replaced(worker, run, ana):
    wallets_made()
    before = wallets.wallet_of(ana.id).address
    assert (run("keys", "replace", ana.email), run("keys", "replace", "treasury")) == (0, 0)
    member, after = f"member {ana.id}", key_replacements.in_use(books.holder_of(ana.id).id).address
    of_ana, of_treasury = rows()
    assert of_ana == ("key replaced", member, {"before": before, "after": after}) and before != after
    assert of_treasury[:2] == ("key replaced", "part treasury")


def test_keys_that_are_wrapped_anew(run):
    assert run("keys", "rotate") == 0
    assert rows() == [("keys rewrapped", "part keys", {"version": node.keks().version})]


def test_a_signer_that_retires_and_comes_back(app):
    for verb in (signer_lanes.retire, signer_lanes.retire, signer_lanes.reinstate, signer_lanes.reinstate):
        with transaction():
            verb(STRANGE)
    assert rows() == [("signer retired", f"signer {STRANGE}", {}), ("signer reinstated", f"signer {STRANGE}", {})]


def test_foreign_transactions_that_are_taken_for_known(app):
    for _ in range(2):
        with transaction():
            signer_lanes.adopt(STRANGE, 7)
    assert rows() == [("signer adopted", f"signer {STRANGE}", {"before": 0, "mined": 7, "halted": ""})]


def test_rights_that_are_asked_for_a_signer(run):
    assert run("chain", "grant", STRANGE) == 1
    assert rows() == [("signer rights asked", f"signer {STRANGE}", {"verb": "grantRole", "contracts": ["Certificate", "Notary", "TeoCoin"]})]


def test_a_signer_and_contracts_that_are_made(app, bare, worker_environ, tmp_path):
    worker = create_app("cli", {**worker_environ, "SIGNER_FILES": str(tmp_path / "new.json")})
    with worker.app_context():
        for _ in range(2):
            for command in ("signer", "deploy"):
                assert worker.test_cli_runner().invoke(args=["chain", command]).exit_code == 0
        made = [("contract placed", f"contract {contract.name}", {"address": contract.address}) for contract in db.session.query(Contract).order_by(Contract.id)]
        assert len(made) == 3 and rows() == [("signer made", f"signer {node.addresses()[0]}", {}), *made]


def test_an_operation_that_is_sent_again(rich, run, blocks_wait):
    ask(rich, 20)
    settlement.settle()
    blocks_wait()
    number = db.session.query(Withdrawal.operation_id).scalar()
    chain.submit(number)
    assert run("chain", "replace", number) == 0
    assert rows()[1:] == [("operation sent again", f"operation {number}", {})]


def test_a_certificate_and_tokens_that_are_given(rich, run, course):
    member, title = f"member {rich.id}", course.title
    take_part(rich, course)
    assert (run("chain", "certify", rich.email, course.slug), run("demo", "grant", rich.email, 3)) == (0, 0)
    certificate, tokens = rows()
    assert certificate == ("certificate made", member, {"certificate": 1, "title": title})
    assert tokens == ("tokens given", member, {"amount": teo(3)})


def test_what_is_taken_over_from_the_chain(rich, backup, recover, flow):
    restore = backup()
    ask(rich, 20)
    flow()
    restore()
    recover()
    assert [row[2] for row in rows() if row[0] == "chain recovered"] == [{"taken": 1, "lost": 0}]
