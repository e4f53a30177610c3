"""Whose choice it is what a member has mail of."""

from lms.db import transaction
from lms.domain.notices import actions as notices
from lms.domain.notices import kinds, queries


def test_security_can_never_be_switched_off(ana):
    assert {name for name, group in kinds.GROUPS.items() if group.is_fixed} == {"security"}
    with transaction():
        notices.prefer(ana, set())
    security = kinds.concerning(ana)["security"]
    assert queries.mailed([ana.id], [*security, *kinds.choosable(ana)]) == {(ana.id, kind) for kind in security}


def choices(user):
    return {group for group in kinds.concerning(user) if not kinds.GROUPS[group].is_fixed}


def test_a_member_chooses_among_what_may_concern_him(ana, tea, ada):
    everyones = {"wallet", "orders", "learning", "rewards", "rules"}
    assert choices(ana) == everyones | {"application"}
    assert choices(tea) == everyones | {"teaching", "payouts"}
    assert choices(ada) == everyones | {"desk"}


def test_what_a_teacher_earned_concerns_him_when_he_teaches_no_more(tea):
    tea.role = "student"
    assert choices(tea) == {"wallet", "orders", "learning", "rewards", "rules", "teaching", "payouts", "application"}


def test_what_does_not_concern_him_any_more_keeps_its_choice(tea):
    with transaction():
        notices.prefer(tea, {"sale decided"})
    tea.role, tea.teacher_since = "student", None
    with transaction():
        notices.prefer(tea, {"order refunded", "sale waiting"})
    never_hers = {kind for kind, facts in kinds.KINDS.items() if facts.group == "desk"}
    chosen = {kind for _, kind in queries.mailed([tea.id]) if not kinds.of(kind).is_fixed} - never_hers
    assert chosen == {"sale decided", "order refunded"}
