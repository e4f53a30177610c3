"""What a movement means, in a sentence, where its numbers do not say it."""

from lms.ui.movement_words import MOVEMENTS
from lms.ui.words import gettext


def explained(reason):
    """The sentence for the ledger's word; None for one whose numbers say it."""
    _, meaning = MOVEMENTS.get(reason, ("", None))
    return meaning and gettext(meaning)


def decided(how):
    """Who decided about the TEO of a sale."""
    words = {"policy": gettext("your policy"), "teacher": gettext("your word on this sale"), "silence": gettext("your silence within the time, and so your policy")}
    return words.get(how)
