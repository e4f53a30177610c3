"""Every sentence the application says has its Italian one, with the same places to fill; pages are Italian throughout.

`make translations` writes what is missing into the catalogue, and `make setup` compiles it.
"""

import re

import pytest
from flask import g, render_template
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import AnyOf, DataRequired, InputRequired, Length, Regexp

from lms.db import transaction
from lms.domain.wallet import solvency
from lms.errors import DomainError
from lms.ui.preferences import LANGUAGES
from rig import translations

PLACES = re.compile(r"%\(\w+\)[a-z]|%%")
TAGS = re.compile(r"<[^>]+>")
ENGLISH = re.compile(r"\b(the|you|your|and|with|of|for|course|courses|lesson|lessons|wallet|available|maturing|buy|learn|log in|search|terms|this)\b", re.I)


@pytest.fixture(scope="module")
def italian():
    return translations.read(translations.CATALOGUES / "it" / "LC_MESSAGES" / "messages.po")


@pytest.fixture(scope="module")
def said():
    return [message for message in translations.extract() if message.id]


@pytest.fixture
def visitor(client):
    """A browser nobody is logged in with, that asked for Italian by the switch."""
    client.set_cookie("language", "it")
    return client


@pytest.fixture
def ana(ana):
    """Ana reads Italian."""
    with transaction():
        ana.locale = "it"
    return ana


@pytest.fixture
def reader(log_in, ana):
    """Ana's browser."""
    return log_in(ana)


def test_each_language_offered_has_a_catalogue():
    assert {path.parts[-3] for path in translations.files()} == set(LANGUAGES) - {"en"}


def test_every_sentence_is_translated(italian, said):
    known = {message.id: message for message in italian}
    assert [message.id for message in said if message.id not in known] == []
    assert [message.id for message in said if known[message.id].fuzzy or not all(forms(known[message.id]))] == []


def test_nothing_is_kept_that_nobody_says(italian, said):
    assert {message.id for message in italian if message.id} - {message.id for message in said} == set()


def test_translations_have_the_places_of_their_sentences(italian):
    assert [message.id for message in italian if message.id and any(places(form) != places(said) for said, form in zip(sources(message), forms(message), strict=True))] == []


def test_translations_have_the_tags_of_their_sentences(italian):
    assert [message.id for message in italian if message.id and any(TAGS.findall(form) != TAGS.findall(source(message)) for form in forms(message))] == []


def test_every_kind_of_refusal_is_looked_for(app):
    assert {kind.__name__ for kind in [DomainError, *kinds(DomainError)]} <= set(translations.KEYWORDS)


def test_the_front_page_is_italian(visitor, course):
    page = visitor.get("/")
    assert "Corsi che vale la pena finire" in words(page)
    assert english(page, course) == set()


def test_the_wallet_is_italian(reader):
    page = reader.get("/wallet")
    assert "Portafoglio" in words(page) and "In maturazione" in words(page)
    assert english(page) == set()


def test_the_proof_of_the_balance_is_italian(reader):
    with transaction():
        solvency.take()
    page = reader.get("/wallet/proof")
    assert "verificato nel tuo browser" in words(page)
    assert english(page) == set()


def test_a_course_and_its_lesson_are_italian(reader, course):
    for address in (f"/courses/{course.slug}", f"/courses/{course.slug}/checkout", f"/learn/{course.slug}/lesson-1"):
        assert english(reader.get(address), course) == set(), address


def test_a_refusal_is_italian(visitor):
    assert "Questo corso non esiste." in words(visitor.get("/courses/nothing-here"))


def test_a_mail_is_in_the_language_of_its_member(app, ana):
    with app.test_request_context():
        g.viewer = ana
        assert "Scegli una nuova password" in render_template("mail/reset.txt", link="https://example.org")


def test_what_forms_say_by_themselves_is_italian(app):
    class Form(FlaskForm):
        needed = StringField(validators=[DataRequired()])
        given = StringField(validators=[InputRequired()])
        short = StringField(validators=[Length(max=2)])
        number = IntegerField()
        choice = SelectField(choices=[SelectChoice("a", "A")])
        pattern = StringField(validators=[Regexp("a")])
        one = StringField(validators=[AnyOf(["a"])])

    with app.test_request_context(method="POST", headers={"Cookie": "language=it"}):
        form = Form(MultiDict({"short": "long", "number": "x", "choice": "b", "pattern": "b", "one": "b"}), meta={"csrf": False})
        form.validate()
        sentences = [sentence for errors in form.errors.values() for sentence in errors]
    assert len(form.errors) == 7
    assert [sentence for sentence in sentences if re.search(r"\b(this|field|not|valid|must|invalid|longer)\b", str(sentence), re.I)] == []


def source(message):
    return message.id[-1] if message.pluralizable else message.id


def sources(message):
    """One may be spoken of without its number."""
    return message.id if message.pluralizable else (message.id,)


def forms(message):
    return message.string if message.pluralizable else (message.string,)


def places(text):
    return sorted(PLACES.findall(text))


def kinds(kind):
    return [found for child in kind.__subclasses__() for found in (child, *kinds(child))]


def words(answer):
    """What a reader sees, and what is read to him: the text, labels, titles and the words app.js says."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", answer.text, flags=re.S)
    attributes = re.findall(r'\b(?:aria-label|title|alt|placeholder|data-(?:busy|copied|label|live|reconnecting|paused))="([^"]*)"', body)
    return " ".join([*attributes, re.sub(r"<[^>]*>", " ", body)])


def english(answer, course=None):
    """English words left on a page, but for those people wrote."""
    assert answer.status_code == 200, answer.status_code
    text = words(answer)
    for part in (course, *course.sections, *course.lessons) if course else ():
        text = text.replace(part.title, " ")
    return {found.lower() for found in ENGLISH.findall(text)}
