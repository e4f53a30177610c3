"""What a row of the audit log says. `%(teo)s` and `%(euros)s` are its amount; the other names are facts."""

from datetime import datetime
from typing import NamedTuple

from flask import url_for

from lms.ui.money import euros, teo
from lms.ui.movement_words import N_
from lms.ui.times import written
from lms.ui.words import gettext


class Said(NamedTuple):
    icon: str
    tone: str
    title: str
    sentence: str


ACTIONS = {
    "withdrawal approved": ("circle-check", "teal", N_("Withdrawal approved"), N_("%(teo)s TEO to %(to)s, %(approvals)s of %(needed)s admins")),
    "withdrawal rejected": ("circle-x", "red", N_("Withdrawal rejected"), N_("%(teo)s TEO to %(to)s: %(reason)s")),
    "withdrawal held": ("hand-stop", "gold", N_("Withdrawal on hold"), N_("%(teo)s TEO to %(to)s: %(reason)s")),
    "withdrawal let go on": ("player-play", "teal", N_("Withdrawal let go on"), N_("%(teo)s TEO to %(to)s")),
    "withdrawal back in review": ("arrow-back-up", "gold", N_("Withdrawal back in review"), N_("%(teo)s TEO to %(to)s")),
    "withdrawal made": ("send", "gold", N_("Withdrawal made by an operator"), N_("%(teo)s TEO to %(to)s")),
    "operation dropped": ("ban", "red", N_("Operation dropped by an operator"), N_("%(kind)s")),
    "operation sent again": ("send", "gold", N_("Operation sent again by an operator"), ""),
    "chain recovered": ("link", "gold", N_("Taken over from the chain"), N_("%(taken)s operations, %(lost)s lost numbers")),
    "contract placed": ("link", "gold", N_("Contract placed"), N_("%(address)s")),
    "signer made": ("key", "gold", N_("Signer made"), ""),
    "signer retired": ("key", "red", N_("Signer retired"), ""),
    "signer reinstated": ("key", "teal", N_("Signer signs again"), ""),
    "signer adopted": ("key", "gold", N_("Foreign transactions of a signer taken for known"), N_("from %(before)s to %(mined)s")),
    "signer rights asked": ("shield-check", "gold", N_("Rights of a signer asked for"), N_("%(verb)s")),
    "key replaced": ("key", "red", N_("Key replaced"), N_("%(before)s by %(after)s")),
    "keys rewrapped": ("key", "gold", N_("Keys wrapped anew"), N_("by version %(version)s")),
    "theft booked": ("receipt-refund", "red", N_("Theft booked"), N_("%(teo)s TEO: %(reason)s")),
    "tokens given": ("sparkles", "gold", N_("TEO given for trying out"), N_("%(teo)s TEO")),
    "certificate made": ("certificate", "teal", N_("Certificate made by an operator"), N_("“%(title)s”")),
    "payout approved": ("circle-check", "teal", N_("Payout approved"), N_("%(euros)s")),
    "payout rejected": ("circle-x", "red", N_("Payout rejected"), N_("%(euros)s: %(reason)s")),
    "payout paid": ("building-bank", "teal", N_("Payout marked as paid"), N_("%(euros)s, %(reference)s")),
    "payout returned": ("arrow-back-up", "red", N_("Payout returned by the bank"), N_("%(euros)s: %(reason)s")),
    "bank file exported": ("file-export", "gold", N_("Bank file exported"), N_("%(euros)s in %(count)s payouts, %(message_id)s")),
    "bank file saved": ("download", "grey", N_("Bank file saved"), N_("%(message_id)s")),
    "application approved": ("user-check", "teal", N_("Application approved"), ""),
    "application returned": ("arrow-back-up", "grey", N_("Application returned"), N_("%(reason)s")),
    "course approved": ("book-2", "teal", N_("Course published"), N_("“%(title)s”")),
    "course returned": ("arrow-back-up", "grey", N_("Course returned"), N_("“%(title)s”: %(comment)s")),
    "work graded": ("writing", "gold", N_("Work graded by an admin"), N_("%(score)s points")),
    "role changed": ("shield-check", "gold", N_("Role changed"), N_("from %(before)s to %(after)s")),
    "member suspended": ("ban", "red", N_("Member suspended"), N_("%(note)s")),
    "member let in": ("user-check", "teal", N_("Member let in again"), ""),
    "approvals voided": ("arrow-back-up", "red", N_("Approvals of an admin count no more"), ""),
    "approvals overtaken": ("arrow-back-up", "red", N_("Approvals count no more"), ""),
    "sign-ins ended": ("logout", "red", N_("Member logged out everywhere"), ""),
    "members enrolled": ("users-plus", "gold", N_("Members enrolled by a list"), N_("“%(title)s”: %(count)s, file %(sha256)s")),
    "incident closed": ("circle-check", "grey", N_("Incident closed"), N_("%(kind)s, %(about)s: %(note)s")),
    "part stopped": ("player-pause", "red", N_("Part stopped"), N_("%(reason)s")),
    "part started": ("player-play", "teal", N_("Part started again"), ""),
    "order refunded": ("receipt-refund", "red", N_("Order refunded"), N_("%(euros)s: %(reason)s")),
    "refund borne": ("receipt-refund", "gold", N_("Refund borne by the platform"), N_("%(euros)s")),
    "sale taken back": ("receipt-refund", "red", N_("Sale taken back"), N_("%(euros)s")),
    "payment returned": ("arrow-back-up", "gold", N_("Payment sent back"), N_("%(euros)s")),
    "rulebook announced": ("scale", "gold", N_("Rulebook announced"), N_("from %(begins)s on")),
    "mail tried again": ("mail-forward", "gold", N_("Mail tried again"), N_("%(kind)s, to member %(member)s")),
    "mail dropped": ("mail-off", "red", N_("Mail dropped"), N_("%(kind)s, to member %(member)s")),
    "job tried again": ("refresh", "gold", N_("Job tried again"), N_("%(error)s")),
    "job dropped": ("trash", "red", N_("Job dropped"), N_("%(error)s")),
    "rulebook draft begun": ("edit", "grey", N_("Draft of the rulebook begun"), N_("from version %(version)s")),
    "rulebook draft changed": ("edit", "grey", N_("Draft of the rulebook changed"), ""),
    "rulebook draft carried over": ("edit", "grey", N_("Draft of the rulebook carried over"), N_("to version %(version)s")),
    "rulebook proposed": ("scale", "gold", N_("Draft of the rulebook proposed"), ""),
    "rulebook proposal voided": ("arrow-back-up", "red", N_("Proposal of an admin counts no more"), ""),
    "rulebook draft withdrawn": ("x", "grey", N_("Draft of the rulebook withdrawn"), ""),
    "backtest exported": ("download", "grey", N_("Backtest exported"), N_("backtest %(backtest)s")),
    "log exported": ("download", "grey", N_("Audit log exported"), N_("%(rows)s rows")),
}

_SUBJECTS = {
    "withdrawal": N_("withdrawal %(number)s"),
    "payout": N_("payout %(number)s"),
    "bank-file": N_("bank file %(number)s"),
    "application": N_("application %(number)s"),
    "course": N_("course %(number)s"),
    "member": N_("member %(number)s"),
    "work": N_("work %(number)s"),
    "incident": N_("incident %(number)s"),
    "operation": N_("operation %(number)s"),
    "signer": N_("signer %(number)s"),
    "contract": N_("contract %(number)s"),
    "part": N_("%(number)s"),
    "payment": N_("payment %(number)s"),
    "order": N_("order %(number)s"),
    "rulebook": N_("version %(number)s"),
    "mail": N_("mail %(number)s"),
    "job": N_("job %(number)s"),
    "rulebook-draft": N_("draft %(number)s"),
}

_PAGES = {  # kind of subject: (endpoint, name of the number in it)
    "withdrawal": ("admin.payouts.show", "withdrawal_id"),
    "payout": ("admin.bank_payouts.show", "payout_id"),
    "bank-file": ("admin.bank_files.show", "bank_file_id"),
    "application": ("admin.applications.show", "application_id"),
    "member": ("admin.members.show", "user_id"),
    "order": ("admin.orders.show", "order_id"),
    "operation": ("operations.show", "operation_id"),
    "rulebook-draft": ("admin.rulebook.show", "draft_id"),
}


def logged(entry, reader):
    """The Said of a LogEntry, as this admin reads it: see details_for. One of an action we do not know says its word, and a fact that is missing is a gap: neither fails."""
    icon, tone, title, sentence = ACTIONS.get(entry.action, ("clock", "grey", entry.action.capitalize(), ""))
    facts = gettext(sentence) % _Facts(details_for(entry, reader)) if sentence else ""
    return Said(icon, tone, gettext(title), " · ".join(part for part in (subject(entry.subject), facts) if part))


def details_for(entry, reader):
    """What a row holds, as this admin reads it: in the place of a note about himself, which is for the others, stands a gap."""
    is_about_him = entry.details.get("member") == reader.id
    return {name: "…" if name == "note" and is_about_him else value for name, value in entry.details.items()}


def subject(words):
    """What a row is about, such as `withdrawal 7`."""
    kind, _, number = words.partition(" ")
    return gettext(_SUBJECTS[kind]) % {"number": number} if kind in _SUBJECTS else words


def place(words):
    """The page of what a row is about, for admins; None where it has none."""
    kind, _, number = words.partition(" ")
    endpoint, name = _PAGES.get(kind, ("", ""))
    return url_for(endpoint, **{name: int(number)}) if endpoint and number.isdecimal() else None


class _Facts(dict):
    """Amounts and the day a version begins as they are read, each when a sentence asks for it."""

    def __getitem__(self, name):
        found = super().__getitem__(name)
        return written(datetime.fromisoformat(found).date()) if name == "begins" and found != "…" else found

    def __missing__(self, name):
        amount = self.get("amount")
        reader = {"teo": teo, "euros": euros}.get(name)
        return reader(amount) if reader and isinstance(amount, int) else "…"
