"""The history of the schema leads to what the models say, and back."""

from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from lms import clock, create_app
from lms.chain.transactions import Signed
from lms.db import db, disconnect, transaction
from lms.domain.accounts import membership
from lms.domain.learning import actions as learning
from lms.domain.notices import kinds
from lms.domain.notices import queries as notices
from lms.domain.onchain import deployments
from lms.domain.onchain.models import Deployment, Operation
from lms.domain.rewards import actions as rewards
from lms.domain.rewards.models import Grant
from lms.domain.rulebook import queries as rulebook
from lms.domain.withdrawals import releases
from tests import everything
from tests import rows as kept_rows
from tests.access.world import World
from tests.conftest import give, publish, take_part, teo
from tests.domain.test_attempts import ask, begin, hand_in, lesson_of

SIGNER = "0x" + "51" * 20


def differences():
    with db.engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection), db.metadata)


def test_the_history_and_the_models_agree(app):
    assert differences() == []


@pytest.fixture
def history(app, environ):
    """An app that may change the schema; the newest one is there again at the end. Who has asked the database lets go of it before a step."""
    disconnect()  # what only looks holds a lock, too
    with create_app("cli", environ).app_context():
        yield
        disconnect()
        upgrade()


def test_the_newest_step_can_be_taken_back(history):
    downgrade()
    assert differences() != []
    upgrade()
    assert differences() == []


# What stops the way back: (the revision it does not get to, why, and what ends it). On a database in which every table has rows.
OBSTACLES = [
    ("0028", "There are payouts that the bank has or sent back,", "UPDATE payouts SET state = 'cancelled', bank_reference = NULL, ended_at = now() WHERE state IN ('exported', 'returned')"),
    ("0014", "There are withdrawals that are checked, reviewed, cancelled or rejected,", "UPDATE withdrawals SET state = 'failed' WHERE state = 'in review'"),
    ("0011", "There are payments that went back to the buyer,", "UPDATE payments SET state = 'held' WHERE state = 'returned'; UPDATE orders SET state = 'expired' WHERE state IN ('refunded', 'charged back')"),
]
EARLIEST = "0001"
# What no version before knew otherwise, so that it is the same after all the way back and again.
LASTING = ("deployments", "rulebook_versions", "users", "holders", "accounts", "transfers", "sections", "operations", "entries", "wallets", "webhook_events")


@pytest.fixture
def full(app, member, log_in, chain):
    """Every table has rows."""
    World(app, member, log_in)
    everything.fill()
    assert [table.name for table, found in kept_rows.everything().items() if not found] == []


def test_a_full_database_goes_all_the_way_back_and_up_again(full, history, caplog):
    """What the older version cannot read stops it with a sentence, and nothing of it is done; without that it goes on."""
    before = _ids()
    for revision, why, end in OBSTACLES:
        at = rows("SELECT version_num FROM alembic_version")
        with pytest.raises(SystemExit):
            downgrade(revision=revision)
        assert why in caplog.text and "which the older version does not know. Nothing was taken back." in caplog.text
        assert rows("SELECT version_num FROM alembic_version") == at
        downgrade(revision=f"{int(revision) + 1:04}")
        db.session.execute(text(end))
        db.session.commit()
        disconnect()
    downgrade(revision=EARLIEST)
    upgrade()
    assert differences() == []
    assert _ids() == before


def _ids():
    """{table: what stands in its first column} of the LASTING."""
    return {table: rows(f"SELECT {next(iter(db.metadata.tables[table].columns)).name} FROM {table} ORDER BY 1") for table in LASTING}


def bid(number, nonce):
    return Signed(bytes([number]) * 40, f"0x{number:064x}", nonce, tip=1, cap=2)


def contract(deployment, name, *bids):
    """A contract that lost the nonce of all bids but those of the last one."""
    made = deployments.record_contract(deployment, name, f"0x{bids[0].tx_hash[-40:]}", bids[0])
    for each in bids[1:]:
        if each.nonce == made.nonce:
            deployments.keep_bid(made, each)
        else:
            deployments.move_contract(made, f"0x{each.tx_hash[-40:]}", each)


def rows(statement):
    found = [tuple(row) for row in db.session.execute(text(statement))]
    disconnect()
    return found


def test_the_newest_bid_for_the_nonce_a_contract_holds_is_kept_on_the_way_back_and_again(history):
    with transaction():
        deployment = deployments.begin_deployment(31337, "0x" + "ab" * 32, SIGNER)
        contract(deployment, "TeoCoin", bid(1, nonce=0), bid(2, nonce=0))
        contract(deployment, "Certificate", bid(3, nonce=1), bid(4, nonce=2), bid(5, nonce=2))
        deployed_at = deployment.deployed_at
    disconnect()
    downgrade(revision="0009")
    kept = [("TeoCoin", 0, b"\2" * 40, bid(2, 0).tx_hash), ("Certificate", 2, b"\5" * 40, bid(5, 2).tx_hash)]
    assert rows("SELECT name, nonce, raw, tx_hash FROM contracts ORDER BY nonce") == kept
    upgrade()
    again = "SELECT c.name, b.nonce, b.raw, b.tx_hash, b.signed_at FROM creations b JOIN contracts c ON c.id = b.contract_id ORDER BY b.id"
    assert rows(again) == [(*each, deployed_at) for each in kept]


def operations(*kinds_and_numbers):
    with transaction():
        deployment = deployments.begin_deployment(31337, "0x" + "ab" * 32, SIGNER)
        for kind, op in kinds_and_numbers:
            db.session.add(Operation(key=f"{kind} {op}", kind=kind, deployment_id=deployment.id, op=op, queued_at=clock.now()))
    disconnect()


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ([("certificates", 1)], "There are operations of the kind certificates, which the older version does not know. Nothing was taken back."),
        ([("settlement", 1), ("root", 1)], "A number is used by operations of two contracts, which the older version does not allow. Nothing was taken back."),
    ],
)
def test_what_the_code_before_certificates_cannot_read_is_not_taken_back(history, caplog, made, why):
    operations(*made)
    with pytest.raises(SystemExit):
        downgrade(revision="0008")
    assert why in caplog.text
    assert differences() == [] and db.session.query(Operation).count() == len(made)


def test_a_certificate_that_was_revoked_is_not_made_valid_by_going_back(history, caplog):
    operations(("revocation", 1))
    with pytest.raises(SystemExit):
        downgrade(revision="0018")
    assert "which the older version would take for valid. Nothing was taken back." in caplog.text
    assert differences() == [] and db.session.query(Operation).count() == 1


def test_whose_purchase_a_reviewers_reward_came_out_of_is_not_forgotten_by_going_back(history, caplog, ana, bruno):
    """A refund of the author's would leave it to the reviewer after that, for ever."""
    author_id = ana.id
    with transaction():
        rewards.grant("k", bruno.id, "peer review", teo(2), rulebook.in_force(), clock.now(), payer_id=author_id)
    disconnect()
    with pytest.raises(SystemExit):
        downgrade(revision="0023")
    assert "come out of another member's purchase" in caplog.text
    assert differences() == [] and db.session.query(Grant).one().payer_id == author_id


def test_what_it_can_read_is(history):
    operations(("settlement", 1), ("root", 2))
    downgrade(revision="0008")
    assert rows("SELECT kind, op FROM operations ORDER BY op") == [("settlement", 1), ("root", 2)]
    upgrade()
    assert differences() == [] and db.session.query(Deployment).count() == 1


def test_what_was_moved_before_gets_its_evidence_and_what_was_asked_for_its_rules(member, history):
    ana = member("ana")
    give(ana, 20)
    with transaction():
        releases.release("w", ana, "0x" + "ab" * 20, teo(15))
    disconnect()
    downgrade(revision="0018")
    with transaction():
        db.session.execute(text("UPDATE transfers SET evidence = '{}'"))
    disconnect()
    upgrade()
    assert rows("SELECT count(*) FROM transfers WHERE evidence ->> 'key' <> key OR evidence = '{}'") == [(0,)]
    assert rows("SELECT rule_version FROM withdrawals") == [(1,)] and rows("SELECT count(*) > 1 FROM transfers") == [(True,)]
    assert differences() == []


def test_what_was_completed_stays_without_the_quizzes_that_the_older_version_does_not_know(history, ana, course):
    lesson = lesson_of(course)
    ask(lesson, "Two and two?", ("Four!", "Five"))
    enrolment = take_part(ana, course, lessons=0)
    hand_in(begin(enrolment, lesson), "Four")
    with transaction():
        learning.complete_lesson(enrolment, lesson)
    completed = [(lesson.id, enrolment.id)]
    disconnect()
    downgrade(revision="0034")
    assert rows("SELECT lesson_id, enrolment_id FROM lesson_completions") == completed
    upgrade()
    assert differences() == [] and rows("SELECT lesson_id, enrolment_id FROM lesson_completions") == completed
    assert rows("SELECT (SELECT count(*) FROM questions), (SELECT count(*) FROM quiz_attempts)") == [(0, 0)]


def test_who_was_made_an_admin_before_has_a_word_on_what_came_after_that_alone(member, history):
    """Who runs the platform named Ada; she named Otto, who was an admin before, and Bruno, who is none any more."""
    ada, otto, bruno, ana = map(member, ("ada", "otto", "bruno", "ana"))
    with transaction():
        membership.make_first_admin(ada)
    for user, role in ((otto, "admin"), (otto, "student"), (bruno, "admin"), (otto, "admin"), (bruno, "student")):
        clock.advance(timedelta(hours=1))
        with transaction():
            membership.set_role(user, role, ada)
    since = {user.name: user.admin_since for user in (ada, otto, bruno, ana)}
    disconnect()
    downgrade(revision="0036")
    upgrade()
    again = dict(rows("SELECT name, admin_since FROM users WHERE admin_since IS NOT NULL"))
    assert list(again) == ["Otto"] and abs(again["Otto"] - since["Otto"]) < timedelta(seconds=1)
    assert {name for name, moment in since.items() if moment} == {"Otto"}


GROUPS_CHOSEN = "SELECT user_id, group_name, is_mailed FROM notice_preferences ORDER BY user_id, group_name"


def choose(*rows):
    """Rows of (member's id, group or kind, whether it is mailed)."""
    with transaction():
        for user_id, what, is_mailed in rows:
            db.session.execute(text("INSERT INTO notice_preferences VALUES (:user_id, :what, :is_mailed)"), dict(user_id=user_id, what=what, is_mailed=is_mailed))
    disconnect()


def test_who_chose_groups_has_mail_of_the_same_kinds_as_before_and_again_on_the_way_back(member, history):
    newer = {"withdrawal held", "case waits", "payout waits", "second word wanted", "draft proposed", "incident opened", "role changed"}  # than the migration
    first = {kind for kind, facts in kinds.KINDS.items() if facts.is_mailed} - newer
    chosen = [(member("ana").id, "orders", True), (1, "wallet", False), (member("bruno").id, "rewards", True), (2, "teaching", False), (2, "wallet", True)]
    disconnect()
    downgrade(revision="0021")
    choose(*chosen)
    upgrade()
    mailed = {user_id: {kind for _, kind in notices.mailed([user_id])} - newer for user_id in (1, 2)}
    disconnect()
    assert mailed[1] == {kind for kind in first if kinds.of(kind).group != "wallet"}
    assert first - mailed[2] == {kind for kind in first if kinds.of(kind).group in ("teaching", "application") or kind in ("payout rejected", "payout paid")}
    assert mailed[2] - first == {"teo matured", "stake released"}  # not the small steps of a withdrawal, of which nobody had mail
    downgrade(revision="0021")
    assert rows(GROUPS_CHOSEN) == sorted(chosen)


def test_a_group_is_mailed_on_the_way_back_when_one_of_its_kinds_is(member, history):
    ana = member("ana").id
    choose((ana, "order refunded", False), (ana, "order disputed", True), (ana, "withdrawal sent", False), (ana, "withdrawal requested", True))
    downgrade(revision="0021")
    assert rows(GROUPS_CHOSEN) == [(ana, "orders", True), (ana, "wallet", False)]


def test_who_completed_a_course_for_nothing_before_there_were_badges_has_earned_one(member, history):
    ana, tea = member("ana"), member("tea", role="teacher")
    begun, refunded, bought, free = (publish(tea, title, price=0) for title in ("Begun", "Refunded", "Bought", "Free"))
    take_part(ana, begun, lessons=3)
    with transaction():
        take_part(ana, refunded).ended_at = clock.now()
        take_part(ana, bought).paid = 8000
    take_part(ana, free)
    disconnect()
    downgrade(revision="0023")
    upgrade()
    assert rows("SELECT user_id, title, teacher, length(code), earned_at = completed_at FROM badges JOIN enrolments USING (user_id, course_id)") == [(1, "Free", "Tea", 32, True)]
    assert differences() == []
