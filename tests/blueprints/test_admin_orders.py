"""Orders as an admin finds them: by member, number and payment."""

import re

import pytest

from lms.db import PAGE, db, transaction
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import refunds
from lms.domain.checkout.refund_queries import ORDER_STATES
from tests.blueprints.test_wallet import words
from tests.conftest import publish, sell

PLACE = "/admin/orders"


@pytest.fixture
def browser(log_in, ada):
    return log_in(ada)


@pytest.fixture
def made(ana, bruno, tea, member, course):
    """Four orders by name: two of Ana's, one of them open; one of Bruno's that was given back; and one of Tea's, who sold the three others."""
    tom = member("tom", role="teacher")
    with transaction():
        waits = checkout.place_order(ana, publish(tea, "Waits", price=1000), "open")
    back = sell(bruno, publish(tea, "Bees", price=2000), "pay_back")
    with transaction():
        refunds.refund(back)
    return {"ana": sell(ana, course, "pay_ana"), "waits": waits, "back": back, "tea": sell(tea, publish(tom, "Bread", price=3000), "pay_tea")}


def shown(browser, asked=""):
    return [int(number) for number in re.findall(rf'href="{PLACE}/(\d+)"', browser.get(f"{PLACE}?{asked}").text)]


def test_all_are_listed_the_newest_first_and_lead_to_their_pages(browser, made, course):
    assert shown(browser) == sorted((order.id for order in made.values()), reverse=True)
    page = words(browser.get(PLACE).text)
    assert f"Ana Order {made['ana'].id} · {course.title} · by Tea · " in page and "80.00 € paid" in page
    assert browser.get(f"{PLACE}/{made['ana'].id}").text.count(f'href="{PLACE}"') == 1


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("q=ANA@example", {"ana", "waits"}),
        ("q=bruno", {"back"}),
        ("q=tea", {"ana", "waits", "back", "tea"}),
        ("q=pay_tea", {"tea"}),
        ("q=pay_", set()),
        ("q=%25", set()),
        ("q={ana}", {"ana"}),
        ("q=999", set()),
        ("q=99999999999999999999", set()),
        ("state=open", {"waits"}),
        ("state=refunded", {"back"}),
        ("state=paid&q=ana", {"ana"}),
        ("state=nonsense", {"ana", "waits", "back", "tea"}),
        ("buyer={buyer}", {"ana", "waits"}),
        ("teacher={teacher}", {"ana", "back"}),
        ("buyer={teacher}&state=paid", {"tea"}),
        ("buyer={buyer}&q=pay_back", set()),
    ],
)
def test_they_are_found_by_member_number_payment_and_state(asked, found, browser, made, ana, tea):
    asked = asked.format(ana=made["ana"].id, buyer=ana.id, teacher=tea.id)
    assert set(shown(browser, asked)) == {made[name].id for name in found}


def test_each_state_an_order_may_have_can_be_asked_for(browser):
    page = browser.get(PLACE).text
    assert re.findall(r'<option value="([^"]+)"', page) == list(ORDER_STATES)
    assert "Nothing has been ordered yet." in page and "No order is like that." in browser.get(f"{PLACE}?state=paid").text


@pytest.mark.parametrize("asked", ["buyer=999", "teacher=x", "buyer=99999999999", f"buyer={'9' * 5000}"], ids=len)
def test_orders_of_nobody_are_404(asked, browser):
    assert browser.get(f"{PLACE}?{asked}").status_code == 404


def test_a_member_of_many_orders_leads_to_all_of_them_in_pages(browser, ana, tea):
    for number in range(PAGE + 1):
        sell(ana, publish(tea, f"Course {number}", price=1000), f"pay_{number}")
    assert f'<a href="{PLACE}?buyer={ana.id}">{PAGE + 1} in all</a>' in browser.get(f"/admin/members/{ana.id}").text
    assert f'<a href="{PLACE}?teacher={tea.id}">{PAGE + 1} in all</a>' in browser.get(f"/admin/members/{tea.id}").text
    first = browser.get(f"{PLACE}?buyer={ana.id}").text
    assert "Bought by Ana, the newest first." in first and f"buyer={ana.id}&amp;page=2" in first and f'name="buyer" value="{ana.id}"' in first
    assert len(shown(browser, f"buyer={ana.id}")) + len(shown(browser, f"buyer={ana.id}&page=2")) == PAGE + 1


def test_the_tabs_of_the_desk_and_the_home_lead_to_them(browser):
    assert f'href="{PLACE}?state=paid"' in browser.get("/admin/").text
    assert f'<a href="{PLACE}" aria-current="page">Orders</a>' in browser.get(PLACE).text and f'href="{PLACE}"' in browser.get("/admin/refunds").text


@pytest.mark.parametrize("count", [1, 12])
def test_the_list_takes_the_same_statements_however_many_there_are(browser, ana, tea, course, statements, count):
    for number in range(count):
        sell(ana, publish(tea, f"Course {number}", price=1000), f"pay_{number}")
    db.session.expunge_all()
    with statements() as seen:
        assert len(shown(browser, "q=ana")) == count
    assert len(seen) <= 6
