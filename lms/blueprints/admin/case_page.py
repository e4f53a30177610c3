"""The page of a case: a withdrawal with everything there is to know before one decides."""

from flask_login import current_user

from lms import live_fragments, presence
from lms.blueprints.admin import queue_place
from lms.blueprints.admin.forms import HoldForm, RejectForm
from lms.blueprints.fields import sentence
from lms.domain.accounts import queries as members
from lms.domain.desk import cases, decisions, history, linked_accounts, provenance, risk_flags, risk_signals
from lms.domain.rulebook import queries as rulebook
from lms.domain.withdrawals import actions, queries
from lms.queue import enqueue
from lms.ui import render


def page(withdrawal, is_outdated=False, **forms):
    """Rendered for the admin who asks; `is_outdated`: that he was shown something else kept his approval from being given; `forms` are those that lack something."""
    signs, ties = cases.signs(withdrawal, current_user), linked_accounts.ties(withdrawal)
    facts = dict(signs=signs, names=cases.members_of(signs), linked=linked_accounts.accounts(ties, but=current_user.id))
    facts |= dict(is_party=decisions.is_party(withdrawal, current_user, ties), is_outdated=is_outdated)
    facts |= dict(before=queries.last_of(withdrawal.user_id, but=withdrawal.id), days=rulebook.in_force().review_days, provenance=provenance.of(withdrawal))
    facts |= dict(neighbours=cases.neighbours(withdrawal, **queue_place.wanted(), by=current_user), carried=queue_place.carried(), back=queue_place.back(), company=company(withdrawal)) | live_fragments.simulated(withdrawal)
    facts |= dict(history=history.of(withdrawal), reader=current_user, heavy=risk_flags.HEAVY, looks_back=risk_signals.LOOKS_BACK.days)
    obstacle = actions.obstacle(withdrawal, current_user)
    facts |= dict(obstacle=obstacle and sentence(obstacle))
    said = dict(reason=withdrawal.hold_reason, note=withdrawal.hold_note)  # what is changed begins with what stands there
    empty = dict(rejection=RejectForm(formdata=None, prefix="reject"), holding=HoldForm(formdata=None, prefix="hold", data=said))
    return render("admin/case.html", withdrawal=withdrawal, **facts, **empty | forms)


def leave(withdrawal):
    """Who decided goes on to the queue: the others who have the case open read that he is there no more."""
    place = f"case:{withdrawal.id}"
    presence.leave(place, current_user.id)
    if others := presence.others(place, current_user.id):
        enqueue("announce.company", withdrawal.id, others)


def company(withdrawal):
    """The names of the other admins who have the case open; they hear of one who has just come."""
    others, has_come = presence.come(f"case:{withdrawal.id}", current_user.id)
    if others and has_come:
        enqueue("announce.company", withdrawal.id, others)
    return sorted(members.names(others).values()) if others else []
