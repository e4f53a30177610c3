"""What admins see and decide."""

import re
from html import unescape
from types import SimpleNamespace

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts.models import Session, User
from lms.domain.audit import actions as audit
from lms.domain.audit import queries as incidents
from lms.domain.checkout import actions as checkout
from lms.domain.checkout.payment_models import Refund
from lms.domain.courses import actions as writing
from lms.domain.courses import approval
from lms.domain.courses.models import Course
from lms.domain.ledger import queries as books
from lms.domain.onchain import actions as onchain
from lms.domain.onchain.models import Deployment, Entry, Operation
from lms.domain.onchain.queries import PAGE
from tests.blueprints.test_wallet import words
from tests.conftest import publish, sell

PAGES = ["/admin/", "/admin/courses", "/admin/members", "/admin/payouts", "/admin/chain", "/admin/operations", "/admin/incidents", "/admin/log", "/admin/orders"]


@pytest.fixture
def browser(log_in, ada):
    return log_in(ada)


@pytest.fixture
def waiting(tea):
    """A course handed in."""
    with transaction():
        course = writing.create(tea, "Knots")
        writing.change(
            course, title="Knots", summary="In short.", description="At *length*.", subject="Crafts", language="en", price=1000, reward_bp=100
        )
        section = writing.add_section(course, "First knots")
        writing.add_lesson(section, "The bowline", "## Length\n\nMake a **loop**.\n\n### Ends", slug="the-bowline")
        writing.add_lesson(section, "The hitch", "Round the *post*.", slug="the-hitch")
        approval.submit(course)
    return course


@pytest.fixture
def operation(ana):
    """A mint that waits to be sent."""
    from lms.domain.ledger import queries as ledger

    with transaction():
        facts = dict(chain_id=31337, genesis_hash="0x0", signer="0x2")
        deployment = Deployment(**facts, deployed_at=clock.now())
        db.session.add(deployment)
        db.session.flush()
        operation = Operation(key="settle:1", kind="settle", deployment_id=deployment.id, op=7, queued_at=clock.now())
        operation.entries = [Entry(holder_id=ledger.holder_of(ana.id).id, address="0xa", kind="mint", amount=1_600_000)]
        db.session.add(operation)
    return operation


# Who may


@pytest.mark.parametrize("path", PAGES)
def test_a_teacher_is_refused(log_in, tea, path):
    answer = log_in(tea).get(path)
    assert answer.status_code == 403 and "Only admins work here" in answer.text


def test_a_visitor_is_asked_to_log_in(client):
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("path", ["/courses/knots/approval", "/members/1/role", "/members/1/suspension", "/incidents/1/closing"])
def test_a_students_decision_is_refused(log_in, ana, waiting, path):
    assert log_in(ana).post(f"/admin{path}", data={"role": "admin"}).status_code == 403
    assert db.session.get(Course, waiting.id).state == "submitted"
    assert db.session.get(User, ana.id).role == "student"


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_on_an_empty_platform(browser, path):
    assert browser.get(path).status_code == 200


# Home


def test_the_home_counts(browser, ana, bruno, member, course, waiting, operation):
    """What is not paid, closed or no longer waiting is not among the numbers."""
    member("taro", role="teacher")
    for number in range(3):
        sell(ana, publish(course.teacher, f"Sold {number}", price=1000), f"pay_{number}")
    with transaction():
        checkout.place_order(bruno, course, "unpaid")
        for number in range(6):
            audit.open_incident("payment held", f"pay_{number}", payment=1)
        for incident in incidents.open_incidents().items[:2]:
            audit.close_incident(incident, bruno, "Sent back.")
        for number in range(2):
            onchain.queue(f"number {number}", "settle", []).state = "failed"
    page = words(browser.get("/admin/").text)
    assert "Members 5 teachers 2, admins 1 Orders paid 3" in page
    assert "One decision waits for an admin." in page and "Courses to approve 1 " in page and "Open incidents 4 " in page
    assert "Operations failed They are not on the chain. 2" in page
    assert "Operations on the chain Chain queued 1 failed 2 Members" in page


def test_the_home_says_what_does_not_run(browser):
    page = words(browser.get("/admin/").text)
    assert "No worker is alive" in page and "No worker has seen the chain yet" in page


# Courses


def test_a_waiting_course_is_listed_and_read_whole(browser, waiting):
    assert "Knots" in browser.get("/admin/courses").text
    page = browser.get(f"/admin/courses/{waiting.slug}").text
    assert "<h4>Length</h4>" in page and "<h5>Ends</h5>" in page  # under the lesson's h3
    assert "<strong>loop</strong>" in page and "<em>post</em>" in page and "<em>length</em>" in page and "10.00 €" in page


def approve(browser, course):
    """Read the course and press the button."""
    page = browser.get(f"/admin/courses/{course.slug}").text
    return lambda: browser.post(f"/admin/courses/{course.slug}/approval", data={"submission": re.search(r'name="submission" value="([^"]+)"', page)[1]})


def test_an_approved_course_is_published(browser, waiting):
    assert approve(browser, waiting)().status_code == 303
    assert db.session.get(Course, waiting.id).state == "published"


def test_only_what_was_read_is_approved(browser, waiting):
    press = approve(browser, waiting)
    with transaction():
        approval.take_back(waiting)
        writing.add_lesson(waiting.sections[0], "Something else")
        approval.submit(waiting)
    answer = press()
    assert answer.status_code == 409 and "was handed in again" in answer.text
    assert db.session.get(Course, waiting.id).state == "submitted"


def test_a_returned_course_carries_the_comment(browser, waiting):
    browser.post(f"/admin/courses/{waiting.slug}/return", data={"comment": "Show both sides."})
    course = db.session.get(Course, waiting.id)
    assert (course.state, course.comment) == ("returned", "Show both sides.")


def test_a_course_handed_in_again_shows_what_was_to_be_mended(browser, waiting, ada):
    address = f"/admin/courses/{waiting.slug}"
    assert "returned before" not in browser.get(address).text
    with transaction():
        approval.give_back(waiting, ada, "Show both sides.")
        approval.submit(waiting)
    assert "This course was returned before: Show both sides." in browser.get(address).text


@pytest.mark.parametrize("comment", ["", "  ", "x" * 2001])
def test_a_return_says_why(browser, waiting, comment):
    answer = browser.post(f"/admin/courses/{waiting.slug}/return", data={"comment": comment})
    assert answer.status_code == 422
    assert db.session.get(Course, waiting.id).state == "submitted"


def test_a_course_is_decided_once(browser, waiting):
    approve(browser, waiting)()
    answer = browser.post(f"/admin/courses/{waiting.slug}/return", data={"comment": "Too late."})
    assert answer.status_code == 409 and "not waiting for a decision" in answer.text


def test_nobody_decides_on_the_own_course(log_in, tea, waiting):
    with transaction():
        tea.role = "admin"
    assert log_in(tea).post(f"/admin/courses/{waiting.slug}/approval").status_code == 403
    assert db.session.get(Course, waiting.id).state == "submitted"


def test_a_draft_is_its_teachers_own(browser, tea):
    with transaction():
        course = writing.create(tea, "Secret")
    assert browser.get(f"/admin/courses/{course.slug}").status_code == 404


# Members


def test_members_are_found_by_name_and_address(browser, ana, bruno):
    assert "bruno@example.org" not in browser.get("/admin/members?q=ana").text
    assert "ana@example.org" in browser.get("/admin/members?q=ANA@ex").text
    assert "Nobody is called that" in browser.get("/admin/members?q=%25_nobody").text
    assert browser.get("/admin/members?q=%00").status_code == 200


def test_a_member_is_listed_with_the_address_and_the_day_he_joined(browser, ana, member):
    member("vera", verified=False)
    page = browser.get("/admin/members?q=ana").text
    assert "address confirmed" in page and f"joined {ana.created_at:%-d %b %Y}" in page
    assert "address not confirmed" in browser.get("/admin/members?q=vera").text


@pytest.mark.parametrize("role", ["teacher", "admin", "student"])
def test_an_admin_sets_a_role(browser, ana, role):
    assert browser.post(f"/admin/members/{ana.id}/role", data={"role": role}).status_code == 303
    assert db.session.get(User, ana.id).role == role


@pytest.mark.parametrize("role", ["", "owner", "ADMIN"])
def test_an_unknown_role_is_refused(browser, ana, role):
    assert browser.post(f"/admin/members/{ana.id}/role", data={"role": role}).status_code == 422
    assert db.session.get(User, ana.id).role == "student"


def test_nobody_changes_the_own_role_or_suspends_himself(browser, ada):
    assert browser.post(f"/admin/members/{ada.id}/role", data={"role": "student"}).status_code == 409
    assert browser.post(f"/admin/members/{ada.id}/suspension", data={"suspend-reason": "We look into it."}).status_code == 409
    assert db.session.get(User, ada.id).is_admin and db.session.get(User, ada.id).is_active


def test_a_suspension_ends_all_sessions(app, browser, ana):
    from lms.domain.accounts import sessions

    with transaction():
        sessions.open_session(ana)
    browser.post(f"/admin/members/{ana.id}/suspension", data={"suspend-reason": "We look into it."})
    assert not db.session.get(User, ana.id).is_active
    assert db.session.query(Session).filter_by(user_id=ana.id).count() == 0


def test_a_suspended_member_is_let_in_again(browser, ana):
    browser.post(f"/admin/members/{ana.id}/suspension", data={"suspend-reason": "We look into it."})
    browser.post(f"/admin/members/{ana.id}/admission")
    assert db.session.get(User, ana.id).is_active


def test_an_unknown_member_is_404(browser):
    assert browser.post("/admin/members/999/role", data={"role": "admin"}).status_code == 404


# Operations and incidents


def test_operations_are_listed_and_filtered(browser, operation):
    page = browser.get("/admin/operations").text
    assert "Operation 7" in page and f"/operations/{operation.id}" in page
    assert '<td class="num" data-label="Entries">1</td>' in page and "<time" in page and "queued" in page
    with transaction():
        operation.tx_hash = "0x" + "ab" * 32
    assert "0xabab" in browser.get("/admin/operations").text
    assert "Operation 7" in browser.get("/admin/operations?state=queued").text
    assert "No operation is in this state" in browser.get("/admin/operations?state=final").text
    assert browser.get("/admin/operations?state=nonsense&page=-4").status_code == 200


def test_an_incident_is_shown_and_closed(browser, ada):
    with transaction():
        audit.open_incident("payment held", "pay_1", why="wrong amount")
    page = browser.get("/admin/incidents").text
    assert "wrong amount" in page and "1 of 1 open" in page
    incident = incidents.open_incidents().items[0]
    assert browser.post(f"/admin/incidents/{incident.id}/closing", data={"note": " Sent \x00 back. "}).status_code == 303
    assert incidents.open_count() == 0
    assert (incident.closed_by_id, incident.note) == (ada.id, "Sent back.")
    assert "Sent back." in browser.get("/admin/incidents").text


@pytest.mark.parametrize("note", ["", " \n ", "\x00", "x" * 201])
def test_an_incident_is_closed_with_a_note_of_one_line(browser, note):
    with transaction():
        audit.open_incident("payment held", "pay_1", why="wrong amount")
    incident = incidents.open_incidents().items[0]
    assert browser.post(f"/admin/incidents/{incident.id}/closing", data={"note": note}).status_code == 422
    assert incidents.open_count() == 1


def test_a_held_payment_says_whose_it_is_how_much_and_why(browser, ana, course):
    with transaction():
        order = checkout.place_order(ana, course, "k1")
        event = SimpleNamespace(id="e1", reference="pay_1", kind="payment.succeeded", order_id=order.id, amount=7000, currency="EUR")
        checkout.receive("sandbox", event)
    page = browser.get("/admin/incidents").text
    for said in ("Ana", "ana@example.org", course.title, "70.00 €", "80.00 €", "wrong amount"):
        assert said in page


def test_an_admin_sends_held_money_back_once(browser, ana, course):
    with transaction():
        order = checkout.place_order(ana, course, "k1")
        event = dict(id="e1", reference="pay_1", kind="payment.succeeded", order_id=order.id, amount=7000, currency="EUR")
        checkout.receive("sandbox", SimpleNamespace(**event))
    back = f"/admin/incidents/{incidents.open_incidents().items[0].id}/return"
    assert back in browser.get("/admin/incidents").text
    assert browser.post(back).status_code == 303
    assert browser.post(back).status_code == 409
    assert db.session.query(Refund.amount, Refund.state).all() == [(7000, "waiting")]
    assert incidents.open_count() == 0 and books.platform("EUR", "escrow").balance == 0


def test_an_incident_about_no_payment_sends_nothing_back(browser):
    with transaction():
        audit.open_incident("dispute", "sandbox:dp_1", payment=1)
    assert browser.post(f"/admin/incidents/{incidents.open_incidents().items[0].id}/return").status_code == 404


@pytest.mark.parametrize(
    ("kind", "why", "said"),
    [
        ("payment held", "discount gone", "TEO of the discount were spent"),
        ("payment held", "coupon gone", "the coupon could not be used"),
        ("dispute lost", "fraudulent", "A bank took a payment back"),
        ("refund not ours", "", "A refund we did not ask for"),
    ],
)
def test_what_is_wrong_with_money_is_said_in_words(browser, kind, why, said):
    with transaction():
        audit.open_incident(kind, "sandbox:1", why=why)
    assert said in unescape(browser.get("/admin/incidents").text)


def test_all_that_differs_of_a_payment_is_said_in_words(browser):
    facts = dict(ours=8000, our_currency="EUR", order=7, theirs=7000, currency="USD", refunded=100, disputed=True, their_order=7)
    with transaction():
        audit.open_incident("payments differ", "stripe:pi_1", differences=["another amount", "another currency", "a dispute we were not told of"], **facts)
    page = unescape(browser.get("/admin/incidents").text)
    for said in ("The amounts differ.", "The currencies differ.", "A bank asks it back, and we were not told.", "80.00 €", "70.00 USD", "1.00 USD"):
        assert said in page


def test_a_payment_for_no_order_says_so(browser):
    with transaction():
        checkout.receive("sandbox", SimpleNamespace(id="e1", reference="p", kind="payment.succeeded", order_id=None, amount=7000, currency="USD"))
    page = browser.get("/admin/incidents").text
    assert "70.00 USD" in page and "it names no order of ours" in page


def test_an_unknown_incident_is_404(browser):
    assert browser.post("/admin/incidents/999/closing").status_code == 404


@pytest.mark.parametrize("path", ["/admin/members/{0}/role", "/admin/members/{0}/suspension", "/admin/members/{0}/admission", "/admin/incidents/{0}/closing"])
def test_a_number_no_row_can_have_is_nothing(browser, path):
    assert browser.post(path.format(2**31)).status_code == 404


def test_operations_come_in_pages_of_the_state_and_kind_asked_for(browser, chain):
    failed = PAGE + 4
    with transaction():
        for number in range(failed + 2):
            onchain.queue(f"number {number}", "root" if number % 2 else "settle", []).state = "failed" if number < failed else "queued"
    first, second = (browser.get(f"/admin/operations?state=failed&page={number}").text for number in (1, 2))
    assert "page=2" in first and "state=failed" in first
    assert f"Operation {failed}<" in first and f"Operation {failed + 1}<" not in first
    assert "Operation 1<" in second and f"Operation {failed}<" not in second
    assert "page=2" not in browser.get("/admin/operations?state=failed&kind=root").text


def test_incidents_and_waiting_courses_come_in_pages(browser, tea):
    with transaction():
        for number in range(30):
            audit.open_incident("payment held", f"pay_{number}")
            db.session.add(Course(slug=f"c{number}", title=f"Course {number}", teacher_id=tea.id, state="submitted", created_at=clock.now(), submitted_at=clock.now()))
    for path in ("/admin/incidents", "/admin/courses"):
        assert "page=2" in browser.get(path).text
        assert browser.get(f"{path}?page=2").status_code == 200
    assert "pay_5 " in browser.get("/admin/incidents?page=2").text
    assert "Course 29" in browser.get("/admin/courses?page=2").text
