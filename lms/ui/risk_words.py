"""What a sign of fraud says to admins: its name, and a sentence with what raised it. `%(members)s` are names; the other names are facts."""

from lms.ui.money import teo
from lms.ui.movement_words import N_
from lms.ui.words import gettext

RISKS = {
    "new account": (N_("New account"), N_("It was opened %(days)s days before.")),
    "new address": (N_("New address"), N_("The address was linked %(days)s days before.")),
    "shared address": (N_("Shared address"), N_("The same address is, or was, of %(members)s.")),
    "shared device": (N_("Shared browser"), N_("%(members)s signed in with the same browser.")),
    "shared network": (N_("Shared network"), N_("%(members)s ask for TEO from the same network.")),
    "reward velocity": (N_("Rewards in a rush"), N_("%(week)s TEO in a week, %(before)s TEO a week before that.")),
    "hasty learning": (N_("Hasty learning"), N_("%(hasty)s of %(lessons)s lessons were completed in less than a fifth of the time they take.")),
    "circle": (N_("Circle"), N_("He traded with %(members)s, who shares a browser, an address or a network with him.")),
    "refund after reward": (N_("Refund after reward"), N_("%(refunds)s courses that had brought rewards were given back.")),
    "disposable mail": (N_("Disposable mail"), N_("Addresses of %(domain)s are thrown away after use.")),
    "caps reached": (N_("Limits reached"), N_("Rewards were above the daily limit on %(days)s days of the month.")),
    "dispute": (N_("Disputed payments"), N_("His bank asked %(disputes)s payments of his back.")),
}
_ONE_BUYER = N_("%(to_one)s of %(sales)s sales went to one member.")
_QUIZZES = N_("%(hasty_quizzes)s of %(quizzes)s quizzes were passed in less than three seconds a question.")


def name(flag):
    """Of a flag that a withdrawal keeps; one we do not know says its word."""
    return gettext(RISKS.get(flag["name"], (flag["name"].capitalize(), ""))[0])


def sentence(flag, names):
    """What raised it; `names` are those of members, by id."""
    facts = _Facts(flag["facts"], names)
    return " ".join(gettext(words) % facts for words in _said(flag["name"], facts) if words)


def _said(name, facts):
    """The sentences that speak of these facts; learning may have been hasty by its lessons, its quizzes, or both."""
    if "to_one" in facts:
        return [_ONE_BUYER]
    usual = RISKS.get(name, ("", ""))[1]
    if "quizzes" in facts:
        return [usual, _QUIZZES] if "lessons" in facts else [_QUIZZES]
    return [usual]


class _Facts(dict):
    def __init__(self, facts, names):
        super().__init__(facts)
        self._names = names

    def __getitem__(self, fact):
        value = super().get(fact, "…")
        if fact == "members":
            return ", ".join(self._names.get(number, f"#{number}") for number in value) or "…"
        return teo(value) if fact in ("week", "before") else str(value)
