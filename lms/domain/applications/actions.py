"""A student applies to teach, an admin decides. One open application a member."""

import re
from collections.abc import Collection, Sequence

from sqlalchemy import select

from lms import clock
from lms.db import db
from lms.domain.accounts import membership
from lms.domain.accounts.models import User
from lms.domain.applications.models import OPEN, Application, Decision, Document
from lms.domain.audit import log
from lms.domain.files import actions as files
from lms.domain.files.contents import Content
from lms.domain.notices import actions as notices
from lms.errors import DomainError, Invalid, NotFound

MOST_DOCUMENTS = 3
LONGEST = {"subject": 120, "experience": 4000, "link": 300, "reason": 2000}
_LINK = re.compile(r"https?://[^\s/$.?#][^\s]*", re.IGNORECASE)


def apply(user: User, subject: str, experience: str, link: str = "", documents: Sequence[tuple[str, Content]] = ()) -> Application:
    """The student's Application, waiting. `documents`: [(place, Content)] that are in the store already."""
    _lock(user)
    check_may_apply(user)
    if db.session.scalar(select(Application.id).where(Application.user_id == user.id, Application.state.in_(OPEN))):
        raise DomainError("You have applied already. You can change your application or take it back.")
    application = Application(user_id=user.id, sent_at=clock.now(), **_facts(subject, experience, link))
    db.session.add(application)
    db.session.flush()
    _attach(application, documents)
    return application


def change(
    application: Application,
    subject: str,
    experience: str,
    link: str = "",
    documents: Sequence[tuple[str, Content]] = (),
    removed: Collection[int] = (),
) -> list[str]:
    """Send it again with other words, more documents, and without those whose file ids are `removed`. Answers the places to be emptied after the commit."""
    _lock_open(application)
    places = _detach(application, removed)
    for name, value in _facts(subject, experience, link).items():
        setattr(application, name, value)
    application.state, application.reason, application.sent_at = "waiting", "", clock.now()
    application.edition += 1
    _attach(application, documents)
    return places


def take_back(application: Application) -> list[str]:
    """Its member does not want it any more. Its documents are not kept: answers the places to be emptied after the commit."""
    _lock_open(application)
    places = _detach(application, [document.file_id for document in application.documents])
    application.state, application.ended_at = "taken back", clock.now()
    db.session.flush()
    return places


def approve(application: Application, by: User, edition: int | str) -> None:
    """Its member is a teacher from now on, unless he is more already. `edition` is the one the admin has read."""
    _decide(application, by, edition, is_approved=True)
    membership.set_role(application.user, "teacher", by, only_from="student")
    application.state, application.ended_at = "approved", clock.now()
    db.session.flush()
    notices.tell(application.user_id, "application approved", _subject(application), application=application.id)


def give_back(application: Application, by: User, edition: int | str, reason: str) -> None:
    """Return it with what is missing, in words; its member may change it and send it again."""
    check_text("reason", reason)
    _decide(application, by, edition, is_approved=False, reason=reason)
    application.state, application.reason = "returned", reason
    db.session.flush()
    notices.tell(application.user_id, "application returned", _subject(application), application=application.id, why=reason)


def check_may_apply(user: User) -> None:
    """Raises DomainError for who is no student, has not confirmed his address, or is suspended."""
    if not user.is_student:
        raise DomainError("Only students apply to become teachers.")
    if not user.is_verified:
        raise DomainError("Confirm your address first: we write to you about your application.")
    if not user.is_active:
        raise DomainError("A suspended member cannot apply.")


def check_text(name: str, text: str) -> None:
    """Raises Invalid for one that is empty or longer than LONGEST says."""
    if not 1 <= len(text) <= LONGEST[name]:
        raise Invalid("This takes 1 to %(count)d characters.", count=LONGEST[name])


def check_link(link: str) -> None:
    """Raises Invalid for what is not an address of the web; an empty one is none."""
    if link and (len(link) > LONGEST["link"] or not _LINK.fullmatch(link)):
        raise Invalid("A link begins with https:// and has at most %(count)d characters.", count=LONGEST["link"])


def check_count(count: int) -> None:
    if count > MOST_DOCUMENTS:
        raise Invalid("An application has at most %(count)d documents.", count=MOST_DOCUMENTS)


def _facts(subject: str, experience: str, link: str) -> dict[str, str]:
    check_text("subject", subject)
    check_text("experience", experience)
    check_link(link)
    return dict(subject=subject, experience=experience, link=link)


def _attach(application: Application, documents: Sequence[tuple[str, Content]]) -> None:
    """Files of the applicant's own; together with what is there no more than MOST_DOCUMENTS."""
    check_count(len(application.documents) + len(documents))
    for place, content in documents:
        file = files.keep(application.user_id, place, content)
        db.session.add(Document(file_id=file.id, application_id=application.id))
    db.session.flush()
    db.session.expire(application, ["documents"])


def _detach(application: Application, file_ids: Collection[int]) -> list[str]:
    gone = [document for document in application.documents if document.file_id in file_ids]
    for document in gone:
        db.session.delete(document)
    db.session.flush()
    places = [files.forget(document.file) for document in gone]
    db.session.expire(application, ["documents"])
    return places


def _decide(application: Application, by: User, edition: int | str, is_approved: bool, reason: str = "") -> None:
    _refresh(application)
    if not by.is_admin or by.id == application.user_id:
        raise DomainError("Only another admin may decide on this application.")
    if application.state != "waiting":
        raise DomainError("This application does not wait for a decision any more.")
    if str(application.edition) != str(edition):
        raise DomainError("The application was changed meanwhile. Read it again, then decide.")
    row = dict(by_id=by.id, edition=application.edition, is_approved=is_approved, reason=reason, at=clock.now())
    db.session.add(Decision(application_id=application.id, **row))
    facts = dict(member=application.user_id, edition=application.edition) | ({} if is_approved else {"reason": reason})
    log.record("application approved" if is_approved else "application returned", f"application {application.id}", by, **facts)
    db.session.flush()


def _lock_open(application: Application) -> None:
    _refresh(application)
    if not application.is_open:
        raise NotFound("You have no open application.")


def _refresh(application: Application) -> None:
    """As it is now, locked first: reading it may join what cannot be locked with it."""
    db.session.execute(select(Application.id).where(Application.id == application.id).with_for_update(key_share=True))
    db.session.refresh(application)
    db.session.expire(application, ["documents", "decisions"])


def _lock(user: User) -> None:
    """One application at a time for a member: two windows do not both find none."""
    db.session.refresh(user, ["role", "verified_at", "suspended_at"], with_for_update={"key_share": True})


def _subject(application: Application) -> str:
    return f"application:{application.id}:{application.edition}"
