"""Why this TEO: the numbers put in, reckoned as a person would. A movement written before they were kept says less, and never fails."""

from datetime import datetime

from lms.ui.meanings import decided, explained
from lms.ui.movement_rules import rule
from lms.ui.movement_sums import sums
from lms.ui.units import tokens
from lms.ui.words import gettext


def said(movement, rules):
    """What the page of a wallet's Movement shows beside its facts, by name; `rules` are those of its version, or None."""
    put_in = movement.evidence
    return dict(
        rule=rule(movement, rules),
        sums=sums(movement, rules),
        caps=caps(movement),
        explained=explained(movement.reason),
        decided=decided(put_in.get("decided")),
        until=_moment(put_in, "until"),
        asked=_moment(put_in, "asked"),
        is_sale=_is_sale(movement),
    )


def caps(movement):
    """The sentences about the limits of its day; none when it was written before they were kept."""
    day = movement.evidence.get("caps")
    if not day:
        return []
    said = [gettext("It waited here since the limit of an earlier day was reached")] if movement.evidence.get("waited") else []
    if day.get("version", movement.rule_version) != movement.rule_version:
        said.append(gettext("They are those of version %(number)s of the rulebook, which was in force on that day", number=day["version"]))
    said.append(_own(day))
    if day["all_cap"] - day["all_before"] < min(day["wanted"], day["own_cap"] - day["own_before"]):
        said.append(_everybodys(day))
    if day["deferred"]:
        said.append(_deferred(day))
    return said


def _is_sale(movement):
    """Whether its order is one of a course the member sold, and not one of his own. What was taken back before it named its credit names its key."""
    credit, reversed_ = movement.evidence.get("credit", movement.reason), movement.evidence.get("reverses", "")
    return credit in ("sale", "sale bonus") or reversed_.startswith("order:")


def _moment(put_in, name):
    return datetime.fromisoformat(put_in[name]) if name in put_in else None


def _own(day):
    left = max(0, day["own_cap"] - day["own_before"])
    return gettext("%(before)s of your %(cap)s a day had been granted before: %(left)s were left", before=tokens(day["own_before"]), cap=tokens(day["own_cap"]), left=tokens(left))


def _everybodys(day):
    left = max(0, day["all_cap"] - day["all_before"])
    return gettext(
        "%(before)s of the %(cap)s a day of all members had been granted before: %(left)s were left", before=tokens(day["all_before"]), cap=tokens(day["all_cap"]), left=tokens(left)
    )


def _deferred(day):
    now = day["wanted"] - day["deferred"]
    return gettext("%(now)s of %(wanted)s were granted; %(later)s wait for the next day", now=tokens(now), wanted=tokens(day["wanted"]), later=tokens(day["deferred"]))
