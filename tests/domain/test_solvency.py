"""The daily count of what all members have."""

import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from lms import clock
from lms.db import db, transaction
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.ledger.models import Account
from lms.domain.onchain import actions as onchain
from lms.domain.wallet import solvency
from lms.domain.wallet.models import SolvencyLeaf, SolvencyLevel, SolvencyTree
from lms.formats.solvency_proof import verify
from lms.jobs.solvency import publish
from tests.conftest import teo
from tests.races import PATIENCE, outcomes


def credit(user, amount, key="k", account="available"):
    with transaction():
        ledger.post(f"{key}:{user.id}", books.platform("TEO", "issuance"), books.member(user.id, "TEO", account), teo(amount), "grant", evidence={"by": "test"})


def take():
    with transaction():
        return solvency.take()


def a_day_passes():
    clock.advance(timedelta(days=1))


def test_every_member_is_counted_and_can_prove_it(ana, bruno, tea):
    credit(ana, 62.4)
    credit(bruno, 0.000001)
    tree = take()
    assert (tree.total, tree.members) == (62_400_001, 3)
    for user, amount in ((ana, 62_400_000), (bruno, 1), (tea, 0)):
        proof = solvency.proof(user.id, tree)
        verify(proof)
        assert (proof.member, proof.amount, proof.total, proof.root) == (user.email, amount, tree.total, tree.root)


def test_all_parts_of_custody_count_and_nothing_else(ana):
    for account in ("available", "maturing", "staked", "unbonding", "reserved"):
        credit(ana, 1, key=account, account=account)
    with transaction():
        ledger.post("treasury", books.platform("TEO", "issuance"), books.platform("TEO", "treasury"), teo(100), "grant", evidence={"by": "test"})
        ledger.post("debt", books.member(ana.id, "TEO", "debt"), books.platform("TEO", "treasury"), teo(30), "refund", evidence={"by": "test"})
    assert take().total == teo(5)


def test_a_day_is_counted_once(ana):
    credit(ana, 1)
    first = take()
    credit(ana, 5, key="later")
    assert take() is None
    assert [(tree.id, tree.total) for tree in solvency.recent()] == [(first.id, teo(1))]


def test_the_next_day_is_counted_anew(ana):
    take()
    a_day_passes()
    credit(ana, 5)
    assert take().total == teo(5)
    assert [tree.total for tree in solvency.recent()] == [teo(5), 0]


def test_the_same_member_is_another_leaf_each_day(ana):
    proofs = []
    for _ in range(2):
        proofs.append(solvency.proof(ana.id, take()))
        a_day_passes()
    assert proofs[0].salt != proofs[1].salt and proofs[0].root != proofs[1].root


def test_nobody_is_counted_before_the_first_member(app):
    assert take() is None
    assert solvency.recent() == []


def test_a_job_that_was_killed_leaves_nothing_and_may_run_again(ana, monkeypatch):
    def killed():
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(solvency, "_forget_old", killed)
        publish()
    assert db.session.query(SolvencyTree).count() == db.session.query(SolvencyLeaf).count() == db.session.query(SolvencyLevel).count() == 0
    publish()
    publish()
    verify(solvency.proof(ana.id, solvency.recent()[0]))


def test_eight_workers_make_one_tree(app, ana, monkeypatch):
    """All are past the look at what there is when the first one writes."""
    together, looked = threading.Barrier(8), solvency.tree_of

    def look(day):
        found = looked(day)
        together.wait(PATIENCE)
        return found

    monkeypatch.setattr(solvency, "tree_of", look)
    assert outcomes(app, [publish] * 8) == [None] * 8
    tree = solvency.recent()[0]
    assert db.session.query(SolvencyTree).count() == db.session.query(SolvencyLeaf).count() == 1
    verify(solvency.proof(ana.id, tree))


def test_what_moves_meanwhile_is_counted_once(app, ana, bruno):
    """Ana and Bruno send ten TEO back and forth while they are counted, day after day."""
    credit(ana, 10)
    over = threading.Event()

    def play():
        accounts = [books.member(user, "TEO", "available").id for user in (ana_id, bruno_id)]
        for number in range(100_000):
            if over.is_set():
                return
            with transaction():
                source, target = (db.session.get(Account, account) for account in accounts)
                ledger.post(f"move:{number}", source, target, teo(10), "grant", evidence={"by": "test"})
            accounts.reverse()

    ana_id, bruno_id = ana.id, bruno.id
    db.session.commit()
    player = threading.Thread(target=in_context, args=(app, play))
    player.start()
    seen = []
    for _ in range(25):
        tree = take()
        seen.append((tree.total, solvency.proof(ana_id, tree).amount))
        a_day_passes()
    over.set()
    player.join()
    assert {total for total, _ in seen} == {teo(10)}
    assert {amount for _, amount in seen} == {0, teo(10)}


def test_who_changed_his_address_proves_it_by_the_one_that_was_counted(ana):
    tree = take()
    with transaction():
        ana.email = "new@example.org"
    proof = solvency.proof(ana.id, tree)
    verify(proof)
    assert proof.member == "ana@example.org"


def test_who_joined_later_has_no_proof(ana, member):
    tree = take()
    assert solvency.proof(member("nina").id, tree) is None


def test_proofs_are_kept_for_a_week_and_totals_for_ever(ana):
    for _ in range(solvency.KEPT + 2):
        take()
        a_day_passes()
    assert len(solvency.recent()) == solvency.KEPT
    assert db.session.query(SolvencyTree).count() == solvency.KEPT + 2
    assert db.session.query(SolvencyLeaf).count() == solvency.KEPT
    assert {level.tree_id for level in db.session.query(SolvencyLevel)} == {tree.id for tree in solvency.recent()}


def test_a_proof_names_the_transaction_that_published_its_root(ana, chain):
    tree = take()
    with transaction():
        tree.operation = onchain.queue(f"root:{tree.day}", "root", [])
        tree.operation.state = "sent"
        receipt = dict(tx_hash="0x" + "5e" * 32, block_number=7, block_hash="0x" + "aa" * 32, gas_used=1, effective_gas_price=1)
        onchain.mark_mined(tree.operation, SimpleNamespace(**receipt))
    proof = solvency.proof(ana.id, tree)
    assert (proof.chain_id, proof.transaction) == (31337, "0x" + "5e" * 32)


def test_leaves_stand_in_an_order_that_says_nothing_about_members(member):
    """That of the ids that were blinded: by chance the order of sign-up, once in 479 million."""
    users = [member(f"member{number}") for number in range(12)]
    take()
    order = [leaf.user_id for leaf in db.session.query(SolvencyLeaf).order_by(SolvencyLeaf.index)]
    assert sorted(order) == [user.id for user in users] != order


def test_a_proof_takes_one_statement_among_many_members(ana, statements):
    many_members(3_000)
    take()
    tree, user_id = solvency.recent()[0], ana.id
    with statements() as seen:
        proof = solvency.proof(user_id, tree)
    assert len(seen) == 1 and len(proof.path) == 12
    verify(proof)


def many_members(count):
    """Members who have a TEO each, by plain SQL."""
    with transaction():
        db.session.execute(
            text("""
            WITH people AS (
                INSERT INTO users (email, name, password_hash, role, locale, time_zone, created_at)
                SELECT 'many' || n || '@example.org', 'Many', '', 'student', 'en', 'UTC', now() FROM generate_series(1, :count) n RETURNING id),
            owners AS (INSERT INTO holders (user_id) SELECT id FROM people RETURNING id, user_id)
            INSERT INTO accounts (user_id, holder_id, name, asset, sign, balance) SELECT user_id, id, 'available', 'TEO', 1, 1000000 FROM owners"""),
            {"count": count},
        )


def in_context(app, deed):
    with app.app_context():
        deed()
