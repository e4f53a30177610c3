"""Legs brought into a batch: all that wait, each once, in the same few statements however many."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from lms import clock
from lms.db import db, transaction
from lms.domain.audit import actions as audit
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.onchain import actions, signer_lanes
from lms.domain.onchain import queries as onchain
from lms.domain.onchain.models import Entry, Operation
from lms.domain.wallet import actions as wallet
from lms.domain.wallet import custody
from lms.domain.wallet.policy import Policy
from tests.conftest import teo
from tests.races import until_it_waits


@pytest.fixture
def holders(chain):
    """holders(3) are members with an address."""

    def make(count):
        with transaction():
            for statement in (
                """INSERT INTO users (email, name, password_hash, role, locale, time_zone, created_at)
                   SELECT 'holder' || n, 'Holder', 'none', 'student', 'en', 'UTC', now() FROM generate_series(1, :count) n""",
                "INSERT INTO holders (user_id) SELECT id FROM users ORDER BY id",
                """INSERT INTO accounts (user_id, holder_id, name, asset, sign, balance)
                   SELECT user_id, id, 'available', 'TEO', 1, 0 FROM holders WHERE user_id IS NOT NULL""",
                "INSERT INTO accounts (user_id, name, asset, sign, balance) SELECT user_id, 'debt', 'TEO', -1, 0 FROM holders WHERE user_id IS NOT NULL",
                """INSERT INTO wallets (holder_id, address, ciphertext, wrapped_key, kek_version, created_at, must_move)
                   SELECT id, '0x' || lpad(to_hex(id), 40, '0'), '', '', 1, now(), false FROM holders WHERE user_id IS NOT NULL""",
            ):
                db.session.execute(text(statement), {"count": count} if ":count" in statement else {})
        return db.session.scalars(text("SELECT id FROM holders WHERE user_id IS NOT NULL ORDER BY id")).all()

    return make


def gain(holder_id, amount, key):
    _move(books.platform("TEO", "issuance"), _account(holder_id), amount, key)


def lose(holder_id, amount, key):
    _move(_account(holder_id), books.platform("TEO", "issuance"), amount, key)


def _move(source, target, amount, key):
    with transaction():
        ledger.post(key, source, target, amount, "lesson", evidence={"by": "test"})


def _account(holder_id):
    from lms.domain.ledger.models import Account

    return db.session.query(Account).filter_by(holder_id=holder_id, name="available").one()


def opened():
    with transaction():
        return wallet.open_batch()


def entries():
    return [(entry.holder_id, entry.kind, entry.amount, entry.is_open) for entry in db.session.query(Entry).order_by(Entry.id)]


def uncovered():
    return db.session.scalar(text("SELECT count(*) FROM transfers WHERE target_holder_id IS NOT NULL AND target_entry_id IS NULL"))


def wrong_entries():
    """Entries that are not the sum of their legs."""
    return db.session.scalar(
        text("""SELECT count(*) FROM entries e WHERE CASE kind WHEN 'mint' THEN amount WHEN 'burn' THEN -amount ELSE 0 END <>
                coalesce((SELECT sum(amount) FROM transfers WHERE target_entry_id = e.id), 0) - coalesce((SELECT sum(amount) FROM transfers WHERE source_entry_id = e.id), 0)""")
    )


@pytest.mark.parametrize("count", [1, 200])
def test_a_batch_takes_the_same_few_statements_for_any_number_of_holders(holders, statements, count):
    with transaction():
        for holder_id in holders(count):
            for number in range(2):
                ledger.post(f"{holder_id}:{number}", books.platform("TEO", "issuance"), _account(holder_id), 5, "lesson", evidence={"by": "test"})
    db.session.rollback()
    with statements() as seen:
        operation = opened()
    assert len(seen) == 10
    assert [(entry.kind, entry.amount) for entry in operation.entries] == [("mint", 10)] * count
    assert uncovered() == wrong_entries() == 0


def test_each_entry_is_the_net_of_its_holders_legs_in_the_order_of_the_holders(holders):
    first, second, third = holders(3)
    for number, holder_id in enumerate((third, first, second)):
        gain(holder_id, 10, f"gain {number}")
    opened()
    with transaction():
        db.session.execute(text("UPDATE entries SET is_open = false"))
    lose(second, 4, "lost")
    gain(first, 7, "more")
    gain(third, 5, "in")
    lose(third, 5, "and out")
    operation = opened()
    assert entries()[3:] == [(first, "mint", 7, True), (second, "burn", 4, True), (third, "empty", 0, False)]
    assert [entry.holder_id for entry in operation.entries] == [first, second]
    assert operation.key == f"settle:{operation.entries[0].id}"
    assert wrong_entries() == 0


def test_a_transfer_between_two_holders_is_a_leg_of_both(holders):
    giver, taker = holders(2)
    gain(giver, 10, "first")
    _move(_account(giver), _account(taker), 4, "gift")
    opened()
    assert entries() == [(giver, "mint", 6, True), (taker, "mint", 4, True)]
    assert wrong_entries() == 0


def test_nets_of_zero_alone_make_no_operation(holders):
    (holder_id,) = holders(1)
    gain(holder_id, 5, "in")
    lose(holder_id, 5, "out")
    assert opened() is None
    assert entries() == [(holder_id, "empty", 0, False)]
    assert (db.session.query(Operation).count(), uncovered()) == (0, 0)


@pytest.mark.parametrize("amounts", [(6_000, 3_999, 1, 2), (1, 2, 3, 10_002)])
def test_a_batch_ends_before_it_mints_more_than_it_may(holders, amounts):
    four = holders(4)
    for holder_id, amount in zip(four, amounts, strict=True):
        gain(holder_id, teo(amount), f"gain {holder_id}")
    assert [entry.holder_id for entry in opened().entries] == four[:3]
    assert [entry.holder_id for entry in opened().entries] == four[3:]


def test_a_batch_holds_no_more_than_the_contract_takes(holders):
    for holder_id in holders(201):
        gain(holder_id, 5, f"gain {holder_id}")
    assert [len(opened().entries), len(opened().entries), opened()] == [200, 1, None]


def test_who_has_an_open_entry_a_skipped_burn_or_no_address_waits(holders):
    settling, skipped, homeless, free = four = holders(4)
    gain(settling, 1, "before")
    opened()
    for holder_id in four:
        gain(holder_id, 5, f"gain {holder_id}")
    with transaction():
        audit.open_incident("burn skipped", skipped)
        db.session.execute(text("DELETE FROM wallets WHERE holder_id = :homeless"), {"homeless": homeless})
    assert [entry.holder_id for entry in opened().entries] == [free]
    assert (uncovered(), wrong_entries()) == (3, 0)


def test_who_cannot_be_settled_makes_no_batch_due_however_long_he_waits(app, holders):
    """Or each new leg would be a batch of its own for as long as nobody looks at his incident."""
    settling, skipped, homeless, moving, free = five = holders(5)
    gain(settling, 1, "before")
    opened()
    for holder_id in five[:4]:
        gain(holder_id, 5, f"gain {holder_id}")
    with transaction():
        audit.open_incident("burn skipped", skipped)
        db.session.execute(text("DELETE FROM wallets WHERE holder_id = :homeless"), {"homeless": homeless})
        db.session.execute(text("UPDATE wallets SET must_move = true WHERE holder_id = :moving"), {"moving": moving})
    hourly = Policy(pause=timedelta(hours=1), patience=timedelta(minutes=20))
    clock.advance(timedelta(minutes=30))
    gain(free, 5, "gain of one who can")
    assert not custody.is_due(hourly)
    clock.advance(timedelta(minutes=20))
    assert custody.is_due(hourly)
    assert [entry.holder_id for entry in opened().entries] == [free]
    clock.advance(timedelta(days=1))
    assert not custody.is_due(hourly)


def test_a_leg_not_committed_yet_keeps_its_holder_for_the_next_batch(app, holders):
    """Its id may be lower than one that is covered now: nothing but the leg itself says whether it is covered."""
    first, second = holders(2)
    gain(first, 5, "gain 1")
    gain(second, 5, "gain 2")
    with app.app_context():
        ledger.post("late", books.platform("TEO", "issuance"), _account(first), 3, "lesson", evidence={"by": "test"})
        with app.app_context():
            assert [entry.holder_id for entry in opened().entries] == [second]
        db.session.commit()
    assert [(entry.holder_id, entry.amount) for entry in opened().entries] == [(first, 8)]


def test_workers_at_once_cover_each_leg_once(app, holders):
    for holder_id in holders(60):
        gain(holder_id, 5, f"gain {holder_id}")
    start, found = threading.Barrier(4), []

    def work():
        with app.app_context():
            start.wait()
            while operation := opened():
                found.append(len(operation.entries))

    workers = [threading.Thread(target=work) for _ in range(4)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wallet, "LARGEST_BATCH", 7)
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert sorted(found) == [4, *[7] * 8]
    assert (uncovered(), wrong_entries(), db.session.query(Entry).count()) == (0, 0, 60)


def test_workers_at_once_in_one_lane_take_each_nonce_once(app, chain):
    with transaction():
        ids = [actions.queue(f"operation {number}", "settle", []).id for number in range(16)]
    start, given = threading.Barrier(4), []

    def sign(mine):
        with app.app_context():
            start.wait()
            for operation_id in mine:
                with transaction():
                    given.extend((nonce, operation.id) for operation, nonce in signer_lanes.take_nonces([db.session.get(Operation, operation_id)], "0x" + "ab" * 20, 0))

    workers = [threading.Thread(target=sign, args=(ids[number::4],)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(nonce for nonce, _ in given) == list(range(16))
    assert sorted(operation_id for _, operation_id in given) == ids


def test_what_is_uncovered_while_a_batch_is_added_up_waits_for_the_next(app, holders, monkeypatch):
    """A batch that was mined, left behind by the chain and then dropped: its entries are closed already, and their sum is zero."""
    first, second = holders(2)
    gain(second, 9, "before")
    opened()
    _close_all()
    gain(first, 5, "in")
    lose(second, 5, "out")
    dropped = opened().id
    _close_all()
    gain(first, 1, "more of the first")
    gain(second, 2, "more of the second")
    other, add_up = threading.Thread(target=_drop, args=(app, dropped)), wallet._within_net

    def added_up(found):
        nets = add_up(found)
        other.start()
        until_it_waits(other)
        return nets

    monkeypatch.setattr(wallet, "_within_net", added_up)
    operation = opened()
    other.join()
    assert [(entry.holder_id, entry.kind, entry.amount) for entry in operation.entries] == [(first, "mint", 1), (second, "mint", 2)]
    assert wrong_entries() == 0
    monkeypatch.undo()
    _close_all()
    assert [(entry.holder_id, entry.kind, entry.amount) for entry in opened().entries] == [(first, "mint", 5), (second, "burn", 5)]


def _close_all():
    with transaction():
        db.session.execute(text("UPDATE entries SET is_open = false"))


def _drop(app, operation_id):
    with app.app_context(), transaction():
        wallet.uncover(db.session.get_one(Operation, operation_id))


def test_a_batch_does_not_start_with_whose_legs_are_being_uncovered(app, holders):
    (holder_id,) = holders(1)
    gain(holder_id, 5, "in")
    refused = opened().id
    _close_all()
    gain(holder_id, 1, "more")
    with app.app_context():
        wallet.uncover(db.session.get_one(Operation, refused))
        with app.app_context():
            assert opened() is None
        db.session.commit()
    assert [entry.amount for entry in opened().entries] == [6]


def test_what_is_posted_does_not_wait_for_what_is_uncovered(app, holders):
    (holder_id,) = holders(1)
    gain(holder_id, 5, "in")
    refused = opened().id
    with app.app_context():
        wallet.uncover(db.session.get_one(Operation, refused))
        with app.app_context():
            db.session.execute(text("SET LOCAL lock_timeout = '1s'"))
            gain(holder_id, 1, "meanwhile")
        db.session.commit()
    assert uncovered() == 2


def test_what_goes_from_one_to_another_is_covered_while_somebody_holds_their_accounts(app, holders):
    """Whoever holds them may wait for the holders, whom the batch has."""
    first, second = holders(2)
    gain(first, 5, "in")
    _move(_account(first), _account(second), 3, "over")
    with app.app_context():
        ledger.lock(_account(first), _account(second))
        with app.app_context():
            db.session.execute(text("SET LOCAL lock_timeout = '1s'"))
            assert len(opened().entries) == 2
        db.session.rollback()
    assert (uncovered(), wrong_entries()) == (0, 0)


def test_entries_that_are_wrong_by_as_much_as_each_other_are_not_made(holders, monkeypatch):
    for holder_id, amount in zip(holders(2), (3, 5), strict=True):
        gain(holder_id, amount, f"gain {holder_id}")
    add_up = wallet._within_net

    def exchanged(found):
        having, nets, sides = add_up(found)
        return having, nets[::-1], sides

    monkeypatch.setattr(wallet, "_within_net", exchanged)
    with pytest.raises(RuntimeError, match="of 5 would cover legs of 3"):
        opened()
    assert (entries(), uncovered()) == ([], 2)


def test_a_number_is_given_once_though_the_deployment_was_read_before(app, chain):
    seen = onchain.deployment()
    assert seen.next_op == 1
    with app.app_context(), transaction():
        assert actions.queue("first", "root", []).op == 1
    with transaction():
        assert actions.queue("second", "root", []).op == 2


@pytest.mark.parametrize(("first", "second"), [("settle", "release"), ("root", "root"), ("certificates", "certificates")])
def test_a_number_that_was_given_out_before_the_backup_too_stands_for_one_operation_of_a_contract(chain, first, second):
    _queue_under_the_first_number("first", first)
    _queue_under_the_first_number("elsewhere", "root" if first != "root" else "certificates")
    with pytest.raises(IntegrityError):
        _queue_under_the_first_number("second", second)


def _queue_under_the_first_number(key, kind):
    with transaction():
        db.session.execute(text("UPDATE deployments SET next_op = 1"))
        actions.queue(key, kind, [])
