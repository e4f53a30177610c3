"""What is known of who asks for TEO, as it was then, read from real rows."""

from datetime import timedelta

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts import device_sightings
from lms.domain.accounts.models import Sighting
from lms.domain.checkout import refunds, splits
from lms.domain.courses import actions as courses
from lms.domain.courses import quizzes as writing
from lms.domain.desk import risk_signals
from lms.domain.learning import actions as learning
from lms.domain.learning import queries as enrolments
from lms.domain.learning import quizzes
from lms.domain.learning.attempt_models import QuizAttempt
from lms.domain.learning.models import LessonCompletion
from lms.domain.wallet.models import LinkedWallet
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals.models import Withdrawal
from tests.conftest import address_of, give, pay, publish, sell, teo
from tests.domain.test_payout_details import bank_of


@pytest.fixture
def asked(ana):
    """ask() makes one more withdrawal of Ana's and answers what is known then."""
    give(ana, 500)
    own = address_of(ana)

    def ask(user=ana, link=own):
        with transaction():
            withdrawal = withdrawals.request(f"wish {clock.now().isoformat()} {user.id}", user, link.id, teo(10))
        return risk_signals.of(withdrawal)

    return ask


def seen(user, device="d", address="192.0.2.7", days_ago=0):
    with transaction():
        device_sightings.see(user, device, address)
        if days_ago:
            db.session.query(Sighting).filter_by(user_id=user.id).update({"last_at": clock.now() - timedelta(days=days_ago)})


def test_of_who_did_nothing_nothing_is_known(asked, ana):
    found = asked()
    assert (found.email, found.joined_at) == ("ana@example.org", ana.created_at)
    assert found.linked_at == db.session.query(LinkedWallet).filter_by(user_id=ana.id).one().linked_at
    assert not any((found.same_address, found.same_device, found.same_network, found.partners, found.sales, found.rewarded, found.lessons, found.taken_back, found.disputes))


def test_an_address_is_anothers_who_linked_it_before_or_had_teo_sent_there(asked, ana, bruno, member):
    cleo = member("cleo")
    with transaction():
        db.session.add(LinkedWallet(user_id=bruno.id, address="0x" + "AB" * 20, linked_at=clock.now(), removed_at=clock.now()))
    own = address_of(cleo, "cd")
    give(cleo, 20)
    with transaction():
        withdrawals.request("cleo's", cleo, own.id, teo(10)).to = "0x" + "ab" * 20
    assert asked().same_address == (bruno.id, cleo.id)


def test_a_browser_is_shared_by_who_signed_in_with_it_within_ninety_days(asked, ana, bruno, member):
    seen(ana, "hers"), seen(bruno, "hers", "198.51.100.1"), seen(member("cleo"), "hers", days_ago=91), seen(member("dora"), "another")
    assert asked().same_device == (bruno.id,)


@pytest.mark.parametrize(("one", "other", "is_shared"), [("192.0.2.7", "192.0.2.200", True), ("192.0.2.7", "192.0.3.7", False), ("2001:db8:1::1", "2001:db8:1:ffff::9", True), ("2001:db8:1::1", "2001:db8:2::1", False), ("", "", False), ("::ffff:192.0.2.7", "192.0.2.9", True)])
def test_a_network_is_shared_by_who_asked_for_teo_from_it_too(asked, ana, bruno, member, one, other, is_shared):
    seen(ana, "a", one), seen(bruno, "b", other), seen(member("cleo"), "c", other)
    give(bruno, 20)
    asked(bruno, address_of(bruno, "cd"))
    assert asked().same_network == ((bruno.id,) if is_shared else ())


def test_partners_are_who_bought_of_him_and_of_whom_he_bought(asked, ana, bruno, tea, course, member):
    cleo = member("cleo")
    sell(ana, course)
    sell(bruno, course, "pay_2"), sell(bruno, publish(tea, "Two", 5000), "pay_3"), sell(cleo, course, "pay_4")
    assert asked().partners == (tea.id,)
    give(tea, 20)
    with transaction():
        bank_of(tea)
    of_teacher = asked(tea, address_of(tea, "cd"))
    assert of_teacher.partners == (ana.id, bruno.id, cleo.id) and (of_teacher.sales, of_teacher.sales_to_one) == (4, 2)


def test_a_refund_counts_where_it_took_rewards_back(asked, ana, tea, course):
    orders = [sell(ana, course), sell(ana, publish(tea, "No reward", 5000, reward_bp=0), "pay_2")]
    for order in orders:
        with transaction():
            refunds.refund(order)
    assert asked().taken_back == 1


@pytest.mark.parametrize(("kinds", "count"), [(["dispute.opened"], 1), (["dispute.opened", "dispute.lost"], 1), (["dispute.opened", "dispute.won"], 0)])
def test_a_dispute_counts_unless_it_was_won(asked, ana, course, kinds, count):
    order = sell(ana, course)
    for kind in kinds:
        pay(order, kind=kind, dispute="dp_1", fee=0)
    assert asked().disputes == count


def test_a_dispute_counts_by_the_day_it_was_opened_however_old_the_order_is(asked, ana, tea, course):
    """Banks ask back what was paid four months before."""
    late, early = sell(ana, course), sell(ana, publish(tea, "Two", 5000), "pay_2")
    pay(early, "pay_2", kind="dispute.opened", dispute="dp_2", fee=0)
    clock.advance(timedelta(days=91))
    pay(late, kind="dispute.opened", dispute="dp_1", fee=0)
    assert asked().disputes == 1


def test_a_dispute_of_what_he_sold_counts_for_the_teacher(asked, ana, bruno, tea, course):
    orders = [sell(ana, course), sell(bruno, course, "pay_2")]
    for number, (order, kinds) in enumerate(zip(orders, (["opened"], ["opened", "won"]), strict=True)):
        for kind in kinds:
            pay(order, f"pay_{number + 1}", kind=f"dispute.{kind}", dispute=f"dp_{number}", fee=0)
    give(tea, 20)
    with transaction():
        bank_of(tea)
    of_teacher, of_buyer = asked(tea, address_of(tea, "cd")), asked()
    assert (of_teacher.disputed_sales, of_teacher.disputes, of_buyer.disputed_sales, of_buyer.disputes) == (1, 0, 0, 1)


def test_who_bought_of_him_and_sold_to_him_is_known(asked, ana, bruno, tea, course):
    with transaction():
        ana.role = "teacher"
        bank_of(ana)
    sell(ana, course), sell(bruno, course, "pay_2")
    assert asked().mutual == ()
    own = publish(ana, "Her own", 5000)
    sell(tea, own, "pay_3"), sell(bruno, own, "pay_4")
    clock.advance(timedelta(seconds=1))
    found = asked()
    assert (found.mutual, found.partners) == ((tea.id,), (bruno.id, tea.id))


def test_the_teo_of_sales_of_a_week_stand_apart_from_those_before(asked, ana, bruno, tea, course, member):
    with transaction():
        bank_of(tea), splits.set_policy(tea, splits.ALWAYS)
    give(tea, 20), give(bruno, 100)

    def bought(buyer, reference):
        return sell(buyer, course, reference, level_bp=1000)

    before = bought(ana, "pay_1")
    clock.advance(timedelta(days=8))
    this_week = bought(bruno, "pay_2")
    found = asked(tea, address_of(tea, "cd"))
    assert (found.sold_for, found.sold_for_before) == (this_week.tokens + this_week.bonus, before.tokens + before.bonus) == (teo(8) + teo(2), teo(8) + teo(2))
    with transaction():
        splits.set_policy(tea, 0)
    cleo = member("cleo")
    give(cleo, 100), bought(cleo, "pay_3")
    assert asked(tea, db.session.query(LinkedWallet).filter_by(user_id=tea.id).one()).sold_for == teo(10), "those he declined are not his"


def test_lessons_are_hasty_by_the_minutes_that_they_take(asked, ana, course):
    """Each takes a minute: twelve seconds are a fifth."""
    sell(ana, course)
    enrolment = enrolments.enrolment(ana.id, course.id)
    moment = enrolment.enrolled_at
    for lesson, seconds in zip(course.lessons, (11, 12, 11, 600), strict=True):
        moment += timedelta(seconds=seconds)
        with transaction():
            learning.complete_lesson(enrolment, lesson)
            db.session.query(LessonCompletion).filter_by(lesson_id=lesson.id).update({"completed_at": moment})
    clock.advance(timedelta(hours=1))
    found = asked()
    assert (found.lessons, found.hasty_lessons) == (4, 2)
    clock.advance(timedelta(days=31))
    assert (asked().lessons, asked().hasty_lessons) == (0, 0)


@pytest.mark.parametrize(("minutes", "fifth"), [(1, 120), (20, 240)])
def test_a_lesson_takes_no_less_than_it_takes_to_read_whatever_its_teacher_says(asked, ana, course, minutes, fifth):
    """15,000 bytes are ten minutes."""
    sell(ana, course)
    enrolment = enrolments.enrolment(ana.id, course.id)
    moment = enrolment.enrolled_at
    for lesson, seconds in zip(course.lessons, (fifth - 1, fifth, fifth - 1, fifth + 1), strict=True):
        moment += timedelta(seconds=seconds)
        with transaction():
            courses.change_lesson(lesson, title=lesson.title, body="word " * 3000, minutes=minutes, is_preview=lesson.is_preview)
            learning.complete_lesson(enrolment, lesson)
            db.session.query(LessonCompletion).filter_by(lesson_id=lesson.id).update({"completed_at": moment})
    clock.advance(timedelta(hours=1))
    found = asked()
    assert (found.lessons, found.hasty_lessons) == (4, 2)


def test_quizzes_are_hasty_by_the_number_of_their_questions(asked, ana, bruno, course):
    """Of two questions six seconds are enough, of five fifteen; what was not passed, or another passed, does not count."""
    sell(ana, course), sell(bruno, course, "pay_2")
    lesson, longer, began_at = with_quiz(course.lessons[0], questions=2), with_quiz(course.lessons[1], questions=5), clock.now()
    for seconds in (5.999, 6, 600):
        answer(ana, lesson, seconds)
    for seconds in (14.999, 15, 6):
        answer(ana, longer, seconds)
    answer(ana, lesson, 1, is_right=False), answer(bruno, lesson, 1)
    with transaction():
        assert quizzes.begin(enrolments.enrolment(ana.id, course.id), lesson).is_open
    clock.advance(began_at + timedelta(hours=1) - clock.now())
    found = asked()
    assert (found.quizzes, found.hasty_quizzes) == (6, 3)
    assert (found.lessons, found.hasty_lessons) == (0, 0)


@pytest.mark.parametrize(("days", "count"), [(29.9, 1), (30.1, 0), (-0.1, 0)])
def test_quizzes_count_for_thirty_days(asked, ana, course, days, count):
    """One passed after he asked was not known then."""
    sell(ana, course)
    answer(ana, with_quiz(course.lessons[0], questions=1), 1)
    with transaction():
        attempt = db.session.query(QuizAttempt).one()
        attempt.began_at, attempt.closed_at = (clock.now() - timedelta(days=days, seconds=seconds) for seconds in (1, 0))
    found = asked()
    assert (found.quizzes, found.hasty_quizzes) == (count, count)


def with_quiz(lesson, questions):
    with transaction():
        for number in range(questions):
            writing.add_question(lesson, f"Question {number}", [("Yes", True, ""), ("No", False, "")])
    return lesson


def answer(user, lesson, seconds, is_right=True):
    """An attempt at all questions that took so long."""
    with transaction():
        attempt = quizzes.begin(enrolments.enrolment(user.id, lesson.course_id), lesson)
        quizzes.hand_in(attempt, {question["id"]: [option["id"] for option in question["options"] if option["is_right"] is is_right] for question in attempt.questions})
        attempt.closed_at = attempt.began_at + timedelta(seconds=seconds)


def test_rewards_of_a_week_stand_apart_from_those_before(asked, ana, tea):
    sell(ana, publish(tea, "First", 10_000), "pay_1")
    clock.advance(timedelta(days=8))
    sell(ana, publish(tea, "Second", 20_000), "pay_2")
    found = asked()
    assert (found.rewarded, found.rewarded_before) == (teo(4), teo(2))


def test_what_learning_brings_after_the_request_is_not_what_was_known_then(asked, ana, tea):
    asked()
    withdrawal = db.session.query(Withdrawal).one()
    clock.advance(timedelta(days=2))
    for number in range(3):
        sell(ana, publish(tea, f"Dear {number}", 400_000), f"pay_{number}")
    found = risk_signals.of(withdrawal)
    assert (found.rewarded, found.capped_days) == (0, 0)


def test_a_day_on_which_a_limit_deferred_rewards_counts_once(asked, ana, tea):
    for number in range(3):
        sell(ana, publish(tea, f"Dear {number}", 400_000), f"pay_{number}")  # 80 TEO each, of which 100 a day are granted
    assert asked().capped_days == 1


def test_it_takes_a_fixed_number_of_statements(asked, ana, bruno, tea, course, statements):
    asked()
    withdrawal = db.session.query(Withdrawal).one()
    with statements() as few:
        risk_signals.of(withdrawal)
    seen(ana), seen(bruno), sell(ana, course)
    db.session.refresh(withdrawal), db.session.refresh(ana)
    with statements() as many:
        risk_signals.of(withdrawal)
    assert len(many) == len(few) == 3
