"""What a withdrawal brings its member's recent ones to, by which it is decided whether an admin looks at it."""

from lms.ui.units import days, tokens
from lms.ui.words import gettext


def looks(put_in, rules):
    """The sentences; none of what is no withdrawal, and of one written before its evidence kept the sum."""
    if "recent" not in put_in:
        return []
    said = [gettext("With this one %(recent)s in %(days)s, payouts in euros among them", recent=tokens(put_in["recent"]), days=days(rules.review_days))]
    if "teacher" in put_in["flags"]:
        said.append(gettext("An admin looks at each one of a teacher"))
    return said
