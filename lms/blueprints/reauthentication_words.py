"""What is about to be done, in a sentence, for who is asked for his password before it is."""

from flask import request
from flask_babel import gettext, ngettext

from lms.domain.accounts import queries as accounts
from lms.domain.applications import queries as applications
from lms.domain.checkout import refund_queries, refunds_by_hand
from lms.domain.courses import queries as courses
from lms.domain.withdrawals import bank_file_queries, payout_queries
from lms.domain.withdrawals import queries as withdrawals
from lms.ui import euros, teo
from lms.ui.movement_words import N_

# By the endpoint that does it. Of the names in a sentence those of the address stand for themselves; _FACTS finds the others.
SENTENCES = {
    "admin.payouts.approve": N_("Approve withdrawal %(withdrawal_id)s of %(teo)s TEO."),
    "admin.payouts.approve_batch": N_("Approve %(withdrawals)s together."),
    "admin.payouts.reject": N_("Reject withdrawal %(withdrawal_id)s of %(teo)s TEO."),
    "admin.payouts.hold": N_("Put withdrawal %(withdrawal_id)s of %(teo)s TEO on hold."),
    "admin.payouts.let_go_on": N_("Let withdrawal %(withdrawal_id)s of %(teo)s TEO go on."),
    "admin.payouts.stop": N_("Stop all payouts."),
    "admin.payouts.start": N_("Let all payouts go on."),
    "admin.bank_payouts.approve": N_("Approve payout %(payout_id)s of %(payout)s."),
    "admin.bank_payouts.reject": N_("Reject payout %(payout_id)s of %(payout)s."),
    "admin.bank_payouts.mark_paid": N_("Mark payout %(payout_id)s of %(payout)s as paid."),
    "admin.bank_payouts.mark_returned": N_("Mark payout %(payout_id)s of %(payout)s as returned by the bank."),
    "admin.bank_files.create": N_("Export a bank file of all that is approved."),
    "admin.bank_files.save": N_("Save bank file %(bank_file_id)s, of %(bank_file)s."),
    "admin.bank_files.mark_paid": N_("Mark all that bank file %(bank_file_id)s still has to pay as paid."),
    "admin.bank_files.mark_returned": N_("Mark all that bank file %(bank_file_id)s still has to pay as returned by the bank."),
    "admin.by_hand.bear": N_("Let the platform bear a refund of %(by_hand)s."),
    "admin.by_hand.reverse": N_("Take back the sale of which %(by_hand)s went back by hand."),
    "admin.orders.refund": N_("Refund order %(order_id)s of %(order)s."),
    "admin.return_payment": N_("Send back the payment of incident %(incident_id)s."),
    "admin.close_incident": N_("Close incident %(incident_id)s."),
    "admin.members.set_role": N_("Change the role of %(member)s to %(role)s."),
    "admin.members.suspend": N_("Suspend %(member)s."),
    "admin.members.let_in": N_("Let %(member)s in again."),
    "admin.members.end_sign_ins": N_("End all sign-ins of %(member)s."),
    "admin.enrolments.create": N_("Enrol members by a list."),
    "admin.approve": N_("Publish the course “%(course)s”."),
    "admin.give_back": N_("Return the course “%(course)s” to its teacher."),
    "admin.applications.approve": N_("Make %(applicant)s a teacher."),
    "admin.applications.give_back": N_("Return the application of %(applicant)s."),
    "admin.rulebook.propose": N_("Propose draft %(draft_id)s of the rulebook."),
    "admin.rulebook.publish": N_("Publish draft %(draft_id)s of the rulebook."),
    "admin.rulebook.withdraw": N_("Withdraw draft %(draft_id)s of the rulebook."),
    "admin.failures.retry_job": N_("Let a failed job run again."),
    "admin.failures.drop_job": N_("Drop a failed job."),
    "admin.failures.retry_mail": N_("Send failed mail %(mail_id)s again."),
    "admin.failures.drop_mail": N_("Drop failed mail %(mail_id)s."),
    "accounts.end_session": N_("End one of your sign-ins."),
    "accounts.end_other_sessions": N_("End all your other sign-ins."),
    "exercises.grade": N_("Grade work %(submission_id)s."),
}
_ROLES = {"student": N_("Student"), "teacher": N_("Teacher"), "admin": N_("Admin")}


def about_to():
    """The sentence for what this request asks for; a fixed number of statements."""
    return gettext(SENTENCES[request.endpoint]) % _Facts(request.view_args)


class _Facts(dict):
    """What is not there any more is a gap: the view will say so."""

    def __missing__(self, name):
        return _FACTS[name](self) or "…"


def _amount(found, say=euros):
    return found and say(found.amount)


def _total(found):
    return found and euros(found.total)


def _title(course):
    return course and course.title


def _applicant(application):
    return application and application.user.name


def _withdrawals():
    count = len(set(request.form.getlist("chosen")))
    return ngettext("%(num)d withdrawal", "%(num)d withdrawals", count)


def _role():
    role = request.form.get("role", "")
    return role in _ROLES and gettext(_ROLES[role])


_FACTS = {
    "teo": lambda sent: _amount(withdrawals.withdrawal(sent["withdrawal_id"]), teo),
    "withdrawals": lambda sent: _withdrawals(),
    "payout": lambda sent: _amount(payout_queries.payout(sent["payout_id"])),
    "bank_file": lambda sent: _total(bank_file_queries.bank_file(sent["bank_file_id"])),
    "by_hand": lambda sent: _amount(refunds_by_hand.row(sent["row_id"])),
    "order": lambda sent: _total(refund_queries.order(sent["order_id"])),
    "member": lambda sent: accounts.names([sent["user_id"]]).get(sent["user_id"]),
    "role": lambda sent: _role(),
    "course": lambda sent: _title(courses.by_slug(sent["slug"])),
    "applicant": lambda sent: _applicant(applications.application(sent["application_id"])),
}
