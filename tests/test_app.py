"""What holds for every page: who may frame, run and forge it, and what a refusal looks like."""

import json
import os
import re
import socket
import subprocess
import sys
from html import unescape

import pytest
from flask import request
from gunicorn.http.errors import ChunkMissingTerminator

from lms import clock, create_app
from lms.blueprints.limits import limiter
from lms.db import db, transaction
from lms.domain.accounts import mailed_links, sessions
from lms.domain.applications import actions as applications
from lms.domain.certificates import badges
from lms.domain.checkout import actions as checkout
from lms.domain.checkout.payment_models import Dispute
from lms.domain.courses import actions as writing
from lms.domain.courses import queries as courses
from lms.domain.learning import actions as learning
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.notices import actions as notices
from lms.domain.rulebook import queries as rulebook
from lms.domain.wallet import address_linking
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals import bank_files, payouts
from lms.formats.sepa import Payer
from tests.blueprints.test_wallet import give_address, reward, settle
from tests.conftest import PASSWORD, address_of, give, pay, publish, sell, take_part, teo
from tests.domain.test_attempts import ask as ask_in_quiz
from tests.domain.test_backtests import tried
from tests.domain.test_exercises import ask, hand_in, lesson_of, with_exercise
from tests.domain.test_payout_details import bank_of

PUBLIC = ["/", "/courses", "/courses/how-chains-work", "/log-in", "/sign-up", "/terms", "/privacy", "/rulebook", "/nowhere"]
WEBHOOK = "checkout.webhooks.receive"  # signed, and sent by no browser
MEMBERS = ["/wallet", "/learn", "/orders", "/account", "/courses/how-chains-work/checkout"]


def run_python(code, environ, **changes):
    """What a fresh web process prints."""
    run = subprocess.run([sys.executable, "-c", code], env=os.environ | environ | changes, check=False, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()[-1]


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


# Imports


def test_the_web_loads_neither_web3_nor_the_chain(environ):
    code = "import sys, wsgi; print(sorted(name for name in sys.modules if name.split('.')[0] in ('web3', 'eth_account', 'stripe', 'requests') or (name + '.').startswith('lms.chain.')))"
    assert run_python(code, environ) == "[]"


# Start


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SECRET_KEY", "", "SECRET_KEY is missing. Set it to a random text of at least 32 characters that signs cookies and links."),
        ("KEK", "any", "KEK is set, but a web process must never hold chain keys. Remove it from the web's environment."),
    ],
)
def test_a_setting_that_is_wrong_ends_the_web_server_with_a_sentence(name, value, sentence, environ):
    command = [sys.executable, "-m", "gunicorn", "wsgi:app", "--bind", "127.0.0.1:0"]
    run = subprocess.run(command, env=os.environ | environ | {name: value}, check=False, capture_output=True, text=True, timeout=60)
    assert run.returncode != 0
    assert sentence in run.stderr.splitlines() and "Traceback" not in run.stderr


# Headers


@pytest.mark.parametrize("path", PUBLIC)
def test_every_page_forbids_what_it_does_not_need(client, course, path):
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe-" not in policy and "*" not in policy
    for rule in ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"):
        assert rule in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", [*PUBLIC, "/nowhere", "/health/live", "/static/app.js"])
def test_no_other_site_opens_embeds_or_watches_what_we_answer(client, course, path):
    headers = client.get(path).headers
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert {"camera=()", "geolocation=()", "microphone=()", "payment=()"} <= set(headers["Permissions-Policy"].split(", "))
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("path", PUBLIC + MEMBERS)
def test_no_page_holds_what_the_policy_forbids(client, log_in, ana, course, path):
    page = log_in(ana).get(path, follow_redirects=True).text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|(?:src|href)=\"(?:https?:)?//(?!127\.0\.0\.1)", page)


@pytest.mark.parametrize("path", MEMBERS)
def test_a_members_page_is_kept_by_no_cache(log_in, ana, course, path):
    assert log_in(ana).get(path).headers["Cache-Control"] == "private, no-store"


def test_the_session_cookie_is_out_of_reach(client, ana):
    answer = client.post("/log-in", data={"email": ana.email, "password": PASSWORD})
    [cookie] = [value for value in answer.headers.getlist("Set-Cookie") if value.startswith("session=")]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie


def test_the_choices_of_a_browser_are_kept_out_of_reach_of_scripts_and_other_sites(client):
    cookies = client.post("/preferences", data={"theme": "dark", "language": "it"}).headers.getlist("Set-Cookie")
    assert [cookie.partition(";")[0] for cookie in cookies] == ["theme=dark", "language=it"]
    for cookie in cookies:
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie  # the demo is no https


PRODUCTION = {"ENVIRONMENT": "production", "CLOCK_FILE": "", "MAIL_URL": "smtp://mail.example.org", "PAYMENT_GATEWAY": "none"}


def test_in_production_cookies_travel_encrypted_only(environ):
    code = "from wsgi import app; print([app.config[name] for name in ('SESSION_COOKIE_NAME', 'SESSION_COOKIE_SECURE')], app.test_client().get('/terms').headers['Strict-Transport-Security'])"
    assert run_python(code, environ, **PRODUCTION) == "['__Host-session', True] max-age=31536000; includeSubDomains"


def test_in_production_so_do_the_choices_of_a_browser(environ):
    """Also where a proxy before us ends https, and we see none of it."""
    code = """
from wsgi import app
app.config["WTF_CSRF_ENABLED"] = False
cookies = app.test_client().post("/preferences", data={"theme": "dark", "language": "it"}).headers.getlist("Set-Cookie")
print([cookie.partition("=")[0] for cookie in cookies if "; Secure;" in cookie])
"""
    assert run_python(code, environ, **PRODUCTION) == "['__Host-theme', '__Host-language']"


def test_in_production_every_cookie_is_this_hosts_alone(environ):
    """A host beside ours can set none that we read (RFC 6265bis): each has the prefix, stands for the whole site and names no domain."""
    code = """
from flask import redirect
from lms.blueprints.accounts import devices
from lms.ui import preferences
from wsgi import app
app.config["WTF_CSRF_ENABLED"] = False
cookies = app.test_client().post("/preferences", data={"theme": "dark", "language": "it"}).headers.getlist("Set-Cookie")
brought = {"Cookie": "__Host-theme=dark; theme=light; __Host-device=" + "a" * 32 + "; device=" + "b" * 32}
with app.test_request_context("/", headers=brought):
    for keep in (lambda answer: devices.keep(answer, devices.of_browser()), preferences.forget_language):
        cookies += keep(redirect("/")).headers.getlist("Set-Cookie")
    read = preferences.chosen_theme(), devices.of_browser()[0]
parts = [cookie.split("; ") for cookie in cookies]
print(*read, len(parts), all(name.startswith("__Host-") and {"Path=/", "Secure", "HttpOnly"} <= set(rest) for name, *rest in parts), "Domain" in str(parts))
"""
    assert run_python(code, environ, **PRODUCTION) == "dark a 4 True False"


def test_static_files_are_kept_for_ever_under_their_hash(client, course):
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', client.get("/courses").text)
    assert addresses
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200 and "immutable" in answer.headers["Cache-Control"], address


# Proxies


@pytest.fixture
def behind(app, environ):
    """behind(1) gives a browser of an app before which stands one proxy of ours; tries are counted anew."""
    limiter.reset()

    def browser(count):
        proxied = create_app("web", environ | ({"PROXY_COUNT": str(count)} if count else {}))
        proxied.config["WTF_CSRF_ENABLED"] = False
        return proxied.test_client()

    return browser


SAID = {"X-Forwarded-For": "198.51.100.9, 203.0.113.7", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(("count", "found"), [(0, ("127.0.0.1", False)), (1, ("203.0.113.7", True)), (2, ("198.51.100.9", False))])
def test_as_many_proxies_as_are_ours_say_who_asks_and_how(behind, count, found):
    """The scheme was said once only, so of two proxies the first has not said it."""
    with behind(count) as browser:
        browser.get("/terms", headers=SAID)
        assert (request.remote_addr, request.is_secure) == found


def tries(browser, addresses):
    """The answers to log-ins from these addresses, each for another account."""
    form = [{"email": f"nobody{number}@example.org", "password": ""} for number in range(len(addresses))]
    return [browser.post("/log-in", data=data, headers={"X-Forwarded-For": address}).status_code for data, address in zip(form, addresses, strict=True)]


def test_behind_a_proxy_each_visitor_has_tries_of_his_own(behind):
    one, other = "192.0.2.5, 203.0.113.7", "192.0.2.5, 203.0.113.8"  # what stands first a visitor may have written himself
    assert tries(behind(1), [one] * 61 + [other]) == [422] * 60 + [429, 422]


def test_without_a_proxy_a_forged_address_gives_no_more_tries(behind):
    assert tries(behind(0), [f"203.0.113.{number}" for number in range(61)]) == [422] * 60 + [429]


# Forgery and redirects


@pytest.mark.parametrize("path", ["/log-in", "/sign-up", "/log-out", "/preferences", "/courses/how-chains-work/checkout", "/teach/new", "/admin/members/1/role"])
def test_a_form_without_its_token_is_refused(app, log_in, ana, course, path):
    browser = log_in(ana)
    app.config["WTF_CSRF_ENABLED"] = True
    answer = browser.post(path, data={"email": ana.email, "password": PASSWORD})
    assert answer.status_code == 400
    assert "The form has expired" in answer.text


def test_every_address_that_takes_a_form_asks_for_its_token(app, log_in, ana):
    browser = log_in(ana)
    app.config["WTF_CSRF_ENABLED"] = True
    forms = [rule for rule in app.url_map.iter_rules() if "POST" in rule.methods]
    assert len(forms) > 30
    with app.test_request_context():
        answers = {rule.endpoint: browser.post(rule.build(dict.fromkeys(rule.arguments, 1))[1]) for rule in forms}
    assert [name for name, answer in answers.items() if "The form has expired" not in answer.text] == [WEBHOOK]


@pytest.mark.parametrize("target", ["https://evil.example.org", "//evil.example.org", "/\\evil.example.org", "javascript:alert(1)", "https:evil.example.org"])
def test_no_address_of_another_site_is_followed(client, ana, target):
    after_log_in = client.post(f"/log-in?next={target}", data={"email": ana.email, "password": PASSWORD})
    after_choice = client.post("/preferences", data={"theme": "dark", "next": target})
    for answer in (after_log_in, after_choice):
        assert answer.status_code in (302, 303)
        assert "evil" not in answer.location and answer.location.startswith("/")


@pytest.mark.parametrize("path", ["/", "/log-in", "/static/app.js", "/webhooks/payments"])
def test_no_address_answers_trace(client, course, path):
    answer = client.open(path, method="TRACE", headers={"Cookie": "session=planted"})
    assert answer.status_code == 405 and "planted" not in answer.text


def test_a_refusal_leads_back_to_a_page_of_ours_only(log_in, ana):
    answer = log_in(ana).post("/teach/new", headers={"Referer": "https://evil.example.org/page"})
    assert answer.status_code == 403 and "Location" not in answer.headers


@pytest.fixture
def strict(app, log_in, tea):
    """The teacher's browser, of which the token of each form is asked."""
    browser = log_in(tea)
    app.config["WTF_CSRF_ENABLED"] = True
    return browser


OURS = {"Referer": "http://localhost/teach/new"}
TYPED = {"title": 'Knots & "hitches"', "password": "a secret", "csrf_token": "an old one"}


def test_a_form_of_ours_that_has_expired_is_given_back_and_does_nothing_until_it_is_sent_again(strict, tea):
    answer = strict.post("/teach/new", data=TYPED, headers=OURS)
    assert answer.status_code == 400 and "What you typed is kept" in answer.text
    assert courses.taught_by(tea, 1).items == []
    again = dict(re.findall(r'name="(\w+)" value="([^"]*)"', answer.text.partition('id="error"')[2].partition("</form>")[0]))
    assert again.keys() == {"csrf_token", "title"}
    assert strict.post("/teach/new", data={name: unescape(value) for name, value in again.items()}, headers=OURS).status_code == 303
    assert [course.title for course in courses.taught_by(tea, 1).items] == [TYPED["title"]]


@pytest.mark.parametrize("headers", [{}, {"Referer": "https://evil.example.org/teach/new"}, {"Referer": "http://localhost.evil.example.org/"}])
def test_a_form_of_another_site_is_not_made_ready_to_be_sent_from_here(strict, headers):
    answer = strict.post("/teach/new", data=TYPED, headers=headers)
    assert answer.status_code == 400 and "Knots" not in answer.text and "Send it once more" not in answer.text


def test_a_form_sent_after_the_sign_in_has_ended_is_given_back(client):
    answer = client.post("/teach/new", data=TYPED, headers=OURS)
    assert answer.status_code == 401 and "Knots &amp; &#34;hitches&#34;" in answer.text and "a secret" not in answer.text


# Refusals


def test_an_unknown_address_is_a_page(client):
    answer = client.get("/nowhere")
    assert answer.status_code == 404 and "There is nothing at this address." in answer.text and "<nav" in answer.text


def test_a_wrong_method_is_a_page(client):
    answer = client.post("/terms")
    assert answer.status_code == 405 and "This address cannot be used like that." in answer.text


def test_a_form_of_ten_megabytes_is_refused(log_in, tea):
    answer = log_in(tea).post("/teach/new", data={"title": "x" * 10_000_000})
    assert answer.status_code == 413 and "That is too big to send. The most is 1 MB." in answer.text


class Endless:
    """A form that never ends, or ends with its sender."""

    def __init__(self, lost_after=float("inf"), how=None):
        self.heard, self.lost_after, self.how = 0, lost_after, how

    def read(self, size):
        if self.heard > self.lost_after:
            raise self.how
        self.heard += size
        return b"x" * size

    def sent_by(self, browser):
        sent = {"wsgi.input": self, "CONTENT_LENGTH": str(10**12), "CONTENT_TYPE": "application/x-www-form-urlencoded"}
        return browser.post("/log-in", environ_overrides=sent)


def test_a_form_without_an_end_is_not_heard_out(client):
    form = Endless()
    assert form.sent_by(client).status_code == 413
    assert 10_000_000 < form.heard < 100_000_000


@pytest.mark.parametrize("how", [ConnectionResetError(), ChunkMissingTerminator(b"")])
def test_a_form_whose_sender_goes_away_is_no_fault_of_ours(client, how):
    assert Endless(5_000_000, how).sent_by(client).status_code == 413


def test_broken_text_breaks_nothing(client, course):
    assert client.get("/courses?q=%ff%fe%00").status_code == 200
    assert client.get("/courses/%ff%00").status_code == 404
    form = dict(content_type="application/x-www-form-urlencoded")
    assert client.post("/log-in", data=b"email=%ff%fe&password=%ff", **form).status_code == 422
    assert client.post("/log-in", data=b"email=a&password=%00", **form).status_code == 422


def test_the_language_switch_is_kept_with_the_member(log_in, ana):
    log_in(ana).post("/preferences", data={"language": "it", "next": "/wallet"})
    db.session.expire_all()
    assert ana.locale == "it"


def test_a_refusal_is_json_for_who_asks_for_json(client):
    answer = client.get("/nowhere", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json) == (404, {"error": "There is nothing at this address."})


def test_a_refusal_is_a_fragment_for_htmx(client):
    answer = client.get("/nowhere", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.status_code == 404 and 'id="error"' in answer.text and "<html" not in answer.text


PART = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "section#results"}
SELECTED = {"HX-Request": "true", "HX-Request-Type": "full", "HX-Target": "div"}
BODY = {"HX-Request": "true", "HX-Request-Type": "full", "HX-Target": "body"}


def test_a_refusal_leaves_the_place_it_stands_in_and_the_address(client):
    headers = client.get("/nowhere", headers=PART).headers
    assert (headers["HX-Reswap"], headers["HX-Replace-Url"]) == ("innerHTML", "false")


def test_a_refusal_of_which_a_part_was_to_be_taken_stands_above_the_page(client):
    """What was to be taken is not in it, and nothing would take its place."""
    answer = client.get("/nowhere", headers=SELECTED)
    assert "<html" not in answer.text and 'id="error"' in answer.text
    assert (answer.headers["HX-Retarget"], answer.headers["HX-Reselect"]) == ("#refusal", "#error")
    assert 'id="refusal"' in client.get("/terms").text


def test_a_refusal_in_the_place_of_a_page_is_a_page(client):
    answer = client.get("/nowhere", headers=BODY)
    assert "<html" in answer.text and "HX-Retarget" not in answer.headers


@pytest.mark.parametrize("headers", [PART, SELECTED])
def test_who_is_not_signed_in_is_led_to_the_log_in_by_the_whole_page(client, headers):
    answer = client.get("/orders", headers=headers | {"HX-Current-URL": "http://localhost/wallet?before=9"})
    assert (answer.status_code, answer.text) == (401, "")
    assert answer.headers["HX-Redirect"] == "/log-in?next=%2Fwallet%3Fbefore%3D9"


# Parts that are down

WITHOUT = """
import json
from wsgi import app
browser = app.test_client()
app.config["WTF_CSRF_ENABLED"] = False
found = {}
for token, paths in READERS:
    if token:
        with browser.session_transaction() as session:
            session["_user_id"], session["_fresh"] = token, True
    for path in paths:
        found[path] = max(found.get(path, 0), browser.get(path).status_code)
    if not token:
        found["signed in"] = browser.post("/log-in", data={"email": "bruno@example.org", "password": "PASSWORD"}).status_code
print(json.dumps(found))
"""
NO_PAGES = {"static", "live.stream", "health.live", "health.ready", "metrics.show", "wallet.balance", "wallet.proof_file", "wallet.verifier", "applications.document", "admin.applications.document", "payouts.statements.table", "payouts.statements.paper"} | {
    "statements.table", "statements.paper", "money.table", "badges.file", "checkout.papers.invoice", "checkout.papers.credit_note"
}
QUERIES = {"statements.show": {"first": "2026-01-01", "last": "2026-01-31"}}
FOR_STRANGERS = {"accounts.log_in", "accounts.sign_up", "accounts.forgotten", "accounts.reset", "accounts.verify"}
FOR_ALL = {"pages.home", "badges.show", "courses.index", "courses.show", "learning.lesson", "pages.terms", "pages.privacy"}
LEAD_ON = {"admin.payouts.company", "learning.course", "checkout.pay", "notices.show", "payouts.statements.index"}  # to a lesson, to the payment, to what it is about, to this year


@pytest.fixture
def pages(app, ana, bruno, tea, ada, course, chain, member, log_in):
    """{endpoint: path} of every page, with something on each."""
    reward(ana, 1.6)
    give_address(ana)
    give(ana, 50)
    own = address_of(ana)
    operation, nino = settle("mined"), member("nino", verified=False)
    with transaction():
        ana.new_email = "ana.new@example.org"
        learning.enroll(ana.id, course, rulebook.in_force(), paid=course.price)
        order = checkout.place_order(ana, publish(tea, "Other", price=1000), "a-key")
        notices.tell(ana.id, "teo matured", "1", amount=1)
        withdrawal = withdrawals.request("a-key", ana, own.id, teo(20))
        nonce = address_linking.challenge(ana, "0x" + "ab" * 20).nonce
        application = applications.apply(ana, "Knots", "At sea.")
        bank_of(tea)
        ledger.post("e", books.platform("EUR", "platform"), books.member(tea.id, "EUR", "available"), 5000, "matured", evidence={"by": "test"})
        goes, payout = payouts.request("q", tea, 1000), payouts.request("p", tea, 1000)
        payouts.approve(goes, ada)
        bank_file = bank_files.export("f", ada, Payer("School", "DE02120300000000202051", "BYLADEM1001"))
        backtest = tried(ada)
        waiting = writing.create(tea, "A draft")
        waiting.state, waiting.submitted_at = "submitted", clock.now()
    links_of = {"verify": (mailed_links.VERIFY, nino, nino.email), "reset": (mailed_links.RESET, ana, ana.email), "take_email": (mailed_links.NEW_EMAIL, ana, ana.new_email)}
    tokens = {f"accounts.{name}": mailed_links.make(app.config["SECRET_KEY"], *facts) for name, facts in links_of.items()}
    payment = log_in(ana).get(f"/orders/{order.id}/pay").location.rpartition("/")[2]
    facts = dict(lesson_slug="lesson-1", section_id=course.sections[0].id, order_id=order.id, operation_id=operation.id, movement_id=1, number=1, notice_id=1)
    slugs = {"admin.review": waiting.slug, "checkout.create": "other"}
    take_part(ana, publish(tea, "Gifts", price=0))
    codes = {"badges.show": {"code": badges.newest_of(ana.id, 1)[0].code}}
    take_part(bruno, course, lessons=0)
    work, review = hand_in(ana, with_exercise(course)), ask(hand_in(bruno, course), ana)
    pay(sell(bruno, publish(tea, "Sold", price=1000)), kind="dispute.opened", dispute="dp_1", fee=0)
    facts |= dict(dispute_id=db.session.query(Dispute).one().id, submission_id=work.id, review_id=review.id, withdrawal_id=withdrawal.id, linked_id=own.id, nonce=nonce, application_id=application.id, payout_id=payout.id, bank_file_id=bank_file.id, user_id=ana.id, year=clock.now().year)
    facts |= dict(draft_id=backtest.draft_id, backtest_id=backtest.id, question_id=ask_in_quiz(lesson_of(course), "Two and two?", ("Three", "Four!")).id)
    with app.test_request_context():
        return {
            rule.endpoint: rule.build(facts | (QUERIES | codes).get(rule.endpoint, {}) | {"slug": slugs.get(rule.endpoint, course.slug), "token": tokens.get(rule.endpoint, payment)})[1]
            for rule in app.url_map.iter_rules()
            if "GET" in rule.methods and rule.endpoint not in NO_PAGES
        }


@pytest.mark.parametrize(("name", "address"), [("REDIS_URL", "redis://127.0.0.1:{port}/0"), ("RPC_URLS", "http://127.0.0.1:{port}")])
def test_every_page_is_served_without(name, address, environ, pages, ana, tea, ada):
    def below(place):
        return [path for path in pages.values() if path.startswith(place) and not path.startswith("/teach/apply")]

    of_ana = [path for endpoint, path in pages.items() if endpoint not in FOR_STRANGERS and path not in below("/teach") + below("/admin")]
    with transaction():
        signed_in = [(sessions.open_session(user), paths) for user, paths in ((ana, of_ana), (tea, below("/teach")), (ada, below("/admin")))]
    readers = [(None, [pages[endpoint] for endpoint in FOR_STRANGERS | FOR_ALL]), *signed_in]
    code = WITHOUT.replace("READERS", repr(readers)).replace("PASSWORD", PASSWORD)
    found = json.loads(run_python(code, environ, **{name: address.format(port=closed_port())}))
    led_on = {found.pop(path) for path in ("signed in", *(pages[endpoint] for endpoint in LEAD_ON))}
    assert led_on <= {302, 303}
    assert found == dict.fromkeys(found, 200), found


def test_who_waits_for_a_mail_is_told_that_it_is_late_without_redis(environ, client):
    assert "Mail goes out late" not in client.get("/mailbox").text
    code = "from wsgi import app; print('Mail goes out late' in app.test_client().get('/mailbox').text)"
    assert run_python(code, environ, REDIS_URL=f"redis://127.0.0.1:{closed_port()}/0").strip() == "True"


def test_the_admin_is_told_what_waits_without_redis(environ, ada):
    with transaction():
        token = sessions.open_session(ada)
    code = f"""
from wsgi import app
browser = app.test_client()
with browser.session_transaction() as session:
    session["_user_id"], session["_fresh"] = "{token}", True
page = browser.get("/admin/").text
print([words in page for words in ("Redis does not answer", "The queue does not answer", "No worker has seen the chain yet")])
"""
    assert run_python(code, environ, REDIS_URL=f"redis://127.0.0.1:{closed_port()}/0") == "[True, True, True]"


def test_a_page_without_the_database_says_so(environ):
    """Both to a visitor and to who is signed in, whose name and language the database has."""
    code = """
import json
from wsgi import app
browser, found = app.test_client(), []
for token in (None, "any"):
    if token:
        with browser.session_transaction() as session:
            session["_user_id"], session["_fresh"] = token, True
    for headers in ({}, {"HX-Request": "true", "HX-Request-Type": "partial"}, {"Accept": "application/json"}):
        for path in ("/courses", "/wallet", "/nowhere"):
            answer = browser.get(path, headers=headers)
            found.append([token, path, answer.status_code, "It will be back by itself." in answer.text, "Traceback" in answer.text])
print(json.dumps(found))
"""
    down = environ["DATABASE_URL"].rpartition("@")[0] + f"@127.0.0.1:{closed_port()}/none"
    for token, path, status, said, traced in json.loads(run_python(code, environ, DATABASE_URL=down)):
        needed = path == "/courses" or token
        assert (status, said, traced) == ((503, True, False) if needed else (status, said, False)), (token, path)
        assert status in (302, 404, 503)
