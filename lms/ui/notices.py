"""A notice in the language and time zone of whom the page or letter is for."""

from datetime import date, datetime
from typing import NamedTuple

from flask import current_app, url_for
from werkzeug.routing import BuildError

from lms.domain.notices import kinds
from lms.ui.incident_words import incident_word
from lms.ui.money import euros, teo
from lms.ui.notice_words import PLACES, ROLES, WORDS
from lms.ui.times import written
from lms.ui.words import gettext, given_back


class Said(NamedTuple):
    """What a row or letter shows; `href` is None where it leads nowhere."""

    icon: str
    tone: str
    title: str
    sentence: str
    label: str
    href: str | None


def said(notice, external=False):
    """The words of a notice. One of a kind we do not know says its word, and a fact that is missing is a gap: neither fails."""
    kind = kinds.of(notice.kind)
    title, sentence, place = WORDS.get(_kind(notice), (notice.kind.capitalize(), "", None))
    label, href = _link(place, notice, external)
    return Said(kind.icon, kind.tone, str(title), _sentence(str(sentence), notice), label, href)


def _kind(notice):
    if notice.kind == "sale decided":
        return "sale accepted" if notice.facts.get("accepted") else "sale declined"
    if notice.kind == "role changed" and "name" in notice.facts:
        return "role of another changed"
    return notice.kind


def _sentence(sentence, notice):
    why = notice.facts.get("why") or notice.facts.get("comment")
    parts = [sentence % _Facts(notice.facts)]
    if notice.kind == "withdrawal given back":
        parts.append(given_back(why))
    elif why:
        parts.append(gettext("Why: %(why)s", why=why))
    return " ".join(part for part in parts if part)


class _Facts(dict):
    """Facts as they are read, each when a sentence asks for it."""

    def __getitem__(self, name):
        try:
            return _SHOWN.get(name, str)(super().__getitem__(_NAMES.get(name, name)))
        except (KeyError, TypeError, ValueError):
            return "…"


_NAMES = {"teo": "amount", "euros": "amount"}


def _tokens(micro):
    return f"{teo(micro)} TEO"


def _moment(text):
    return written(datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text))


def _short(address):
    return f"{address[:6]}…{address[-4:]}"


def _role(word):
    return str(ROLES[word])


_SHOWN = {
    "teo": _tokens,
    "tokens": _tokens,
    "euros": euros,
    "at": _moment,
    "usable_at": _moment,
    "until": _moment,
    "from": _moment,
    "day": _moment,
    "address": _short,
    "incident": incident_word,
    "to": _short,
    "role": _role,
    "before": _role,
}


def _link(place, notice, external):
    """(label, address) of the first page of the place that there is for these facts."""
    label, pages = PLACES.get(place, ("", ()))
    for endpoint, arguments in pages:
        values = {argument: notice.facts.get(fact) for argument, fact in arguments.items()}
        if endpoint in current_app.view_functions and None not in values.values():
            try:
                return str(label), url_for(endpoint, **values, _external=external)
            except (BuildError, ValueError):
                continue
    return "", None
