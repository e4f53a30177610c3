"""How the amount of a movement came about, reckoned from the numbers its evidence keeps."""

from lms.domain.rulebook.amounts import BASIS, MICRO_PER_CENT
from lms.ui.money import euros
from lms.ui.units import percent, tokens
from lms.ui.withdrawal_sums import looks
from lms.ui.words import gettext


def sums(movement, rules):
    """The sentences that say how the amount came about."""
    reckon = _SUMS.get(movement.reason)
    said = reckon(movement, rules) if reckon and rules else None
    return ([said] if said else []) + (looks(movement.evidence, rules) if rules else [])


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


def _review(movement, rules):
    put_in = movement.evidence
    if not {"each", "most", "before"} <= put_in.keys():
        return None
    values = dict(each=tokens(put_in["each"]), most=tokens(put_in["most"]), before=tokens(put_in["before"]), left=tokens(max(0, put_in["most"] - put_in["before"])))
    return gettext("%(each)s, as far as the course lets: reviews may bring %(most)s of this purchase, and had brought %(before)s, so %(left)s were left", **values)


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


def _back(movement, rules):
    """What was taken back of a credit, out of one part of what the member has, or what came back to him of what he had paid."""
    put_in = movement.evidence
    if "amount" not in put_in:
        return None
    values = dict(part=tokens(movement.moved), whole=tokens(put_in["amount"]))
    if movement.source == "escrow":
        return gettext("%(part)s of the %(whole)s that you had paid came back", **values)
    return _OUT_OF[movement.source]() % values if movement.source in _OUT_OF else None


def _total(put_in):
    return dict(paid=euros(put_in["paid"]), rate=percent(put_in["rate_bp"]), total=tokens(_pot(put_in)))


def _pot(put_in):
    return put_in["paid"] * MICRO_PER_CENT * put_in["rate_bp"] // BASIS


_OUT_OF = {
    "maturing": lambda: gettext("%(part)s of the %(whole)s that were credited went back, out of what was maturing"),
    "available": lambda: gettext("%(part)s of the %(whole)s that were credited went back, out of what you had available"),
    "debt": lambda: gettext("%(part)s of the %(whole)s that were credited were not there any more: you owe them, and what comes next repays them first"),
}

_SUMS = {
    "purchase": _paid,
    "completion": _paid,
    "lesson": _lesson,
    "peer review": _review,
    "exercise passed": _review,
    "order placed": _discount,
    "order closed": _discount,
    "discount": _discount,
    "sale": _sale,
    "sale bonus": _bonus,
    "matured": _part,
    "repaid": _part,
    "refund": _back,
    "charge back": _back,
    "decided anew": _back,
}
