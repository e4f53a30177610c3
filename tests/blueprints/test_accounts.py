"""Accounts: sign-up, log-in, mailed links, and what a member may change."""

import re
import time
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import argon2
import pytest
from sqlalchemy import func, select

from lms import clock
from lms.blueprints.limits import evenly, limiter
from lms.db import db, transaction
from lms.domain.accounts import actions as accounts
from lms.domain.accounts import queries, sessions
from lms.domain.accounts.models import Session, User
from lms.domain.ledger.models import Holder
from lms.domain.notices.models import Mail
from lms.gateways.mail import Outbox
from lms.jobs import mail as mail_job
from lms.jobs import notices
from lms.queue import queue
from tests.conftest import PASSWORD

NEW = {"name": "Carla Rossi", "email": "Carla@Example.org", "password": "a long enough one", "time_zone": "Europe/Rome"}


@pytest.fixture(autouse=True)
def no_tries_yet(app):
    limiter.reset()


@pytest.fixture
def outbox(app, tmp_path):
    """outbox() runs the jobs that write and send mail, and gives the letters, newest first."""
    before = app.config["MAIL_URL"]
    app.config["MAIL_URL"] = f"outbox://{tmp_path}"

    def deliver():
        notices.deliver()
        for mail_id in db.session.scalars(select(Mail.id).where(Mail.sent_at.is_(None)).order_by(Mail.id)).all():
            mail_job.send(mail_id)
        return Outbox(tmp_path, "").newest()

    yield deliver
    app.config["MAIL_URL"] = before


def link_in(letter):
    return re.search(r"http://127\.0\.0\.1:8000(/\S+)", letter.text)[1]


def count(model):
    return db.session.scalar(select(func.count()).select_from(model))


# Signing up


def test_a_new_member_is_a_student_with_accounts_and_a_mail_to_confirm(client, outbox):
    answer = client.post("/sign-up", data=NEW)
    carla = queries.by_email("carla@example.org")
    assert (answer.status_code, answer.location) == (303, "/mailbox")
    assert (carla.role, carla.name, carla.time_zone, carla.is_verified) == ("student", "Carla Rossi", "Europe/Rome", False)
    assert db.session.scalar(select(Holder.id).where(Holder.user_id == carla.id))
    assert [letter.to for letter in outbox()] == ["carla@example.org"]


def test_a_role_sent_along_is_ignored(client):
    client.post("/sign-up", data=NEW | {"role": "admin", "is_admin": "1"})
    assert queries.by_email("carla@example.org").role == "student"


def test_a_known_address_gets_the_same_answer_and_its_owner_a_mail(client, ana, outbox):
    fresh = client.post("/sign-up", data=NEW)
    known = client.post("/sign-up", data=NEW | {"email": "ana@example.org"})
    assert (known.status_code, known.location, known.data) == (fresh.status_code, fresh.location, fresh.data)
    assert count(User) == 2
    assert next((letter.to, letter.subject) for letter in outbox()) == ("ana@example.org", "You already have an account")


def test_signing_up_with_a_known_address_changes_nothing_of_the_account(client, ana):
    client.post("/sign-up", data=NEW | {"email": "ANA@example.org"})
    db.session.expire_all()
    assert ana.name == "Ana"
    assert accounts.authenticate("ana@example.org", PASSWORD) is ana


@pytest.mark.parametrize("path", ["/sign-up", "/password/forgotten"])
def test_both_answers_wait_for_the_same_step_of_time(client, ana, path):
    def seconds(email):
        begin = time.monotonic()
        client.post(path, data=NEW | {"email": email})
        return time.monotonic() - begin

    assert min(seconds("ana@example.org"), seconds("carla@example.org")) >= 0.5


@pytest.mark.parametrize(("inside", "outside"), [(0, 0.2), (0.05, 0.2), (0.25, 0.4)])
def test_what_must_not_be_told_by_time_takes_whole_steps(inside, outside):
    begin = time.monotonic()
    with evenly(step=0.2):
        time.sleep(inside)
    assert time.monotonic() - begin >= outside


def test_a_wrong_password_costs_one_hash_for_a_known_as_for_an_unknown_address(app, ana, monkeypatch):
    verified = []

    class Counting:
        def verify(self, kept, password):
            verified.append(argon2.extract_parameters(kept))
            return hasher.verify(kept, password)

    hasher = accounts._hasher
    monkeypatch.setattr(accounts, "_hasher", Counting())
    for email in ("ana@example.org", "nobody@example.org"):
        assert accounts.authenticate(email, "not her password") is None
    known, unknown = verified
    assert known == unknown


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"password": "short"}, "A password has at least 10 characters."),
        ({"password": "carla@example.org"}, "A password must not be your address."),
        ({"password": "x" * 201}, "A password has at most 200 characters."),
        ({"name": ""}, "Write your name."),
        ({"name": "x" * 81}, "A name has 1 to 80 characters."),
        ({"name": "Carla\x00"}, "This name holds a character we cannot show."),
        ({"name": "Carla \u202e"}, "This name holds a character we cannot show."),
        ({"email": "carla"}, "This is not an e-mail address."),
        ({"email": "carla@example.org\r\nBcc: all@example.org"}, "This is not an e-mail address."),
        ({"email": "carla\x00@example.org"}, "This is not an e-mail address."),
        ({"email": "carlà@example.org"}, "This is not an e-mail address."),
        ({"time_zone": "Mars/Olympus"}, "Not a valid choice."),
    ],
)
def test_what_cannot_be_used_is_said_and_the_form_keeps_the_rest(client, change, sentence):
    answer = client.post("/sign-up", data=NEW | change)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="Carla Rossi"' in answer.text or "name" in change
    assert count(User) == 0


@pytest.mark.parametrize(
    ("name", "sentence"),
    [(b"Carla%FF%FE", "This name holds a character we cannot show."), (b"Carla\xff\xfe", "Write your name.")],
)
def test_broken_utf8_is_refused_with_a_sentence(client, name, sentence):
    body = b"name=%b&email=carla%%40example.org&password=a+long+enough+one&time_zone=UTC" % name
    answer = client.post("/sign-up", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 422
    assert sentence in answer.text
    assert count(User) == 0


def test_script_in_a_name_stays_text(client, log_in, ana):
    log_in(ana)
    client.post("/account/profile", data=profile(name="<script>alert(1)</script>"))
    page = client.get("/account").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_form_of_10_mb_is_refused_with_a_sentence(client):
    answer = client.post("/sign-up", data=NEW | {"name": "x" * 10_000_000})
    assert answer.status_code == 413
    assert "That is too big to send." in answer.text


@pytest.mark.parametrize("path", ["/sign-up", "/log-in", "/log-out", "/password/forgotten", "/verify", "/account/sign-ins"])
def test_a_form_without_its_csrf_token_is_refused_with_a_sentence(app, path):
    answer = app.test_client().post(path, data=NEW)
    assert answer.status_code == 400
    assert "The form has expired." in answer.text
    assert count(User) == 0


def test_sign_up_works_with_redis_down(client, redis_down):
    assert client.post("/sign-up", data=NEW).status_code == 303
    assert queries.by_email("carla@example.org")


def test_sign_up_for_one_address_is_limited(client):
    answers = [client.post("/sign-up", data=NEW | {"name": ""}).status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]


# Proving the address


def test_the_mailed_link_shows_a_button_and_the_button_confirms(client, outbox):
    client.post("/sign-up", data=NEW)
    path = link_in(outbox()[0])
    assert "Yes, this is my address" in client.get(path).text
    assert not queries.by_email("carla@example.org").is_verified
    assert client.post(path).location == "/log-in"
    db.session.expire_all()
    assert queries.by_email("carla@example.org").is_verified


def test_a_link_works_for_three_days(client, outbox):
    client.post("/sign-up", data=NEW)
    path = link_in(outbox()[0])
    clock.advance(timedelta(days=3, seconds=5))
    answer = client.post(path)
    assert answer.status_code == 409
    assert "This link does not work any more." in answer.text


@pytest.mark.parametrize("token", ["x", "a.b.c", "%ff%fe", "é", "." * 500, "WzEsIngiXQ.aaaa.bbbb"])
def test_a_forged_link_is_refused_with_a_sentence(client, ana, token):
    for path in ("/verify/", "/password/", "/email/"):
        answer = client.get(path + token)
        assert answer.status_code == 409
        assert "This link does not work any more." in answer.text


def test_a_link_of_one_kind_opens_nothing_else(client, ana, outbox):
    client.post("/password/forgotten", data={"email": "ana@example.org"})
    token = link_in(outbox()[0]).rpartition("/")[2]
    assert client.get(f"/password/{token}").status_code == 200
    assert client.get(f"/verify/{token}").status_code == 409


def test_no_link_holds_an_address(client, ana, outbox):
    import base64

    client.post("/password/forgotten", data={"email": "ana@example.org"})
    token = link_in(outbox()[0]).rpartition("/")[2].split(".")[0]
    assert b"example" not in base64.urlsafe_b64decode(token + "===")


def test_an_unverified_member_reads_it_on_every_page_and_can_ask_again(client, member, log_in, outbox):
    log_in(member("vera", verified=False))
    assert "Send it again" in client.get("/account").text
    assert client.post("/verify").location == "/mailbox"
    assert [letter.subject for letter in outbox()] == ["Confirm your address"]


def test_nothing_reminds_of_the_mail_where_it_was_asked_for_or_opened(client, member, log_in, outbox):
    log_in(member("vera", verified=False))
    client.post("/verify")
    for path in ("/mailbox", link_in(outbox()[0])):
        assert "Send it again" not in client.get(path).text


def test_a_link_opened_again_says_that_the_address_is_confirmed(client, member, log_in, outbox):
    log_in(member("vera", verified=False))
    client.post("/verify")
    client.post("/log-out")
    path = link_in(outbox()[0])
    client.post(path)
    for method in (client.get, client.post):
        answer = method(path, follow_redirects=True)
        assert answer.request.path == "/log-in" and "Your address is confirmed already." in answer.text


def test_a_verified_member_is_not_reminded(client, ana, log_in):
    assert "Send it again" not in log_in(ana).get("/account").text


def test_asking_again_is_limited(client, member, log_in):
    log_in(member("vera", verified=False))
    assert [client.post("/verify").status_code for _ in range(6)] == [303] * 5 + [429]


# Logging in and out


def enter(client, email="ana@example.org", password=PASSWORD, **query):
    return client.post("/log-in", data={"email": email, "password": password}, query_string=query)


def ways_in(page):
    """Where log-in and sign-up, as they stand above every page, lead to afterwards."""
    links = re.findall(r'href="(/(?:log-in|sign-up)[^"]*)"', page.partition("</header>")[0])
    assert len(links) == 3  # a phone has sign-up in its menu
    return {parse_qs(urlsplit(link).query).get("next", [""])[0] for link in map(unescape, links)}


@pytest.mark.parametrize("path", ["/courses/how-chains-work", "/courses?q=chains&page=1", "/learn/how-chains-work/lesson-2"])
def test_the_ways_in_lead_back_to_the_page(client, course, path):
    assert ways_in(client.get(path).text) == {path}


def test_the_ways_in_keep_where_they_were_asked_to_lead(client):
    assert ways_in(client.get("/sign-up?next=/courses").text) == {"/courses"}


@pytest.mark.parametrize("path", ["/", "/terms", "/log-in", "/nowhere", "/mailbox"])
def test_the_ways_in_of_no_page_in_particular_lead_nowhere(client, path):
    assert ways_in(client.get(path).text) == {""}


def test_the_right_password_opens_a_session_of_which_the_database_holds_only_a_hash(client, ana):
    assert enter(client, "ANA@example.org").location == "/"
    with client.session_transaction() as cookie:
        token = cookie["_user_id"]
    row = db.session.scalars(select(Session)).one()
    assert row.token_hash == sessions.token_hash(token)
    assert client.get("/account").status_code == 200


def test_a_wrong_password_and_an_unknown_address_get_the_same_sentence(client, ana):
    wrong, unknown = enter(client, password="not her password"), enter(client, "nobody@example.org")
    assert (wrong.status_code, unknown.status_code) == (422, 422)
    for answer in (wrong, unknown):
        assert "The address or the password is wrong." in answer.text
    assert count(Session) == 0


def test_nul_in_the_address_or_password_is_only_wrong(client, ana):
    assert enter(client, "ana\x00@example.org").status_code == 422
    assert enter(client, password=PASSWORD + "\x00").status_code == 422


def test_a_suspended_member_is_told_so_and_stays_out(client, ana):
    suspend(ana)
    answer = enter(client)
    assert answer.status_code == 409
    assert "This account is suspended." in answer.text
    assert count(Session) == 0
    assert "suspended" not in enter(client, password="not her password").text


def test_a_suspension_ends_the_sessions_there_are(client, ana, log_in):
    log_in(ana)
    suspend(ana)
    assert client.get("/account").location.startswith("/log-in")


def suspend(user):
    with transaction():
        user.suspended_at = clock.now()


def test_log_in_makes_a_new_browser_session(client, ana):
    with client.session_transaction() as cookie:
        cookie["planted"], cookie["_user_id"] = "by somebody else", "a token he knows"
    enter(client)
    with client.session_transaction() as cookie:
        assert "planted" not in cookie
        assert cookie["_user_id"] != "a token he knows"


@pytest.mark.parametrize("target", ["/wallet?page=2", "/courses/how-chains-work"])
def test_log_in_goes_on_to_a_page_of_ours(client, ana, target):
    assert enter(client, next=target).location == target


@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https://evil.example", "https:evil", "javascript:alert(1)", "\\\\evil", "/\t/evil", "//[", "evil", ""]
)
def test_log_in_never_leads_to_another_site(client, ana, target):
    assert enter(client, next=target).location == "/"
    assert client.get("/log-in", query_string={"next": target}).location == "/"


def test_an_admin_begins_at_what_waits_for_him(client, ada):
    assert enter(client, "ada@example.org").location == "/admin/"


def test_log_in_begins_where_something_is_to_be_typed(client, ana):
    empty, wrong = client.get("/log-in").text, enter(client, password="not her password").text
    assert re.findall(r'<input[^>]*autofocus[^>]*name="(\w+)"', empty) == ["email"]
    assert re.findall(r'<input[^>]*autofocus[^>]*name="(\w+)"', wrong) == ["password"]


def test_who_signs_up_on_the_way_to_a_course_gets_there_after_confirming(client, outbox):
    client.post("/sign-up?next=/courses/how-chains-work", data=NEW)
    client.post(link_in(outbox()[0]))
    answer = enter(client, "carla@example.org", "a long enough one")
    assert answer.location == "/courses/how-chains-work"


def test_a_page_for_members_leads_to_log_in_and_back(client, ana):
    there = client.get("/account").location
    assert there == "/log-in?next=%2Faccount"
    assert client.post(there, data={"email": "ana@example.org", "password": PASSWORD}).location == "/account"


def test_log_out_ends_the_session_on_the_server(client, ana):
    enter(client)
    with client.session_transaction() as cookie:
        token = cookie["_user_id"]
    assert client.post("/log-out").location == "/"
    assert queries.of_session(token) is None
    assert client.get("/account").location.startswith("/log-in")


def test_after_log_out_the_browser_keeps_no_page_to_go_back_to(log_in, ana):
    browser = log_in(ana)
    assert "no-store" in browser.get("/account").headers["Cache-Control"]
    assert browser.post("/log-out").headers["Clear-Site-Data"] == '"cache"'


def test_log_out_is_no_link(client, ana, log_in):
    log_in(ana)
    assert client.get("/log-out").status_code == 405
    assert client.get("/account").status_code == 200


def test_a_session_ends_after_thirty_days(client, ana, log_in):
    log_in(ana)
    clock.advance(timedelta(days=30, seconds=1))
    assert client.get("/account").location.startswith("/log-in")


def test_log_in_is_limited_by_account_from_wherever_it_is_tried(client, ana):
    def attempt(number):
        data = {"email": "Ana@example.org ", "password": "not her password"}
        return client.post("/log-in", data=data, environ_base={"REMOTE_ADDR": f"10.0.0.{number}"})

    assert [attempt(number).status_code for number in range(11)] == [422] * 10 + [429]
    answer = attempt(12)
    assert "Too many tries. Nothing was done: wait 5 min, then try again." in answer.text
    assert enter(client).status_code == 429
    assert enter(client, "bruno@example.org").status_code == 422


def test_another_spelling_of_the_domain_gives_no_more_tries(client, ana):
    spellings = ["ana@\uff45xample.org", "ana@e\uff58ample.org", "ana@example\u3002org", "ana@EXAMPLE.org"]
    answers = [enter(client, spelling, "not her password").status_code for spelling in spellings * 3]
    assert answers == [422] * 10 + [429] * 2


def test_log_in_is_limited_by_address_whatever_account_is_tried(client):
    answers = [enter(client, f"nobody{number}@example.org", "").status_code for number in range(61)]
    assert answers == [422] * 60 + [429]


def test_log_in_is_limited_by_account_with_redis_down(client, ana, redis_down):
    assert [enter(client, password="not her password").status_code for _ in range(11)] == [422] * 10 + [429]


def test_log_in_is_limited_by_address_with_redis_down(client, redis_down):
    answers = [enter(client, f"nobody{number}@example.org", "").status_code for number in range(61)]
    assert answers == [422] * 60 + [429]


def test_log_in_works_with_redis_down(client, ana, redis_down):
    assert enter(client).status_code == 303


@pytest.fixture
def redis_down(app, monkeypatch):
    """Redis as web processes see it when it is gone: nothing listens."""
    from redis import Redis

    nowhere = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(queue._queue, "connection", Redis.from_url(nowhere, socket_connect_timeout=0.3))
    dead = type(limiter.storage)(nowhere, socket_connect_timeout=0.3)
    monkeypatch.setattr(limiter, "_storage", dead)
    monkeypatch.setattr(limiter, "_limiter", type(limiter._limiter)(dead))
    yield
    limiter._storage_dead = False
    limiter._fallback_storage.reset()


# A forgotten password


def test_a_reset_sets_the_password_once_and_ends_every_session(client, ana, log_in, outbox):
    log_in(ana)
    client.post("/password/forgotten", data={"email": "ana@example.org"})
    path = link_in(outbox()[0])
    assert "Choose a new password" in client.get(path).text
    assert client.post(path, data={"password": "quite another one"}).location == "/log-in"
    assert count(Session) == 0
    assert enter(client).status_code == 422
    assert enter(client, password="quite another one").status_code == 303
    assert client.post(path, data={"password": "a third one for her"}).status_code == 409
    assert outbox()[0].subject == "Your password was changed"


def test_an_unknown_address_gets_the_same_answer_and_no_mail(client, ana, outbox):
    known = client.post("/password/forgotten", data={"email": "ana@example.org"})
    unknown = client.post("/password/forgotten", data={"email": "nobody@example.org"})
    assert (known.status_code, known.location, known.data) == (unknown.status_code, unknown.location, unknown.data)
    assert [letter.to for letter in outbox()] == ["ana@example.org"]


def test_a_weak_new_password_is_refused_and_the_link_still_works(client, ana, outbox):
    client.post("/password/forgotten", data={"email": "ana@example.org"})
    path = link_in(outbox()[0])
    answer = client.post(path, data={"password": "ana@example.org"})
    assert answer.status_code == 422
    assert "A password must not be your address." in answer.text
    assert client.get(path).status_code == 200


def test_a_reset_link_works_for_an_hour(client, ana, outbox):
    client.post("/password/forgotten", data={"email": "ana@example.org"})
    path = link_in(outbox()[0])
    clock.advance(timedelta(hours=1, seconds=5))
    assert client.get(path).status_code == 409


def test_a_reset_proves_the_address(client, member, outbox):
    vera = member("vera", verified=False)
    client.post("/password/forgotten", data={"email": "vera@example.org"})
    client.post(link_in(outbox()[0]), data={"password": "quite another one"})
    db.session.expire_all()
    assert vera.is_verified


# The account page


def profile(**change):
    return {f"profile-{name}": value for name, value in ({"name": "Ana", "locale": "en", "time_zone": "UTC"} | change).items()}


def test_the_profile_is_saved(client, ana, log_in):
    log_in(ana)
    client.post("/account/profile", data=profile(name="Ana  Bianchi", locale="it", time_zone="Europe/Rome"))
    db.session.expire_all()
    assert (ana.name, ana.locale, ana.time_zone) == ("Ana Bianchi", "it", "Europe/Rome")


def test_the_language_chosen_here_rules_over_the_switch_in_the_footer(client, ana, log_in):
    log_in(ana)
    client.set_cookie("language", "en")
    client.post("/account/profile", data=profile(locale="it"))
    assert '<html lang="it"' in client.get("/account").text


def test_a_refused_profile_says_why_in_its_place(client, ana, log_in):
    answer = log_in(ana).post("/account/profile", data=profile(name="x" * 90))
    assert answer.status_code == 422
    assert "A name has 1 to 80 characters." in answer.text


def test_a_new_password_needs_the_old_one_and_ends_other_sessions(client, ana, log_in, outbox):
    with transaction():
        elsewhere = sessions.open_session(ana)
    log_in(ana)
    data = {"password-current": PASSWORD, "password-password": "quite another one"}
    wrong = client.post("/account/password", data=data | {"password-current": "not her password"})
    assert "That is not your password." in wrong.text
    assert queries.of_session(elsewhere)
    with client.session_transaction() as cookie:
        here = cookie["_user_id"]
    assert client.post("/account/password", data=data).status_code == 303
    assert queries.of_session(elsewhere) is None and queries.of_session(here) is None  # this browser goes on by a new token
    assert client.get("/account").status_code == 200
    assert [letter.subject for letter in outbox()] == ["Your password was changed"]


def test_the_sign_ins_are_listed_and_all_others_end(client, ana, bruno, log_in):
    with transaction():
        elsewhere = sessions.open_session(ana, "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
        his = sessions.open_session(bruno)
    log_in(ana)
    page = client.get("/account").text
    assert "Firefox, Linux" in page
    assert "this browser" in page
    client.post("/account/sign-ins")
    assert queries.of_session(elsewhere) is None
    assert queries.of_session(his)
    assert client.get("/account").status_code == 200


def test_one_sign_in_is_ended_by_its_member_alone(client, ana, bruno, log_in):
    with transaction():
        elsewhere, his = sessions.open_session(ana), sessions.open_session(bruno)
    log_in(ana)
    there, hers = (db.session.query(Session).filter_by(token_hash=sessions.token_hash(token)).one().id for token in (his, elsewhere))
    assert f'action="/account/sign-ins/{hers}"' in client.get("/account").text
    for number in (there, hers):
        assert client.post(f"/account/sign-ins/{number}").status_code == 303
    assert queries.of_session(elsewhere) is None and queries.of_session(his)


@pytest.mark.parametrize("path", ["/account/sign-ins", "/account/sign-ins/1"])
def test_sign_ins_are_ended_by_who_knows_the_password(client, ana, log_in, path):
    with transaction():
        elsewhere = sessions.open_session(ana)
    log_in(ana)
    clock.advance(sessions.PROOF_LIFE)
    asked = client.post(path)
    assert asked.status_code == 422 and "Your password, please" in asked.text and 'href="/account"' in asked.text and queries.of_session(elsewhere)
    assert client.post(path, data={"proof-password": "a wrong one of course"}).status_code == 422 and queries.of_session(elsewhere)
    assert client.post(path, data={"proof-password": PASSWORD}).status_code == 303


def test_pages_that_are_read_keep_a_sign_in_and_a_stream_that_asks_by_itself_does_not(client, ana, log_in):
    log_in(ana)
    begun = client.get("/account") and db.session.query(Session).one().expires_at
    clock.advance(timedelta(days=2))
    client.get("/live?show=balance", buffered=False).close()
    db.session.expire_all()
    assert db.session.query(Session).one().expires_at == begun
    for path, days in (("/wallet", 2), ("/courses", 4)):
        client.get(path)
        db.session.expire_all()
        assert abs(db.session.query(Session).one().expires_at - begun - timedelta(days=days)) < timedelta(minutes=1)
        clock.advance(timedelta(days=2))


def ask_email(client, address, password=PASSWORD):
    return client.post("/account/email", data={"email-email": address, "email-password": password})


def test_a_new_address_counts_when_its_link_is_opened_and_the_old_one_is_warned(client, ana, log_in, outbox):
    log_in(ana)
    ask_email(client, "Ana.New@example.org")
    letters = {letter.to: letter for letter in outbox()}
    assert letters["ana@example.org"].subject == "Your address is about to change"
    db.session.expire_all()
    assert ana.email == "ana@example.org"
    path = link_in(letters["ana.new@example.org"])
    assert client.get(path).status_code == 200
    client.post(path)
    db.session.expire_all()
    assert (ana.email, ana.new_email) == ("ana.new@example.org", None)
    assert client.post(path).status_code == 409


def test_a_new_address_needs_the_password(client, ana, log_in, outbox):
    answer = ask_email(log_in(ana), "ana.new@example.org", "not her password")
    assert "That is not your password." in answer.text
    assert outbox() == []


def test_the_link_of_an_address_given_up_does_not_bring_another(client, ana, log_in, outbox):
    log_in(ana)
    ask_email(client, "typo@example.org")
    ask_email(client, "ana.new@example.org")
    to_typo = next(letter for letter in outbox() if letter.to == "typo@example.org")
    assert client.post(link_in(to_typo)).status_code == 409


def test_a_new_password_takes_back_an_address_asked_for_with_the_old_one(client, ana, log_in, outbox):
    log_in(ana)
    ask_email(client, "mallory@example.org")
    link = link_in(next(letter for letter in outbox() if letter.to == "mallory@example.org"))
    with transaction():
        accounts.change_password(ana, "quite another one")
    assert client.post(link).status_code == 409
    db.session.expire_all()
    assert ana.email == "ana@example.org"


def test_an_address_of_somebody_else_is_not_taken_over(client, ana, bruno, log_in, outbox):
    log_in(ana)
    assert ask_email(client, "bruno@example.org").location == "/mailbox"
    path = link_in(next(letter for letter in outbox() if letter.to == "bruno@example.org"))
    assert client.post(path).status_code == 409
    db.session.expire_all()
    assert (ana.email, bruno.email) == ("ana@example.org", "bruno@example.org")


@pytest.mark.parametrize("path", ["/account", "/sign-up", "/log-in", "/mailbox", "/password/forgotten"])
def test_pages_answer_in_italian_too(client, ana, path):
    client.set_cookie("language", "it")
    assert '<html lang="it"' in client.get(path, follow_redirects=True).text


def test_the_account_page_takes_few_statements(client, ana, log_in, statements):
    log_in(ana)
    with statements() as seen:
        client.get("/account")
    assert len(seen) <= 4
