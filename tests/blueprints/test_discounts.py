"""The part of a price that is paid in TEO: chosen at the checkout, decided by the teacher, given back."""

from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts import actions as accounts
from lms.domain.checkout import splits
from lms.domain.checkout.models import Coupon, Order
from lms.domain.ledger import queries as ledger
from lms.domain.wallet.queries import balance
from tests.conftest import announce, give, pay, publish, sell, teo

CHECKOUT = "/courses/how-chains-work/checkout"
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def rich(ana):
    give(ana, 50)
    return ana


@pytest.fixture
def coupon(course):
    with transaction():
        db.session.add(Coupon(teacher_id=course.teacher_id, code="SPRING", percent_bp=2500, starts_at=clock.now()))


@pytest.fixture
def browser(rich, course, log_in):
    return log_in(rich)


@pytest.fixture
def sale(rich, course):
    return sell(rich, course, level_bp=1000)


def test_the_page_offers_levels_up_to_the_courses_own(browser):
    page = browser.get(CHECKOUT).text
    assert "5 %: 4.00 TEO take 4.00 € off" in page and "10 %: 8.00 TEO take 8.00 € off" in page
    assert "15 %" not in page


def test_a_level_changes_price_and_reward(browser):
    part = browser.get(f"{CHECKOUT}?level=1000", headers=PART).text
    assert "<html" not in part
    assert "72.00 €" in part and "Paid with 8.00 TEO" in part and "up to 7.20 TEO" in part


def test_what_he_cannot_pay_is_closed_to_him(rich, tea, log_in):
    publish(tea, "Dear", price=90_000)
    page = log_in(rich).get("/courses/dear/checkout?level=1000").text
    assert 'value="1000" disabled' in page and 'value="500" checked' not in page
    assert "You have too few TEO available" in page and "900.00 €" in page


def test_a_coupon_is_a_line_of_its_own(browser, coupon):
    page = browser.get(f"{CHECKOUT}?level=1000&code=spring").text
    assert "Coupon SPRING" in page and "\u221220.00 €" in page
    assert "54.00 €" in page


@pytest.mark.parametrize(("code", "said"), [("nonsense", "There is no such coupon"), ("SPRING" * 9, "There is no such coupon")])
def test_a_coupon_that_is_none_says_so_and_keeps_the_price(code, said, browser, coupon):
    answer = browser.get(f"{CHECKOUT}?code={code}")
    assert said in answer.text and "80.00 €" in answer.text


def test_a_coupon_is_taken_by_who_pays_without_applying_it_first(browser, coupon):
    page = browser.get(CHECKOUT).text
    purchase = page[page.index('id="purchase"') : page.index("</form>", page.index('id="purchase"'))]
    assert 'method="post"' in page and 'name="code"' in purchase and 'name="level"' in purchase
    assert browser.post(CHECKOUT, data={"key": "k", "level": "0", "code": "spring"}).status_code == 303
    assert db.session.query(Order).one().coupon_off == 2000


def test_apply_only_asks_what_it_costs(browser, coupon):
    answer = browser.post(CHECKOUT, data={"key": "k", "level": "500", "code": "SPRING", "quote": "1"})
    assert (answer.status_code, answer.location) == (303, f"{CHECKOUT}?level=500&code=SPRING")
    assert "SPRING takes 20.00 € off." in browser.get(answer.location).text
    assert db.session.query(Order).count() == 0


def test_a_misspelt_coupon_is_not_paid_over(browser, coupon):
    answer = browser.post(CHECKOUT, data={"key": "k", "level": "0", "code": "SPRNG"})
    assert answer.status_code == 422
    assert "There is no such coupon for this course. Empty the field to buy without a coupon." in answer.text and 'value="SPRNG"' in answer.text
    assert db.session.query(Order).count() == 0


def test_the_order_is_what_was_shown(browser, rich, coupon):
    answer = browser.post(CHECKOUT, data={"key": "k", "level": "500", "code": "SPRING"})
    assert answer.status_code == 303
    order = db.session.query(Order).one()
    assert (order.list_price, order.coupon_off, order.price, order.discount, order.total) == (8000, 2000, 6000, 300, 5700)
    assert balance(rich.id).reserved == teo(3)


@pytest.mark.parametrize("asked", [{"level": "1500"}, {"level": "-500"}, {"level": "999"}, {"code": "NONE"}, {"level": "NaN"}, {"level": "1e9"}])
def test_what_is_not_offered_is_refused_and_nothing_is_ordered(asked, browser, rich):
    answer = browser.post(CHECKOUT, data={"key": "k"} | asked)
    assert answer.status_code == 422
    assert db.session.query(Order).count() == 0
    assert balance(rich.id).reserved == 0


def test_the_checkout_sends_as_many_statements_with_all_of_it(browser, coupon, statements):
    browser.get(CHECKOUT)
    with statements() as seen:
        browser.get(f"{CHECKOUT}?level=1000&code=SPRING")
    assert len(seen) <= 16


def test_a_refund_says_what_it_takes_back_and_does_it(sale, rich, tea, browser):
    place = f"/orders/{sale.id}/refund"
    assert place in browser.get(f"/orders/{sale.id}").text
    page = browser.get(place).text
    assert "72.00 €" in page and "+8.00 TEO" in page and "\u22121.44 TEO" in page
    assert browser.post(place).status_code == 303
    db.session.expire_all()
    assert (sale.state, balance(rich.id).available) == ("refunded", teo(50))
    page = browser.get(f"/orders/{sale.id}").text
    assert "This course was given back." in page and "Changed your mind?" not in page
    assert "How far your order is" not in page


def test_a_refund_says_that_its_coupon_stays_used(rich, course, coupon, browser):
    sale = sell(rich, course, code="SPRING")
    assert "The coupon SPRING counts as used" in browser.get(f"/orders/{sale.id}/refund").text


def test_a_refund_too_late_is_refused_in_a_sentence(sale, browser):
    clock.advance(timedelta(days=15))
    assert "The 14 days to change your mind are over." in browser.get(f"/orders/{sale.id}/refund").text
    answer = browser.post(f"/orders/{sale.id}/refund")
    assert answer.status_code == 409 and "The 14 days to change your mind are over." in answer.text and "Back to the order" in answer.text
    assert sale.is_paid


def test_somebody_elses_order_is_not_refunded(sale, bruno, log_in):
    assert log_in(bruno).post(f"/orders/{sale.id}/refund").status_code == 404
    assert sale.is_paid


def test_a_sale_waits_for_its_teachers_word(sale, tea, log_in):
    client = log_in(tea)
    page = client.get("/teach/decisions").text
    assert "waits for you" in page and "40.00 €" in page and "32.00 €" in page and "+10.00 TEO" in page
    assert sale.decide_by - sale.paid_at == timedelta(hours=24)
    assert f'decide until <time datetime="{sale.decide_by.isoformat(timespec="seconds")}"' in page
    assert client.post(f"/teach/decisions/{sale.id}", data={"answer": "accept"}).status_code == 303
    assert (sale.is_accepted, sale.net) == (True, 3200)
    assert "you take the TEO" in client.get("/teach/decisions").text


def test_a_decision_changed_as_often_as_it_may_be_has_one_side_left(log_in, tea, sale):
    client = log_in(tea)
    for number in range(6):
        client.post(f"/teach/decisions/{sale.id}", data={"answer": "decline" if number % 2 else "accept"})
    page = client.get("/teach/decisions").text
    assert "You have changed this as often as you may." in page and "Take the TEO" not in page and "Take the euros" not in page
    answer = client.post(f"/teach/decisions/{sale.id}", data={"answer": "accept"})
    assert answer.status_code == 409 and "What you chose last holds." in answer.text


def test_what_a_sale_brings_is_left_open_until_it_is_decided(sale, tea, log_in):
    assert '<div class="amount money">–</div>' in log_in(tea).get("/teach/sales").text


def test_another_teachers_sale_does_not_exist(sale, member, log_in):
    assert log_in(member("ugo", role="teacher")).post(f"/teach/decisions/{sale.id}", data={"answer": "accept"}).status_code == 404


@pytest.mark.parametrize(("form", "kept"), [({"policy": "decline"}, 0), ({"policy": "accept"}, splits.ALWAYS), ({"policy": "up to", "level": "500"}, 500)])
def test_a_policy_is_kept_and_shown_again(form, kept, tea, log_in):
    client = log_in(tea)
    assert client.post("/teach/policy", data={"level": "1000"} | form).status_code == 303
    assert splits.policy_of(tea.id).up_to_bp == kept
    assert f'checked id="policy-{["decline", "accept", "up to"].index(form["policy"])}"' in client.get("/teach/policy").text


def test_the_policy_says_how_long_a_sale_waits_by_the_rules_in_force(tea, log_in):
    announce(decision_hours=48)
    assert "for 24 hours you may decide" in log_in(tea).get("/teach/policy").text
    clock.advance(timedelta(days=20, minutes=1))
    page = log_in(tea).get("/teach/policy").text
    assert "for 48 hours you may decide" in page and "waits 48 hours for you" in page


def test_the_policys_example_is_the_dearest_course_either_way(course, tea, log_in):
    page = log_in(tea).get("/teach/policy").text
    assert "40.00 €" in page and "32.00 €" in page and "10.00 TEO" in page


def test_on_a_phone_each_figure_of_the_example_says_what_it_is(course, tea, log_in):
    page = log_in(tea).get("/teach/policy").text
    assert all(f'data-label="{label}"' in page for label in ("Paid in TEO", "You take the euros", "You take the TEO"))


def test_the_example_follows_the_price_typed(course, tea, log_in):
    part = log_in(tea).get("/teach/policy?price=200", headers=PART).text
    assert "<html" not in part
    assert "100.00 €" in part and "80.00 €" in part and "25.00 TEO" in part


@pytest.mark.parametrize("typed", ["", "NaN", "-5", "0", "99999999"])
def test_a_price_that_is_none_leaves_the_example_as_it_is(typed, course, tea, log_in):
    answer = log_in(tea).get(f"/teach/policy?price={typed}")
    assert answer.status_code == 200 and "a course at 80.00 €" in answer.text


def test_what_came_to_nothing_is_tried_again_on_the_same_terms(rich, course, coupon, browser):
    browser.post(CHECKOUT, data={"key": "k", "level": "500", "code": "SPRING"})
    order = db.session.query(Order).one()
    pay(order, kind="payment.failed")
    again = f"{CHECKOUT}?level=500&amp;code=SPRING"
    assert again in browser.get("/orders").text and again in browser.get(f"/orders/{order.id}").text


def test_a_nonsense_policy_is_refused(tea, log_in):
    assert log_in(tea).post("/teach/policy", data={"policy": "maybe"}).status_code == 422
    assert splits.policy_of(tea.id) is None


def test_students_decide_nothing(ana, log_in):
    assert log_in(ana).get("/teach/decisions").status_code == 403


def test_the_sales_page_explains_each_step(rich, course, tea, coupon, log_in):
    with transaction():
        splits.set_policy(tea, splits.ALWAYS)
    sell(rich, course, level_bp=1000, code="SPRING")
    page = log_in(tea).get("/teach/sales").text
    for said in ("80.00 €", "Coupon SPRING", "60.00 €", "Paid with 6.00 TEO", "30.00 €", "24.00 €", "+7.50 TEO"):
        assert said in page
    assert ledger.member(tea.id, "EUR", "maturing").balance == 2400


def test_two_teachers_questions_take_as_many_statements_as_one(rich, tea, log_in, statements):
    counts = []
    for number in (1, 3):
        sell(rich, publish(tea, f"Course {number}", price=1000), reference=f"p{number}", level_bp=1000)
        client = log_in(tea)
        with statements() as seen:
            client.get("/teach/decisions")
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_who_sends_the_form_again_with_all_his_teo_in_it_gets_the_same_order(tea, ana, log_in):
    give(ana, 8)
    browser, page = log_in(ana), f"/courses/{publish(tea, 'Knots', price=8000).slug}/checkout"
    first = browser.post(page, data={"key": "k1", "level": 1000})
    assert browser.post(page, data={"key": "k2", "level": 1000}).status_code == first.status_code == 303
    assert (db.session.query(Order).count(), balance(ana.id).reserved) == (1, teo(8))


def test_who_has_ordered_with_all_his_teo_may_still_choose_a_smaller_part(tea, ana, log_in):
    give(ana, 8)
    browser, page = log_in(ana), f"/courses/{publish(tea, 'Knots', price=8000).slug}/checkout"
    browser.post(page, data={"key": "k1", "level": 1000})
    assert browser.post(page, data={"key": "k2", "level": 500}).status_code == 303
    assert (balance(ana.id).available, balance(ana.id).reserved) == (teo(4), teo(4))


def test_a_frozen_wallet_is_why_no_part_can_be_chosen(browser, rich):
    with transaction():
        accounts.freeze(rich)
    page = browser.get(CHECKOUT).text
    assert "Your wallet is frozen: no TEO leave it until" in page and "TEO available" not in page and 'value="1000" disabled' in page
    assert "Choose to pay without TEO" in browser.get(f"{CHECKOUT}?level=1000").text


def test_who_gave_the_course_back_is_promised_no_reward_for_it(browser, sale):
    browser.post(f"/orders/{sale.id}/refund")
    page = browser.get(CHECKOUT).text
    assert "You have had this course before" in page
    assert "You will earn" not in page and "What you earn" not in page


def test_the_form_sent_again_after_its_coupon_and_teo_are_spent_shows_the_order(tea, ana, coupon, course, log_in):
    give(ana, 6)
    browser, asked = log_in(ana), {"key": "k1", "level": 1000, "code": "SPRING"}
    browser.post(CHECKOUT, data=asked)
    pay(db.session.query(Order).one())
    assert browser.post(CHECKOUT, data=asked).location == "/orders/1"


def test_codes_cannot_be_tried_until_one_fits(browser, coupon):
    answers = [browser.get(f"{CHECKOUT}?code=GUESS{number}").status_code for number in range(61)]
    assert set(answers[:60]) == {200} and answers[60] == 429
    assert browser.post(CHECKOUT, data={"key": "k1", "level": 0, "code": "SPRING"}).status_code == 429
    assert browser.get(CHECKOUT).status_code == 200


@pytest.mark.parametrize("sent", [{}, {"answer": "yes"}])
def test_a_decision_without_an_answer_decides_nothing(sale, tea, log_in, sent):
    assert log_in(tea).post(f"/teach/decisions/{sale.id}", data=sent).status_code == 422
    assert sale.decided_at is None


def test_codes_are_not_tried_as_json_either(browser):
    answers = [browser.post(CHECKOUT, json={"key": "k1", "level": 0, "code": f"GUESS-{number}"}).status_code for number in range(61)]
    assert answers == [422] * 60 + [429]
