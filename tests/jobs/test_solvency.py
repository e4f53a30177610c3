"""The day's root on its way to the Notary."""

from datetime import timedelta

from lms.db import db
from lms.domain.onchain.models import Operation
from lms.domain.wallet import solvency
from lms.domain.wallet.models import SolvencyTree
from lms.jobs import node
from lms.jobs import solvency as job
from lms.queue import enqueue
from tests.conftest import teo
from tests.jobs.acts import GREEN


def notary():
    from lms.chain.contracts import Notary
    from lms.domain.onchain import queries

    return Notary(queries.deployment().address_of("Notary"))


def test_root_and_total_stand_on_the_chain_once(rich, flow, audit):
    for _ in range(2):
        enqueue("solvency.publish")
        flow()
    tree = db.session.query(SolvencyTree).one()
    operation = db.session.query(Operation).filter_by(kind="root").one()
    assert (operation.state, tree.operation_id) == ("final", operation.id)
    assert notary().root_of(node.pool(), "solvency", int(tree.day.strftime("%Y%m%d"))) == bytes(tree.root)
    assert tree.total == teo(50)
    assert audit() == GREEN


def test_the_proof_names_contract_and_transaction(rich, flow):
    job.publish()
    flow()
    tree = db.session.query(SolvencyTree).one()
    proof = solvency.proof(rich.id, tree)
    assert (proof.notary, proof.transaction) == (notary().address, tree.operation.tx_hash)


def test_a_tree_taken_before_the_contracts_stand_waits(app, rich, flow):
    from sqlalchemy import text

    from lms.db import transaction

    with transaction():
        db.session.execute(text("UPDATE deployments SET is_active = false"))
    job.publish()
    assert db.session.query(SolvencyTree).one().operation_id is None
    with transaction():
        db.session.execute(text("UPDATE deployments SET is_active = true"))
    job.publish()
    flow()
    assert db.session.query(Operation).filter_by(kind="root").one().state == "final"


def test_the_days_that_nobody_was_told_of_are_published_with_the_next(rich, flow):
    from sqlalchemy import text

    from lms import clock
    from lms.db import transaction

    with transaction():
        db.session.execute(text("UPDATE deployments SET is_active = false"))
    job.publish()
    clock.advance(timedelta(days=1))
    job.publish()
    with transaction():
        db.session.execute(text("UPDATE deployments SET is_active = true"))
    job.publish()
    flow()
    trees = db.session.query(SolvencyTree).order_by(SolvencyTree.day).all()
    assert [tree.operation.state for tree in trees] == ["final", "final"]
    roots = [notary().root_of(node.pool(), "solvency", int(tree.day.strftime("%Y%m%d"))) for tree in trees]
    assert roots == [bytes(tree.root) for tree in trees] and len(set(roots)) == 2


def test_one_that_the_notary_has_already_fails_for_good(rich, flow, audit):
    """As after a restored database, which counts the day anew."""
    job.publish()
    flow()
    with_other_salts = db.session.query(SolvencyTree).one()
    from lms.db import transaction
    from lms.domain.onchain import queries

    with transaction():
        with_other_salts.root, with_other_salts.operation_id = b"\1" * 32, None
        db.session.flush()
        db.session.query(Operation).filter_by(kind="root").one().key = "root:of the older rows"
        solvency.publish(with_other_salts, queries.deployment())
    flow()
    newest = db.session.query(Operation).filter_by(kind="root").order_by(Operation.id.desc()).first()
    assert newest.state == "failed" and "AlreadyPublished" in newest.error
    assert audit() == GREEN
