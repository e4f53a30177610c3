"""The rules of accounts."""

import contextlib
import subprocess
import sys
import threading
from datetime import timedelta

import argon2
import pytest
from sqlalchemy import select

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts import actions as accounts
from lms.domain.accounts import checks, mailed_links, membership, queries, sessions
from lms.domain.accounts.models import Session, User
from lms.domain.wallet import signed_in
from lms.errors import DomainError, Invalid
from tests.conftest import PASSWORD, SECRET
from tests.races import PATIENCE, race, until_it_waits


def test_a_password_is_kept_as_argon2id_only(ana):
    assert ana.password_hash.startswith("$argon2id$")
    assert PASSWORD not in ana.password_hash


def test_an_address_has_one_account_however_it_is_written(ana):
    with transaction():
        assert accounts.sign_up(" ANA@Example.org ", "Another", PASSWORD) is None


def test_a_password_is_hashed_anew_when_the_parameters_rose(ana):
    from argon2 import PasswordHasher

    with transaction():
        ana.password_hash = PasswordHasher(time_cost=1, memory_cost=32).hash(PASSWORD)
        assert accounts.authenticate(ana.email, PASSWORD) is ana
    assert "m=32," not in ana.password_hash


def test_passwords_are_hashed_by_argon2id_as_its_library_advises():
    code = "from lms.domain.accounts.actions import _hasher; print(_hasher.hash('x' * 10))"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert made.startswith("$argon2id$") and argon2.extract_parameters(made.strip()).memory_cost >= 19 * 1024


@pytest.mark.parametrize("name", ["Zoë", "O'Hara", "Nguyễn Thị Minh", "李小龙", "محمد", "علی\u200cرضا"])
def test_names_of_the_world_are_names(name):
    assert checks.clean_name(name) == name


@pytest.mark.parametrize("name", ["", " ", "a\x00b", "a\x1bb", "a\u202eb", "a\ufffdb", "a%C3b", "x" * 81])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(Invalid):
        checks.clean_name(name)


def test_only_another_admin_changes_a_role(ana, bruno, ada):
    for user, by in ((ana, bruno), (ana, ana), (ada, ada)):
        with pytest.raises(DomainError):
            membership.set_role(user, "admin", by)
    with transaction():
        membership.set_role(ana, "teacher", ada)
    assert ana.is_teacher
    assert ana.teacher_since


@pytest.mark.parametrize("verb", [lambda user, by: membership.set_role(user, "student", by), lambda user, by: membership.suspend(user, by, "Stolen?")], ids=["role", "suspension"])
def test_of_two_admins_who_turn_each_other_out_one_stays(verb, app, ada, member):
    first, second, refusals = ada.id, member("aldo", role="admin").id, []

    def turn_back():
        verb(*(db.session.get_one(User, each) for each in (first, second)))

    other = threading.Thread(target=lambda: refusals.extend(race(app, [turn_back])))
    with transaction():
        verb(db.session.get_one(User, second), ada)
        other.start()
        until_it_waits(other)
    other.join()
    db.session.expire_all()
    assert len(refusals) == 1 and ada.may_decide and not db.session.get_one(User, second).may_decide


def test_a_session_of_a_suspended_member_finds_nobody(ana, ada):
    with transaction():
        token = sessions.open_session(ana)
    assert queries.of_session(token) is ana
    with transaction():
        ana.suspended_at = clock.now()
    assert queries.of_session(token) is None


def test_a_sign_in_that_is_used_lasts_and_one_that_is_not_ends(ana):
    with transaction():
        used, unused = sessions.open_session(ana), sessions.open_session(ana)
    clock.advance(timedelta(days=20))
    user = queries.of_session(used)
    assert sessions.is_to_be_kept(user)
    with transaction():
        sessions.keep(user)
    clock.advance(timedelta(days=1, seconds=1))
    assert queries.of_session(unused) is None and queries.of_session(used)


def test_no_use_keeps_a_sign_in_longer_than_thirty_days(ana):
    with transaction():
        token = sessions.open_session(ana)
    for _ in range(2):
        clock.advance(timedelta(days=15) - timedelta(seconds=1))
        with transaction():
            sessions.keep(queries.of_session(token))
    clock.advance(timedelta(seconds=3))
    assert queries.of_session(token) is None


def test_it_is_written_seldom_that_a_sign_in_is_used(ana):
    with transaction():
        token = sessions.open_session(ana)
    clock.advance(sessions.IDLE_LIFE / 24 - timedelta(minutes=1))
    assert not sessions.is_to_be_kept(queries.of_session(token))
    clock.advance(timedelta(minutes=2))
    assert sessions.is_to_be_kept(queries.of_session(token))


def test_it_is_not_written_any_more_when_no_use_lets_it_last_longer(ana):
    with transaction():
        token = sessions.open_session(ana)
    clock.advance(sessions.SESSION_LIFE - sessions.IDLE_LIFE + timedelta(days=1))
    with transaction():
        sessions.keep(queries.of_session(token))
    clock.advance(timedelta(days=5))
    assert not sessions.is_to_be_kept(queries.of_session(token))
    found, *_ = signed_in.page_of_sign_in(token)
    assert found.session_kept_from is None


def test_an_admins_sign_in_that_nobody_uses_ends_within_half_a_day(ada):
    with transaction():
        token = sessions.open_session(ada)
    clock.advance(timedelta(hours=12) - timedelta(seconds=5))
    assert queries.of_session(token)
    clock.advance(timedelta(seconds=10))
    assert queries.of_session(token) is None


@pytest.mark.parametrize("is_first", [False, True])
def test_who_becomes_an_admin_is_signed_in_no_longer_than_one(is_first, ana, bruno, member):
    by = None if is_first else member("ada", role="admin")
    with transaction():
        token, his = sessions.open_session(ana), sessions.open_session(bruno)
        membership.make_first_admin(ana) if is_first else membership.set_role(ana, "admin", by)
    assert ana.is_admin and queries.of_session(token)
    clock.advance(timedelta(hours=12, seconds=5))
    assert queries.of_session(token) is None and queries.of_session(his)


def test_with_one_sign_in_too_many_the_oldest_ends_and_nobody_elses(ana, bruno):
    with transaction():
        his, *tokens = sessions.open_session(bruno), *(sessions.open_session(ana) for _ in range(sessions.MOST_SESSIONS + 1))
    assert [queries.of_session(token) is None for token in tokens] == [True] + [False] * sessions.MOST_SESSIONS
    assert queries.of_session(his) and len(queries.sessions(ana)) == sessions.MOST_SESSIONS


def test_sessions_are_listed_newest_first_without_those_that_ended(ana):
    with transaction():
        sessions.open_session(ana, "old")
    clock.advance(timedelta(days=20))
    with transaction():
        sessions.open_session(ana, "middle")
        sessions.open_session(ana, "new")
    clock.advance(timedelta(days=11))
    assert [session.agent for session in queries.sessions(ana)] == ["new", "middle"]


def test_a_link_ages_with_the_clock_of_the_platform(ana):
    token = mailed_links.make(SECRET, mailed_links.RESET, ana, ana.email)
    assert mailed_links.read(SECRET, mailed_links.RESET, token) is ana
    clock.advance(timedelta(hours=1, seconds=2))
    with pytest.raises(DomainError):
        mailed_links.read(SECRET, mailed_links.RESET, token)


def test_a_link_signed_with_another_secret_is_worth_nothing(ana):
    token = mailed_links.make("x" * 40, mailed_links.VERIFY, ana, ana.email)
    with pytest.raises(DomainError):
        mailed_links.read(SECRET, mailed_links.VERIFY, token)


def test_a_reset_link_dies_with_the_password_and_with_the_address(ana):
    token = mailed_links.make(SECRET, mailed_links.RESET, ana, ana.email)
    with transaction():
        ana.email = "elsewhere@example.org"
    with pytest.raises(DomainError):
        mailed_links.read(SECRET, mailed_links.RESET, token)
    with transaction():
        ana.email = "ana@example.org"
        assert mailed_links.read(SECRET, mailed_links.RESET, token) is ana
        accounts.change_password(ana, "quite another one")
    with pytest.raises(DomainError):
        mailed_links.read(SECRET, mailed_links.RESET, token)


def test_two_members_never_get_the_same_address_by_a_change(ana, bruno):
    with transaction():
        accounts.ask_new_email(ana, "Bruno@example.org")
    with pytest.raises(DomainError):
        accounts.take_new_email(ana, "bruno@example.org")


@pytest.fixture
def overtaken(app, ana, monkeypatch):
    """overtaken(deed, owner, name) runs deed(ana), halted after it called owner.name; meanwhile she changes her password, unless that has to wait."""
    user_id, halted, goes_on = ana.id, threading.Event(), threading.Event()

    def run(deed):
        with app.app_context(), transaction():
            deed(queries.by_id(user_id))

    def race(deed, owner, name):
        call = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *given: (call(*given), halted.set(), goes_on.wait(PATIENCE))[0])
        first = threading.Thread(target=run, args=(deed,))
        second = threading.Thread(target=run, args=(lambda user: accounts.change_password(user, "quite another one"),))
        db.session.commit()
        first.start()
        assert halted.wait(PATIENCE)
        second.start()
        until_it_waits(second)
        goes_on.set()
        first.join(), second.join()
        db.session.expire_all()

    return race


@pytest.mark.parametrize(("owner", "name"), [(argon2.PasswordHasher, "verify"), (accounts, "open_session")])
def test_a_log_in_under_way_does_not_outlive_the_password(overtaken, owner, name):
    overtaken(lambda ana: accounts.log_in(ana.email, PASSWORD), owner, name)
    assert db.session.query(Session).count() == 0


def test_a_new_address_being_asked_for_does_not_outlive_the_password(ana, overtaken):
    def ask(user):
        accounts.confirm_password(user, PASSWORD)
        accounts.ask_new_email(user, "mallory@example.org")

    overtaken(ask, argon2.PasswordHasher, "verify")
    assert ana.new_email is None


def test_an_old_password_is_not_written_back_by_hashing_it_anew(ana, overtaken):
    with transaction():
        ana.password_hash = argon2.PasswordHasher(time_cost=1, memory_cost=32).hash(PASSWORD)
    overtaken(lambda ana: accounts.log_in(ana.email, PASSWORD), argon2.PasswordHasher, "verify")
    assert accounts.authenticate(ana.email, "quite another one") is ana


def test_a_link_being_opened_does_not_bring_an_address_taken_back(ana, overtaken):
    with transaction():
        accounts.ask_new_email(ana, "mallory@example.org")

    def open_link(user):
        assert mailed_links.read(SECRET, mailed_links.NEW_EMAIL, token) is user
        with contextlib.suppress(DomainError):
            accounts.take_new_email(user, user.new_email)

    token = mailed_links.make(SECRET, mailed_links.NEW_EMAIL, ana, ana.new_email)
    overtaken(open_link, mailed_links, "read")
    assert ana.email == "ana@example.org"


@pytest.mark.parametrize("hold", ["suspended_at", "frozen_at"])
def test_an_account_is_shut_by_either_hold_in_python_and_in_sql(ana, bruno, hold):
    with transaction():
        setattr(ana, hold, clock.now())
    assert (ana.is_shut, bruno.is_shut) == (True, False)
    assert db.session.scalars(select(User.id).where(User.is_shut)).all() == [ana.id]
