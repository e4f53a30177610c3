"""What a sign of fraud says to admins: its name, and a sentence for each fact that raised it. `%(members)s` and `%(mutual)s` are names; the other names are facts."""

from flask_babel import ngettext

from lms.domain.desk.cases import NAMED
from lms.ui.language import language
from lms.ui.money import teo
from lms.ui.movement_words import N_
from lms.ui.words import gettext


def NN_(*texts):
    """Marks what is said of one and of several for the catalogue, as N_ does."""
    return texts


# Sign: (its name, {fact: what it says}).
RISKS = {
    "new account": (N_("New account"), {"days": NN_("It was opened %(days)s day before.", "It was opened %(days)s days before.")}),
    "new address": (N_("New address"), {"days": NN_("The address was linked %(days)s day before.", "The address was linked %(days)s days before.")}),
    "shared address": (N_("Shared address"), {"members": N_("The same address is, or was, of %(members)s.")}),
    "shared device": (N_("Shared browser"), {"members": N_("%(members)s signed in with the same browser.")}),
    "shared network": (N_("Shared network"), {"members": N_("%(members)s ask for TEO from the same network.")}),
    "reward velocity": (N_("Rewards in a rush"), {"week": N_("%(week)s TEO in a week, %(before)s TEO a week before that.")}),
    "hasty learning": (
        N_("Hasty learning"),
        {
            "hasty": N_("%(hasty)s of %(lessons)s lessons were completed in less than a fifth of the time they take."),
            "hasty_quizzes": N_("%(hasty_quizzes)s of %(quizzes)s quizzes were passed in less than three seconds a question."),
        },
    ),
    "circle": (
        N_("Circle"),
        {
            "members": NN_("He traded with %(members)s, who shares a browser, an address or a network with him.", "He traded with %(members)s, who share a browser, an address or a network with him."),
            "mutual": N_("%(mutual)s bought of him and sold to him."),
            "to_one": N_("%(to_one)s of %(sales)s sales went to one member."),
        },
    ),
    "refund after reward": (
        N_("Refund after reward"),
        {"refunds": NN_("%(refunds)s course that had brought rewards was given back.", "%(refunds)s courses that had brought rewards were given back.")},
    ),
    "disposable mail": (N_("Disposable mail"), {"domain": N_("Addresses of %(domain)s are thrown away after use.")}),
    "caps reached": (N_("Limits reached"), {"days": N_("Rewards were above the daily limit on %(days)s days of the month.")}),
    "dispute": (
        N_("Disputed payments"),
        {
            "disputes": NN_("His bank asked %(disputes)s payment of his back.", "His bank asked %(disputes)s payments of his back."),
            "sold": NN_("The bank of a buyer asked %(sold)s payment back.", "Banks of his buyers asked %(sold)s payments back."),
        },
    ),
}
_TODAY = {"new account": N_("It was opened less than a day before."), "new address": N_("The address was linked less than a day before.")}


def name(flag):
    """Of a flag that a withdrawal keeps; one we do not know says its word."""
    return gettext(RISKS.get(flag["name"], (flag["name"].capitalize(), {}))[0])


def sentence(flag, names):
    """What raised it; `names` are those of members, by id."""
    facts, sign = flag["facts"], flag["name"]
    _, says = RISKS.get(sign, ("", {}))
    return " ".join(_phrase(sign, facts[fact], words) % _Facts(facts, names) for fact, words in says.items() if fact in facts)


def _phrase(sign, found, words):
    if isinstance(words, str):
        return gettext(words)
    count = len(found) if isinstance(found, list) else found
    today = None if count else _TODAY.get(sign)
    return gettext(today) if today else language().catalogue.ungettext(*words, count)


class _Facts(dict):
    def __init__(self, facts, names):
        super().__init__(facts)
        self._names = names

    def __getitem__(self, fact):
        value = super().get(fact, "…")
        if isinstance(value, list):
            return self._called(value)
        return teo(value) if fact in ("week", "before") else str(value)

    def _called(self, members):
        """The names of the first, and how many there are beside them."""
        called = ", ".join(self._names.get(number, f"#{number}") for number in members[:NAMED]) or "…"
        more = len(members) - NAMED
        return ngettext("%(names)s and %(num)s more", "%(names)s and %(num)s more", more, names=called) if more > 0 else called
