"""Applications found."""

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload, selectinload

from lms.db import Page, db, page_of
from lms.domain.applications.models import Application, Decision, Document
from lms.domain.files.models import File


def newest_of(user_id: int) -> Application | None:
    """The member's last Application with its documents, or None."""
    rows = select(Application).where(Application.user_id == user_id).order_by(Application.id.desc()).limit(1)
    return db.session.scalar(rows.options(*_WHOLE))


def application(application_id: int) -> Application | None:
    """With its documents and decisions, or None."""
    return db.session.scalar(select(Application).where(Application.id == application_id).options(*_WHOLE))


def document(application: Application, file_id: int) -> File | None:
    """The File of one of its documents, or None."""
    return next((document.file for document in application.documents if document.file_id == file_id), None)


def waiting(number: int = 1) -> Page[Application]:
    """One page of those that wait for a decision, oldest first; a fixed number of statements."""
    return page_of(_listed().where(Application.state == "waiting").order_by(Application.sent_at, Application.id), number)


def decided(number: int = 1) -> Page[Application]:
    """One page of all others, newest first; a fixed number of statements."""
    return page_of(_listed().where(Application.state != "waiting").order_by(Application.id.desc()), number)


def waiting_count() -> int:
    return db.session.scalars(select(func.count()).where(Application.state == "waiting")).one()


def _listed() -> Select[Application]:
    return select(Application).options(joinedload(Application.user), selectinload(Application.decisions).joinedload(Decision.by))


_WHOLE = (
    joinedload(Application.user),
    selectinload(Application.documents).joinedload(Document.file),
    selectinload(Application.decisions).joinedload(Decision.by),
)
