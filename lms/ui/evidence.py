"""Why this TEO: the numbers put in, reckoned as a person would. A movement written before they were kept says less, and never fails."""

from datetime import datetime

from lms.domain.rulebook.rules import BASIS, MICRO_PER_CENT
from lms.ui.meanings import decided, explained
from lms.ui.money import euros
from lms.ui.units import percent, tokens
from lms.ui.words import gettext


def said(movement, rules):
    """What the page of a wallet's Movement shows beside its facts, by name; `rules` are those of its version, or None."""
    put_in = movement.evidence
    return dict(
        sums=sums(movement, rules),
        caps=caps(movement),
        explained=explained(movement.reason),
        decided=decided(put_in.get("decided")),
        until=datetime.fromisoformat(put_in["until"]) if "until" in put_in else None,
        is_sale=_is_sale(movement),
    )


def sums(movement, rules):
    """The sentences that say how the amount came about."""
    reckon = _SUMS.get(movement.reason)
    said = reckon(movement, rules) if reckon and rules else None
    return [said] if said else []


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
    """Whether its order is one of a course the member sold, and not one of his own."""
    credit, reversed_ = movement.evidence.get("credit", movement.reason), movement.evidence.get("reverses", "")
    return credit in ("sale", "sale bonus") or reversed_.startswith("order:")


def _paid(movement, rules):
    put_in = movement.evidence
    if not {"paid", "rate_bp"} <= put_in.keys():
        return None
    return gettext("%(paid)s paid × %(rate)s = %(total)s", **_total(put_in))


def _lesson(movement, rules):
    put_in = movement.evidence
    if not {"paid", "rate_bp", "granted", "left"} <= put_in.keys():
        return None
    each = tokens((_pot(put_in) - put_in["granted"]) // put_in["left"])
    values = _total(put_in) | dict(count=put_in["left"], each=each, granted=tokens(put_in["granted"]))
    if not put_in["granted"]:
        return gettext("%(paid)s paid × %(rate)s = %(total)s for all lessons, shared by %(count)d: %(each)s each", **values)
    return gettext(
        "%(paid)s paid × %(rate)s = %(total)s for all lessons, less %(granted)s for those completed before, shared by the %(count)d that were left: %(each)s each",
        **values,
    )


def _discount(movement, rules):
    put_in = movement.evidence
    if not {"price", "level"} <= put_in.keys():
        return None
    values = dict(price=euros(put_in["price"]), level=percent(put_in["level"]), tokens=tokens(movement.moved))
    return gettext("%(price)s × %(level)s, to the cent, paid in TEO: %(tokens)s", **values)


def _sale(movement, rules):
    put_in = movement.evidence
    if not {"price", "discount"} <= put_in.keys():
        return None
    return gettext("%(discount)s of the price came to you as %(tokens)s in place of euros", discount=euros(put_in["discount"]), tokens=tokens(movement.moved))


def _bonus(movement, rules):
    put_in = movement.evidence
    if not {"tokens", "bonus"} <= put_in.keys():
        return None
    values = dict(tokens=tokens(put_in["tokens"]), rate=percent(rules.accept_bonus_bp), bonus=tokens(put_in["bonus"]))
    return gettext("%(tokens)s of the discount × %(rate)s = %(bonus)s on top, since you took them in place of euros", **values)


def _part(movement, rules):
    """What matured, or repaid a debt, was a credit or a part of one."""
    put_in = movement.evidence
    if put_in.get("amount", movement.moved) == movement.moved:
        return None
    return gettext("%(part)s of the %(whole)s that were credited", part=tokens(movement.moved), whole=tokens(put_in["amount"]))


def _total(put_in):
    return dict(paid=euros(put_in["paid"]), rate=percent(put_in["rate_bp"]), total=tokens(_pot(put_in)))


def _pot(put_in):
    return put_in["paid"] * MICRO_PER_CENT * put_in["rate_bp"] // BASIS


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


_SUMS = {
    "purchase": _paid,
    "completion": _paid,
    "lesson": _lesson,
    "order placed": _discount,
    "order closed": _discount,
    "discount": _discount,
    "sale": _sale,
    "sale bonus": _bonus,
    "matured": _part,
    "repaid": _part,
}
