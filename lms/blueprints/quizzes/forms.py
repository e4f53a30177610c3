"""Shapes of a quiz: its settings, its questions, and the answers to them."""

import re

from flask import request
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, FieldList, FormField, HiddenField, IntegerField, StringField, TextAreaField
from wtforms import Form as Part
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from lms.blueprints.fields import heed, line, stripped
from lms.blueprints.forms import Form
from lms.blueprints.quiz_questions import answer_to
from lms.domain.courses.checks import check_brackets
from lms.domain.courses.quiz_models import PASSING_PERCENT
from lms.domain.courses.quizzes import LONGEST_OPTION, LONGEST_QUESTION, MOST_OPTIONS, check_minutes, check_passing_percent, check_question

_NUMBER = re.compile("[0-9]{1,9}")


def _few_brackets(form, field):
    heed(check_brackets, field.data or "")


class SettingsForm(Form):
    minutes = IntegerField(_("Minutes to answer"), validators=[Optional()])
    passing_percent = IntegerField(_("Right answers needed, in %"), default=PASSING_PERCENT, validators=[InputRequired(_("Say how many of the answers must be right."))])

    def validate_minutes(self, field):
        heed(check_minutes, field.data)

    def validate_passing_percent(self, field):
        heed(check_passing_percent, field.data)


class OptionForm(Part):
    """One row of a question; a row that is empty is none."""

    text = StringField(_("Answer"), filters=[line], validators=[Length(max=LONGEST_OPTION, message=_("An answer has at most 1,000 characters.")), _few_brackets])
    is_right = BooleanField(_("is right"))
    explanation = StringField(_("Why"), filters=[line], validators=[Length(max=LONGEST_OPTION, message=_("An explanation has at most 1,000 characters.")), _few_brackets])

    def validate_text(self, field):
        if not field.data and (self.is_right.data or self.explanation.data):
            raise ValidationError(gettext("Write the answer, or empty the whole row."))


class Rows(FieldList):
    """As many rows as it has at least, whatever numbers were sent."""

    def _extract_indices(self, prefix, formdata):
        return ()


class QuestionForm(Form):
    text = TextAreaField(
        _("Question"),
        filters=[stripped],
        validators=[DataRequired(_("Write the question first.")), Length(max=LONGEST_QUESTION, message=_("A question has at most 10,000 characters.")), _few_brackets],
    )
    has_several = BooleanField(_("Several answers may be right: all of them must be chosen, and no other"))
    options = Rows(FormField(OptionForm), min_entries=MOST_OPTIONS, max_entries=MOST_OPTIONS)

    def validate_options(self, field):
        """What is wrong with a single row is said beside it."""
        if self.text.data and not field.errors:
            heed(check_question, self.text.data, self.written, self.has_several.data)

    @property
    def written(self):
        """The rows that say something, as the domain takes them: (text, is_right, explanation)."""
        return [(row.text.data, row.is_right.data, row.explanation.data) for row in self.options if row.text.data]


class AnswersForm(Form):
    """All questions of an attempt. `attempt` is its id: an old page must not answer a new one."""

    attempt = HiddenField()

    @property
    def attempt_id(self):
        """Of the attempt the form was sent for; 0, which none has, for what is no number."""
        sent = self.attempt.data or ""
        return int(sent) if _NUMBER.fullmatch(sent) else 0

    def chosen(self, questions):
        """{question id: [option ids]} of every question: of one where nothing is chosen the browser sends nothing."""
        return {question["id"]: request.form.getlist(answer_to(question), type=int) for question in questions}
