"""Drafts of the rulebook: begun, changed and proposed by one admin, published by another."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import select

from lms import clock
from lms.db import db
from lms.domain.accounts import membership
from lms.domain.accounts import queries as accounts
from lms.domain.accounts.models import User
from lms.domain.audit import log
from lms.domain.governance.models import RulebookDraft
from lms.domain.notices import actions as notices
from lms.domain.rulebook import actions as rulebook
from lms.domain.rulebook import changes, checks
from lms.domain.rulebook import queries as versions
from lms.domain.rulebook.models import RulebookVersion
from lms.domain.rulebook.rules import Rules
from lms.domain.withdrawals import four_eyes
from lms.errors import DomainError, Invalid

SHORTEST_NOTICE, LONGEST_NOTICE = rulebook.NOTICE.days, 365  # days


def begin(author: User) -> RulebookDraft:
    """A draft that says what the newest version says: the one in force, or the one announced after it, which will be when the draft is."""
    newest, now = versions.newest(), clock.now()
    facts = dict(rules=newest.rules, notice_days=SHORTEST_NOTICE, based_on=newest.number, begun_at=now, changed_at=now)
    draft = RulebookDraft(author=author, state="draft", **facts)
    db.session.add(draft)
    db.session.flush()
    log.record("rulebook draft begun", _subject(draft), author, version=newest.number)
    return draft


def change(draft: RulebookDraft, by: User, rules: Rules, notice_days: int) -> None:
    """Its author writes these Rules into it, and how long it is announced before it holds. A proposal is one no more.

    Raises Invalid when `checks` refuses them."""
    take(draft)
    _check_author(draft, by)
    if type(notice_days) is not int or not SHORTEST_NOTICE <= notice_days <= LONGEST_NOTICE:
        raise Invalid("A version is announced from %(least)d to %(most)d days before it holds.", least=SHORTEST_NOTICE, most=LONGEST_NOTICE)
    if _write(draft, rules, notice_days):
        log.record("rulebook draft changed", _subject(draft), by, digest=draft.digest)


def carry_over(draft: RulebookDraft, by: User) -> None:
    """What it changes is changed in the version that was announced since it was begun."""
    take(draft)
    _check_author(draft, by)
    base, newest = versions.version(draft.based_on), versions.newest()
    own = {name: getattr(draft.numbers, name) for name in changes.changed(base, draft.numbers)}
    draft.based_on = newest.number
    _write(draft, replace(newest.numbers, **own), draft.notice_days)
    log.record("rulebook draft carried over", _subject(draft), by, version=newest.number, digest=draft.digest)


def _write(draft: RulebookDraft, rules: Rules, notice_days: int) -> bool:
    """Whether it differs from what stood there."""
    checks.check(rules)
    before = draft.digest
    draft.rules, draft.notice_days = versions.as_row(replace(rules, number=draft.based_on)), notice_days
    if draft.digest != before:
        draft.changed_at = clock.now()
        _unpropose(draft)
    db.session.flush()
    return draft.digest != before


def _unpropose(draft: RulebookDraft) -> None:
    draft.state, draft.proposed_at, draft.proposed_digest = "draft", None, None


def propose(draft: RulebookDraft, by: User) -> None:
    """Its author puts it before the other admins, who are told."""
    take(draft)
    _check_author(draft, by)
    _check_newest(draft)
    if not changes.changed(versions.version(draft.based_on), draft.numbers):
        raise Invalid("Nothing differs from version %(number)d.", number=draft.based_on)
    draft.state, draft.proposed_at, draft.proposed_digest = "proposed", clock.now(), draft.digest
    log.record("rulebook proposed", _subject(draft), by, digest=draft.digest)
    notices.tell_these(accounts.deciders({by.id}, draft.begun_at), "draft proposed", f"{_subject(draft)}:{draft.digest}", draft=draft.id)


def take_back_proposals(admin: User, by: User) -> None:
    """What he proposed is a draft again, a thief may have done it: let in again he reads it and proposes it anew."""
    proposed = select(RulebookDraft).where(RulebookDraft.author_id == admin.id, RulebookDraft.state == "proposed").order_by(RulebookDraft.id)
    found = db.session.scalars(proposed.with_for_update(key_share=True).execution_options(populate_existing=True)).all()
    for draft in found:
        _unpropose(draft)
        log.record("rulebook proposal voided", _subject(draft), by, author=admin.id)
    db.session.flush()


def withdraw(draft: RulebookDraft, by: User) -> None:
    """It is over; any admin may say so, as its author may be one no more."""
    take(draft)
    draft.state, draft.ended_at = "withdrawn", clock.now()
    log.record("rulebook draft withdrawn", _subject(draft), by)


def publish(draft: RulebookDraft, by: User, digest: str) -> RulebookVersion:
    """Another admin announces what he has read (its `digest`) as the next version. Answers the RulebookVersion.

    It holds from the first midnight UTC that is `notice_days` away."""
    is_admin = membership.keeps_word(by)
    take(draft)
    if draft.author_id == by.id:
        raise DomainError("This is your own draft. Another admin publishes it.")
    if not is_admin or not accounts.decides(draft.author):
        raise DomainError("Who proposed this draft is no admin any more. Another admin has to begin one of his own.")
    if not by.may_decide_on(draft.begun_at):
        raise DomainError("You were made an admin after this draft was begun. Who was one before publishes it.")
    four_eyes.check(by, {draft.author_id})
    if not draft.is_proposed or draft.digest != digest:
        raise DomainError("This is not what is proposed by now: the draft was changed. Read it again.")
    _check_newest(draft)
    version = rulebook.announce(draft.numbers, begins(draft), by, draft=draft.id, author=draft.author_id, digest=digest)
    draft.state, draft.ended_at, draft.published_by_id, draft.version = "published", clock.now(), by.id, version.number
    db.session.flush()
    return version


def begins(draft: RulebookDraft) -> datetime:
    """From when it would hold, published now."""
    day = (clock.now() + timedelta(days=draft.notice_days)).astimezone(UTC).date()
    return datetime.combine(day + timedelta(days=1), time.min, UTC)


def is_outdated(draft: RulebookDraft) -> bool:
    """Whether a version was announced since it was begun, which it does not know of."""
    return draft.is_open and versions.newest().number != draft.based_on


def take(draft: RulebookDraft) -> None:
    """As it is now, locked: who changes it and who publishes it come one after the other. Locked first, as it may be read with those it names."""
    db.session.execute(select(RulebookDraft.id).where(RulebookDraft.id == draft.id).with_for_update(key_share=True))
    db.session.refresh(draft)
    if not draft.is_open:
        raise DomainError("This draft is published or withdrawn. Begin another.")


def _check_author(draft: RulebookDraft, by: User) -> None:
    if draft.author_id != by.id:
        raise DomainError("This draft is another admin's: he changes and proposes it.")


def _check_newest(draft: RulebookDraft) -> None:
    if is_outdated(draft):
        raise DomainError("Version %(number)d was announced since this draft was begun. Its author carries the draft over to it first.", number=versions.newest().number)


def _subject(draft: RulebookDraft) -> str:
    return f"rulebook-draft {draft.id}"
