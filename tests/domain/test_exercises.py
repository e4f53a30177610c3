"""Work on exercises: who reviews it, when it passes, and what that brings, to whom, out of what."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts import membership
from lms.domain.audit.models import LogEntry
from lms.domain.checkout import refunds
from lms.domain.checkout.models import Order
from lms.domain.courses import actions as courses
from lms.domain.courses import queries as catalogue
from lms.domain.learning import exercise_queries as queries
from lms.domain.learning import exercises
from lms.domain.learning import queries as enrolments
from lms.domain.learning.exercise_models import PeerReview, Submission
from lms.domain.ledger import queries as books
from lms.domain.ledger.models import Transfer
from lms.domain.notices.models import Notice
from lms.domain.rewards import actions as rewards
from lms.domain.rewards.models import Grant
from lms.domain.wallet.queries import balance
from lms.errors import DomainError, Forbidden, Invalid, NotFound
from tests.conftest import announce, publish, sell, take_part, teo
from tests.races import race, until_it_waits

TASK = "Prove it."


@pytest.fixture
def course(tea):
    return proofs(tea)


@pytest.fixture
def passed(member, course):
    return three_who_passed(member, course)


@pytest.fixture
def work(ana, course, passed):
    """Ana's, who bought the course, in review by three."""
    sell(ana, course)
    return hand_in(ana, course)


# Handing in


def test_work_is_kept_with_the_task_it_answers(ana, course):
    take_part(ana, course, lessons=0)
    work = hand_in(ana, course, "  Because.\n")
    with transaction():
        courses.change_lesson(lesson_of(course), title="Lesson 1", body="", minutes=1, is_preview=False, exercise="Something else.")
    assert (work.text, work.task, work.state) == ("Because.", TASK, "in review")


def test_the_same_work_sent_twice_is_handed_in_once(ana, course):
    take_part(ana, course, lessons=0)
    assert hand_in(ana, course, "Because.") is hand_in(ana, course, "Because. ")
    assert db.session.query(Submission).count() == 1


@pytest.mark.parametrize("text", ["", " \n", "x" * 50_001, "[" * 2_001])
def test_what_nobody_can_review_is_refused(ana, course, text):
    take_part(ana, course, lessons=0)
    with pytest.raises(Invalid):
        hand_in(ana, course, text)


def test_a_lesson_without_an_exercise_takes_no_work(ana, course):
    take_part(ana, course, lessons=0)
    with pytest.raises(NotFound):
        hand_in(ana, course, lesson=lesson_of(course, 2))


def test_who_gave_the_course_back_hands_in_nothing(ana, course):
    order = sell(ana, course)
    enrolment = enrolments.enrolment(ana.id, course.id)
    with transaction():
        refunds.refund(order)
    with pytest.raises(Forbidden), transaction():
        exercises.hand_in(enrolment, lesson_of(course), "Because.")


def test_one_attempt_is_open_at_a_time_and_five_in_all(ana, tea, course):
    take_part(ana, course, lessons=0)
    for number in range(5):
        work = hand_in(ana, course, f"Attempt {number}")
        with pytest.raises(DomainError, match="being reviewed"):
            hand_in(ana, course, "Something else")
        grade(work, tea, 5)
    with pytest.raises(DomainError, match="as often as one can"):
        hand_in(ana, course, "Once more")


def test_who_passed_hands_in_no_more(ana, tea, course):
    take_part(ana, course, lessons=0)
    grade(hand_in(ana, course), tea, 6)
    with pytest.raises(DomainError, match="You have passed"):
        hand_in(ana, course, "Better")


# Reviewers


def test_three_are_drawn_from_those_who_passed_and_who_teach(work, passed, tea, ana):
    asked = {review.reviewer_id for review in work.reviews}
    assert len(asked) == 3 and asked <= {each.id for each in passed} | {tea.id}
    assert not work.is_for_teacher
    assert all(review.due_at - review.asked_at == timedelta(hours=24) for review in work.reviews)
    told = db.session.query(Notice).filter(Notice.kind == "review asked", Notice.subject.in_([f"review:{review.id}" for review in work.reviews]))
    assert {notice.user_id for notice in told} == asked


def test_the_draw_is_by_lot(ana, course, passed, tea, member):
    """Of four who may, each is left out sometimes: with 30 draws the chance that one never is, is below one in a thousand."""
    left_out = set()
    everybody = {each.id for each in passed} | {tea.id}
    take_part(ana, course, lessons=0)
    for number in range(30):
        work = hand_in(ana, course, f"{number}")
        left_out |= everybody - {review.reviewer_id for review in work.reviews}
        with transaction():
            db.session.query(PeerReview).delete()
            db.session.query(Submission).filter_by(id=work.id).delete()
    assert left_out == everybody


def test_nobody_reviews_his_own_nor_while_suspended_nor_after_giving_the_course_back(ana, course, passed, tea):
    with transaction():
        passed[0].suspended_at = clock.now()
        enrolments.enrolment(passed[1].id, course.id).ended_at = clock.now()
    take_part(ana, course, lessons=0)
    work = hand_in(ana, course)
    assert work.is_for_teacher and work.reviews == [], "only piu and the teacher are left"


def test_with_too_few_the_teacher_grades(ana, tea, course):
    take_part(ana, course, lessons=0)
    work = hand_in(ana, course)
    assert work.is_for_teacher and work.reviews == []
    assert db.session.query(Notice).filter_by(user_id=tea.id, kind="work to grade").one().facts["submission"] == work.id
    grade(work, tea, 6, "Well done.")
    assert db.session.query(LogEntry).count() == 0, "a teacher's own word is no admin's"
    assert (work.state, work.score, work.feedback) == ("passed", Decimal(6), "Well done.")
    with pytest.raises(DomainError, match="does not wait"):
        grade(work, tea, 2)


def test_only_the_courses_teacher_grades_and_only_what_waits_for_him(work, ana, tea, member):
    with pytest.raises(DomainError, match="does not wait"):
        grade(work, tea, 6)
    other = member("tom", role="teacher")
    with pytest.raises(Forbidden):
        grade(work, other, 6)


def suspend(teacher, admin):
    membership.suspend(teacher, admin, "We look into it.")


def end_teaching(teacher, admin):
    membership.set_role(teacher, "student", admin)


@pytest.mark.parametrize("leave", [suspend, end_teaching])
def test_where_the_teacher_teaches_no_more_an_admin_grades_and_not_his_own(ana, tea, ada, member, course, leave):
    """Else its author would wait for ever."""
    admin = member("amo", role="admin")
    take_part(ana, course, lessons=0)
    take_part(ada, course, lessons=0)
    with transaction():
        leave(tea, admin)
    work, own = hand_in(ana, course), hand_in(ada, course)
    told = db.session.query(Notice).filter_by(kind="work to grade").order_by(Notice.id)
    assert [(notice.user_id, notice.facts["submission"]) for notice in told] == [(ada.id, work.id), (admin.id, work.id), (admin.id, own.id)]
    assert [queries.to_grade_count(each) for each in (ada, admin, ana)] == [1, 2, 0]
    with pytest.raises(Forbidden):
        grade(own, ada, 9)
    grade(work, ada, 8)
    grade(own, admin, 8)
    assert work.has_passed and own.has_passed
    rows = db.session.query(LogEntry).filter_by(action="work graded").order_by(LogEntry.number)
    assert [(row.by_id, row.subject, row.details) for row in rows] == [
        (ada.id, f"work {work.id}", {"member": ana.id, "lesson": work.lesson_id, "score": 8, "result": "passed"}),
        (admin.id, f"work {own.id}", {"member": ada.id, "lesson": own.lesson_id, "score": 8, "result": "passed"}),
    ]


def test_no_admin_grades_while_the_teacher_does(ana, tea, ada, course):
    take_part(ana, course, lessons=0)
    work = hand_in(ana, course)
    assert (queries.to_grade_count(ada), queries.to_grade_count(tea)) == (0, 1)
    with pytest.raises(Forbidden):
        grade(work, ada, 9)


def test_a_silent_reviewer_is_replaced_after_a_day_once(work):
    silent = work.reviews[0]
    assert replace(silent) is None and queries.silent() == []
    clock.advance(timedelta(hours=24, seconds=1))
    assert set(queries.silent()) == {review.id for review in work.reviews}
    asked = {review.reviewer_id for review in work.reviews}
    fourth = replace(silent)
    assert fourth and fourth not in asked
    assert replace(silent) is None
    db.session.expire_all()
    assert silent.closed_at and len([review for review in work.reviews if review.is_open]) == 3
    with pytest.raises(DomainError, match="does not wait for you"):
        give(silent, 9)


def test_when_nobody_is_left_to_ask_the_teacher_grades(work, tea):
    clock.advance(timedelta(hours=25))
    replace(work.reviews[0])
    assert not work.is_for_teacher
    replace(work.reviews[1])
    assert work.is_for_teacher
    grade(work, tea, 7)
    assert work.has_passed
    assert not any(review.is_open for review in work.reviews), "who was asked is not waited for"


def test_a_late_word_counts_while_nobody_was_asked_instead(work):
    clock.advance(timedelta(hours=30))
    give(work.reviews[0], 8)
    assert work.reviews[0].given_at and queries.silent() != []


# Verdicts


@pytest.mark.parametrize(("scores", "state", "mean"), [((6, 6, 6), "passed", "6"), ((1, 7, 10), "passed", "6"), ((5, 6, 6), "failed", "5.67"), ((10, 7, 1), "passed", "6"), ((1, 1, 1), "failed", "1")])
def test_it_passes_with_three_reviews_and_a_mean_of_six(work, scores, state, mean):
    for review, score in zip(work.reviews, scores, strict=True):
        assert work.is_open and work.score is None
        give(review, score)
    assert (work.state, work.score) == (state, Decimal(mean))
    assert db.session.query(Notice).filter_by(user_id=work.enrolment.user_id).one().kind == f"work {state}"


@pytest.mark.parametrize("score", [0, 11, -1, 5.5, True, None, "7"])
def test_a_score_is_from_one_to_ten(work, score):
    with pytest.raises(Invalid):
        give(work.reviews[0], score)


@pytest.mark.parametrize("comment", ["", "  ", "x" * 5_001])
def test_a_review_says_why(work, comment):
    with pytest.raises(Invalid):
        give(work.reviews[0], 7, comment)


def test_a_review_is_given_once(work):
    give(work.reviews[0], 7)
    with pytest.raises(DomainError, match="You have reviewed"):
        give(work.reviews[0], 8)
    assert work.reviews[0].score == 7


def test_rules_are_those_of_the_authors_purchase(ana, tea, course, passed):
    sell(ana, course)
    announce(passing_score=9, peer_reviewers=2)
    clock.advance(timedelta(days=21))
    work = hand_in(ana, course)
    review_all(work, 6, 6, 6)
    assert len(work.reviews) == 3 and work.has_passed


# What it brings


def test_two_teo_to_each_reviewer_and_the_author_within_a_tenth_of_what_the_author_paid(work, ana):
    """Reviews may bring 4 of his 20: two reviewers have theirs, and nothing is left for the third and the author."""
    reviewers = [review.reviewer_id for review in work.reviews]
    before = [balance(user_id).total for user_id in (*reviewers, ana.id)]
    review_all(work, 8, 8, 8)
    assert [review.reward for review in work.reviews] == [teo(2), teo(2), 0]
    assert [balance(user_id).total - old for user_id, old in zip((*reviewers, ana.id), before, strict=True)] == [teo(2), teo(2), 0, 0]
    assert all_rewards(ana) + teo(16) == teo(20)


def test_the_author_is_rewarded_out_of_what_is_left(ana, tea, course):
    sell(ana, course)
    work = hand_in(ana, course)
    grade(work, tea, 8)
    assert balance(ana.id).maturing == teo(2) and balance(tea.id).total == 0, "who grades is no peer"
    paid = db.session.query(Transfer).filter_by(reason="exercise passed").one()
    assert paid.rule_version == 1 and {"course", "lesson", "each", "most", "before", "caps"} <= paid.evidence.keys()


def test_work_that_fails_rewards_its_reviewers_and_not_its_author(work, ana):
    review_all(work, 1, 1, 1)
    assert [review.reward for review in work.reviews] == [teo(2), teo(2), 0]
    assert balance(ana.id).total == 0


def test_who_paid_nothing_brings_nothing(bruno, course, passed):
    take_part(bruno, course, lessons=0)
    review_all(work := hand_in(bruno, course), 8, 8, 8)
    assert work.has_passed and db.session.query(Grant).count() == 0


def test_a_purchase_reward_leaves_less_for_reviews_whatever_the_course_says_later(ana, tea, member):
    """Of 20 TEO at most, buying brought 3 and learning brings 16: 1 is left, also when the teacher lowers the reward of later purchases."""
    course = with_exercise(publish(tea, "Dear", price=20_000, reward_bp=150))
    sell(ana, course)
    with transaction():
        courses.change(course, title="Dear", summary="S", description="", subject="", language="en", price=20_000, reward_bp=0)
    grade(hand_in(ana, course), tea, 8)
    assert balance(ana.id).maturing == teo(3) + teo(1)


def test_another_attempt_brings_a_reviewer_nothing_again(ana, course, passed, tea):
    sell(ana, course)
    for number in range(4):
        review_all(hand_in(ana, course, f"Attempt {number}"), 1, 1, 1)
    keys = [grant.key for grant in db.session.query(Grant)]
    assert len(keys) == 2 and len(set(keys)) == 2


def test_a_reviewer_is_rewarded_three_times_a_day(ana, tea, course, passed, member):
    brought = []
    for name in ("uno", "due", "tre", "quattro", "cinque"):
        author = member(name)
        sell(author, course, reference=name)
        work = hand_in(author, course)
        mine = next((review for review in work.reviews if review.reviewer_id == tea.id), None) or ask(work, tea)
        give(mine, 7)
        brought.append(mine.reward)
        if len(brought) == 4:
            clock.advance(timedelta(days=1))
    assert brought == [teo(2), teo(2), teo(2), 0, teo(2)]


def test_it_matures_with_the_authors_purchase_and_is_there_at_once_after_that(work, member, tea, course):
    give(work.reviews[0], 8)
    assert balance(work.reviews[0].reviewer_id).maturing == teo(2)
    clock.advance(timedelta(days=14, seconds=1))
    give(work.reviews[1], 8)
    assert balance(work.reviews[1].reviewer_id).available == teo(2)


# Given back


def test_a_refund_takes_back_what_reviews_brought_out_of_it(work, ana):
    """Else a circle that buys, reviews and gives back would make TEO for nothing."""
    order = order_of(ana)
    review_all(work, 8, 8)
    with transaction():
        refunds.refund(order)
    reviewers = [review.reviewer_id for review in work.reviews]
    assert [balance(user_id).total for user_id in reviewers] == [0, 0, 0]
    assert (work.state, work.score) == ("withdrawn", None) and not any(review.is_open for review in work.reviews)
    assert books.wrong_balances() == books.unbalanced_assets() == 0


def test_who_loses_with_it_what_a_review_brought_him_is_told_and_not_by_whom(work, ana):
    order, reviewer_id = order_of(ana), work.reviews[0].reviewer_id
    review_all(work, 8)
    with transaction():
        refunds.refund(order)
    told = db.session.query(Notice).filter_by(kind="reward taken back").one()
    assert (told.user_id, told.facts) == (reviewer_id, {"amount": teo(2), "course": "How proofs work", "lesson": "Lesson 1"})


def test_a_reviewer_keeps_what_reviews_brought_when_he_gives_back_his_own_purchase(ana, tea, course, member):
    reviewer = member("rita")
    order = sell(reviewer, course, reference="rita")
    grade(hand_in(reviewer, course), tea, 9)
    for name in ("pia", "pio"):
        pass_exercise(member(name), course)
    sell(ana, course)
    work = hand_in(ana, course)
    mine = next((review for review in work.reviews if review.reviewer_id == reviewer.id), None) or ask(work, reviewer)
    give(mine, 8)
    assert refunds.preview(order).rewards == teo(2), "his own passing, not what he said of others' work"
    with transaction():
        refunds.refund(order)
    assert balance(reviewer.id).total == teo(2)


def test_what_a_cap_deferred_goes_back_too(work, ana):
    announce(days=20, user_daily_cap=teo(1), platform_daily_cap=teo(1))
    order = order_of(ana)
    with transaction():
        db.session.execute(db.text("UPDATE rulebook_versions SET in_force_from = :now WHERE number = 2"), {"now": clock.now()})
    give(work.reviews[0], 8)
    reviewer = work.reviews[0].reviewer_id
    assert balance(reviewer).maturing == teo(1)
    with transaction():
        refunds.refund(order)
    clock.advance(timedelta(days=2))
    for grant in db.session.query(Grant).all():
        with transaction():
            rewards.grant_deferred(grant.id)
    assert balance(reviewer).total == 0


# Races


def test_three_reviews_at_once_are_counted_once_and_decide(app, work, ana):
    ids = [review.id for review in work.reviews]
    db.session.remove()
    results = race(app, [lambda id=id: exercises.give(db.session.get_one(PeerReview, id), 8, "Good.") for id in ids])
    assert results == []
    work = db.session.query(Submission).order_by(Submission.id.desc()).first()
    assert work.has_passed and sorted(review.reward for review in work.reviews) == [0, teo(2), teo(2)]


def test_a_review_and_a_refund_at_once_leave_nobody_richer(app, work, ana):
    review_id, order_id, reviewer_id = work.reviews[0].id, order_of(ana).id, work.reviews[0].reviewer_id
    db.session.remove()
    race(app, [lambda: exercises.give(db.session.get_one(PeerReview, review_id), 8, "Good."), lambda: refunds.refund(db.session.get_one(Order, order_id))])
    assert balance(reviewer_id).total == 0
    assert books.wrong_balances() == books.unbalanced_assets() == 0


def test_a_refund_and_a_reviewer_of_two_works_lock_his_reviews_in_the_same_order(app, ana, bruno, course):
    """Whatever the order in which he was asked: who replaces a silent one was asked last."""
    with_exercise(course, 2)
    order_id = sell(ana, course).id
    first, second = (hand_in(ana, course, lesson=lesson_of(course, number)) for number in (1, 2))
    early, late = (ask(work, bruno).id for work in (second, first))
    db.session.rollback()

    def give_back():
        with app.app_context(), transaction():
            refunds.refund(db.session.get_one(Order, order_id))

    other = threading.Thread(target=give_back)
    with transaction():
        db.session.get_one(PeerReview, early, with_for_update=True)
        other.start()
        until_it_waits(other)
        db.session.execute(db.text("SET LOCAL lock_timeout = '1s'"))
        db.session.get_one(PeerReview, late, with_for_update=True)
    other.join()
    db.session.expire_all()
    assert all(db.session.get_one(PeerReview, id).closed_at for id in (early, late))


def proofs(teacher):
    """A course at 200 EUR without a purchase reward, with an exercise on its first lesson: of 20 TEO at most, learning brings 16 and reviews 4."""
    return with_exercise(publish(teacher, "How proofs work", price=20_000, reward_bp=0))


def three_who_passed(member, course):
    """Members who passed the exercise, graded by the teacher, and paid nothing."""
    return [pass_exercise(member(name), course) for name in ("pia", "pio", "piu")]


def with_exercise(course, number=1):
    with transaction():
        courses.change_lesson(lesson_of(course, number), title=f"Lesson {number}", body="Words", minutes=1, is_preview=number == 1, exercise=TASK)
    return course


def lesson_of(course, number=1):
    return catalogue.lesson(course, f"lesson-{number}")


def hand_in(user, course, text="Because.", lesson=None):
    with transaction():
        return exercises.hand_in(enrolments.enrolment(user.id, course.id), lesson or lesson_of(course), text)


def give(review, score, comment="It says why."):
    with transaction():
        exercises.give(review, score, comment)


def review_all(work, *scores):
    for review, score in zip(work.reviews, scores, strict=False):
        give(review, score)


def grade(work, teacher, score, feedback="It says why."):
    with transaction():
        exercises.grade(work, teacher, score, feedback)


def replace(review):
    with transaction():
        return exercises.replace_silent(review.id)


def ask(work, user):
    """Who was not drawn, asked all the same."""
    with transaction():
        review = PeerReview(submission=work, reviewer_id=user.id, asked_at=clock.now(), due_at=clock.now() + timedelta(days=1))
        db.session.add(review)
    return review


def pass_exercise(user, course):
    take_part(user, course, lessons=0)
    work = hand_in(user, course)
    with transaction():
        work.is_for_teacher = True
    grade(work, course.teacher, 9)
    return user


def order_of(user):
    return db.session.query(Order).filter_by(buyer_id=user.id).one()


def all_rewards(author):
    return sum(grant.amount for grant in db.session.query(Grant).filter_by(payer_id=author.id))
