"""What a member has mail of: a switch for each kind that may concern him."""

import re

import pytest

from lms.db import db, transaction
from lms.domain.notices import kinds
from tests.blueprints.test_wallet import words

PAGE = "/account/notices"
AT_FIRST = {
    *("withdrawal in review", "withdrawal held", "withdrawal rejected", "withdrawal sent", "withdrawal given back", "deposit credited"),
    *("enrolled by us", "review asked", "work passed", "work failed", "work to grade"),
    *("order refunded", "order disputed", "application approved", "application returned", "rulebook announced"),
}
OFF_AT_FIRST = {"withdrawal requested", "withdrawal approved", "withdrawal cancelled", "teo matured", "reward deferred", "reward taken back", "badge earned"}


def switches(page):
    """{kind: whether it is ticked}."""
    boxes = re.findall(r"<input [^>]*type=.checkbox.[^>]*>", page)
    return {re.search(r'name="mailed\[\]" value="([\w ]+)"', box)[1]: " checked" in box for box in boxes}


def ticked(browser):
    return {kind for kind, is_ticked in switches(browser.get(PAGE).text).items() if is_ticked}


def offered(browser):
    return re.search(r'name="offered" value="([^"]*)"', browser.get(PAGE).text)[1]


def choose(browser, *mailed, **others):
    return browser.post(PAGE, data={"mailed[]": list(mailed), "offered": offered(browser), **others})


def test_each_kind_has_a_switch_and_those_for_small_steps_and_rewards_are_off_at_first(ana, log_in):
    page = log_in(ana).get(PAGE).text
    assert switches(page) == dict.fromkeys(AT_FIRST, True) | dict.fromkeys(OFF_AT_FIRST, False)


def test_security_is_shown_as_always_on_without_a_switch(ana, log_in):
    page = words(log_in(ana).get(PAGE).text)
    assert re.search("Security always on .* New password Logged out everywhere Role changed Wallet linked Wallet frozen Wallet not frozen any more New payout details Wallet ", page)


def test_teaching_is_offered_to_teachers_alone_and_applying_to_students_alone(ana, tea, log_in):
    students, teachers = (set(switches(log_in(user).get(PAGE).text)) for user in (ana, tea))
    assert students - teachers == {"application approved", "application returned"}
    assert teachers - students == {kind for kind, facts in kinds.KINDS.items() if facts.group in ("teaching", "payouts")}


def test_what_waits_at_the_desk_is_offered_to_admins_alone(ana, tea, ada, log_in):
    desk = {kind for kind, facts in kinds.KINDS.items() if facts.group == "desk"}
    student, teacher, admin = (set(switches(log_in(user).get(PAGE).text)) for user in (ana, tea, ada))
    assert desk <= admin and desk.isdisjoint(student | teacher)
    assert choose(log_in(ana), "case waits").status_code == 422


def test_a_choice_is_kept_kind_by_kind(ana, bruno, log_in):
    answer = choose(log_in(ana), "withdrawal requested", "order refunded")
    assert (answer.status_code, answer.location) == (303, PAGE)
    assert ticked(log_in(ana)) == {"withdrawal requested", "order refunded"}
    assert ticked(log_in(bruno)) == AT_FIRST


def test_a_choice_may_be_changed_again_and_be_none(ana, log_in):
    choose(log_in(ana), "teo matured")
    choose(log_in(ana), "rulebook announced")
    assert ticked(log_in(ana)) == {"rulebook announced"}
    choose(log_in(ana))
    assert ticked(log_in(ana)) == set()


STRANGE = [
    {"mailed[]": ["teo matured", "comet seen"]},
    {"mailed[]": ["teo matured", "sale waiting"]},  # which is a teacher's
    {"mailed[]": ["teo matured", "wallet frozen"]},
    {"wallet": "y", "orders": "y", "offered": ""},  # as the page was that offered groups
    {"mailed[]": ["teo matured"], "offered": "teo matured"},  # as it was before the other kinds came
]


@pytest.mark.parametrize("sent", STRANGE)
def test_what_another_page_offered_changes_nothing(ana, log_in, sent):
    choose(log_in(ana), "rulebook announced")
    answer = choose(log_in(ana), **sent)
    assert answer.status_code == 422 and "nothing was saved. Choose again." in words(answer.text)
    assert [kind for kind, is_ticked in switches(answer.text).items() if is_ticked] == ["rulebook announced"]
    assert ticked(log_in(ana)) == {"rulebook announced"}


def test_who_teaches_by_now_declines_nothing_by_a_page_that_he_opened_as_a_student(ana, log_in):
    browser = log_in(ana)
    before = offered(browser)
    with transaction():
        ana.role = "teacher"
    answer = choose(browser, "rulebook announced", offered=before)
    assert answer.status_code == 422 and "sale waiting" in ticked(browser)


def test_the_token_of_the_form_is_no_field_of_another_page(app, ana, log_in):
    browser = log_in(ana)
    app.config["WTF_CSRF_ENABLED"] = True
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', browser.get(PAGE).text)[1]
    assert choose(browser, "teo matured", csrf_token=token).status_code == 303
    assert ticked(browser) == {"teo matured"}


@pytest.mark.parametrize("is_chosen", [True, False])
def test_the_page_takes_three_statements_however_much_was_chosen(tea, log_in, statements, is_chosen):
    if is_chosen:
        choose(log_in(tea), *kinds.choosable(tea))
    browser = log_in(tea)
    db.session.expunge_all()
    with statements() as seen:
        assert browser.get(PAGE).status_code == 200
    assert len(seen) == 3  # the sign-in, the head of the page, what was chosen


def test_the_choice_is_found_from_account_and_inbox(ana, log_in):
    for path in ("/account", "/notices"):
        assert f'href="{PAGE}"' in log_in(ana).get(path).text
