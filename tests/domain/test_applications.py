"""A student applies to teach, once; an admin decides on what he has read."""

import pytest
from sqlalchemy import update

from lms.db import db, transaction
from lms.domain.accounts import membership
from lms.domain.accounts.models import User
from lms.domain.applications import actions, queries
from lms.domain.applications.models import Application, Decision
from lms.domain.files import actions as files
from lms.domain.files.contents import examine
from lms.domain.files.models import File
from lms.domain.notices.models import Notice
from lms.errors import DomainError, Invalid, NotFound
from tests.papers import PDF
from tests.races import race

WORDS = dict(subject="Knots", experience="Twenty years at sea.")


def documents(count):
    return [(files.new_place(), examine(f"paper{number}.pdf", PDF)) for number in range(count)]


def apply(user, **words):
    with transaction():
        return actions.apply(user, **WORDS | words)


def approve(application, by, edition=1):
    with transaction():
        actions.approve(application, by, edition)


def give_back(application, by, edition=1, reason="Which ships?"):
    with transaction():
        actions.give_back(application, by, edition, reason)


def told(user):
    return [(notice.kind, notice.facts) for notice in db.session.query(Notice).filter_by(user_id=user.id).order_by(Notice.id)]


def test_who_is_approved_is_a_teacher_from_then_on_and_told(ana, ada):
    application = apply(ana, link="https://example.org/knots", documents=documents(3))
    assert application.state == "waiting" and [document.file.name for document in application.documents] == ["paper0.pdf", "paper1.pdf", "paper2.pdf"]
    approve(application, ada)
    assert ana.is_teacher and ana.teacher_since is not None and application.state == "approved"
    assert told(ana) == [("application approved", {"application": application.id})]


def test_what_was_decided_by_whom_and_when_is_kept(ana, ada):
    application = apply(ana)
    give_back(application, ada)
    with transaction():
        actions.change(application, **WORDS | {"experience": "On the Vespucci."})
    approve(application, ada, edition=2)
    found = [(row.by_id, row.edition, row.is_approved, row.reason) for row in application.decisions]
    assert found == [(ada.id, 1, False, "Which ships?"), (ada.id, 2, True, "")]
    assert all(row.at is not None for row in application.decisions)


def test_one_returned_says_why_and_waits_again_when_it_is_sent_again(ana, ada):
    application = apply(ana)
    give_back(application, ada)
    assert (application.state, application.reason, ana.role) == ("returned", "Which ships?", "student")
    with transaction():
        actions.change(application, **WORDS)
    assert (application.state, application.reason, application.edition) == ("waiting", "", 2)
    give_back(application, ada, edition=2, reason="Still: which?")
    assert [(kind, facts["why"]) for kind, facts in told(ana)] == [("application returned", "Which ships?"), ("application returned", "Still: which?")]


def test_what_was_changed_meanwhile_is_read_again_first(ana, ada):
    application = apply(ana)
    with transaction():
        actions.change(application, **WORDS | {"subject": "Poisons"})
    for decide in (approve, give_back):
        with pytest.raises(DomainError, match="changed meanwhile"):
            decide(application, ada, edition=1)
    assert ana.role == "student" and db.session.query(Decision).count() == 0


def test_nobody_but_another_admin_decides(ana, tea, bruno, ada):
    application = apply(ana)
    for by in (ana, tea, bruno):
        with pytest.raises(DomainError, match="Only another admin"):
            approve(application, by)
    with transaction():
        ana.role = "admin"
    with pytest.raises(DomainError, match="Only another admin"):
        approve(application, ana)
    assert application.state == "waiting"


def test_one_that_is_decided_is_not_decided_again(ana, ada, member):
    application, olga = apply(ana), member("olga", role="admin")
    approve(application, ada)
    for decide in (approve, give_back):
        with pytest.raises(DomainError, match="does not wait"):
            decide(application, olga)


def test_who_was_made_an_admin_meanwhile_stays_one(ana, ada):
    application = apply(ana)
    assert application.user.is_student
    with db.engine.begin() as connection:  # another admin, whom this one has not seen do it
        connection.execute(update(User).where(User.id == ana.id).values(role="admin"))
    approve(application, ada)
    assert (ana.role, application.state) == ("admin", "approved")


def test_one_taken_back_is_over_and_leaves_no_documents(ana, ada):
    application = apply(ana, documents=documents(2))
    with transaction():
        places = actions.take_back(application)
    assert len(places) == 2 and db.session.query(File).count() == 0
    with pytest.raises(DomainError, match="does not wait"):
        approve(application, ada)
    with pytest.raises(NotFound):
        actions.take_back(application)
    assert apply(ana).id != application.id


def test_documents_come_and_go_up_to_three(ana):
    application = apply(ana, documents=documents(3))
    first = application.documents[0].file
    with pytest.raises(Invalid, match="at most 3 documents"), transaction():
        actions.change(application, **WORDS, documents=documents(1))
    with transaction():
        assert actions.change(application, **WORDS, documents=documents(1), removed=[first.id]) == [first.place]
    assert len(application.documents) == 3 and queries.document(application, first.id) is None


def test_somebody_elses_file_is_not_removed(ana, bruno):
    mine, his = apply(ana, documents=documents(1)), apply(bruno, documents=documents(1))
    with transaction():
        assert actions.change(mine, **WORDS, removed=[his.documents[0].file_id]) == []
    assert db.session.query(File).count() == 2


@pytest.mark.parametrize(
    "words",
    [
        dict(subject=""),
        dict(subject="x" * 121),
        dict(experience=""),
        dict(experience="x" * 4001),
        dict(link="javascript:alert(1)"),
        dict(link="https://"),
        dict(link="https://example.org/a b"),
        dict(link="https://example.org/" + "x" * 300),
    ],
)
def test_words_that_cannot_be_kept_are_refused(ana, words):
    with pytest.raises(Invalid):
        apply(ana, **words)


def test_only_verified_students_who_are_let_in_apply(member, tea, ada, ana):
    with transaction():
        membership.suspend(ana, ada, "We look into it.")
    for user, why in ((tea, "Only students"), (ada, "Only students"), (member("ugo", verified=False), "Confirm your address"), (ana, "suspended")):
        with pytest.raises(DomainError, match=why):
            apply(user)


def test_twenty_at_once_make_one(app, ana):
    ana_id = ana.id
    raised = race(app, [lambda: actions.apply(db.session.get(User, ana_id), **WORDS)] * 20)
    assert db.session.query(Application).count() == 1
    assert len(raised) == 19 and all("applied already" in str(error) for error in raised)


def test_taken_back_against_approved_ends_one_way(app, ana, ada):
    application_id, ada_id = apply(ana).id, ada.id

    def one():
        return db.session.get(Application, application_id)

    raised = race(app, [lambda: actions.take_back(one()), lambda: actions.approve(one(), db.session.get(User, ada_id), 1)] * 10)
    assert len(raised) == 19
    assert (one().state, db.session.get(User, ana.id).role) in (("taken back", "student"), ("approved", "teacher"))
