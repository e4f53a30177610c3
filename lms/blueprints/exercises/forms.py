"""Shapes of work and of what is said about it."""

from flask_babel import lazy_gettext as _
from wtforms import RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from lms.blueprints.fields import heed, text
from lms.blueprints.forms import Form
from lms.domain.learning.exercises import check_comment, check_work


class WorkForm(Form):
    text = TextAreaField(_("Your work"), filters=[text], validators=[InputRequired(_("Write something first."))])

    def validate_text(self, field):
        heed(check_work, field.data)


class VerdictForm(Form):
    """`highest` is the best score by the rules of the work's purchase."""

    score = RadioField(_("Score"), coerce=int, validators=[InputRequired(_("Choose a score."))])
    comment = TextAreaField(_("What you think"), filters=[text], validators=[InputRequired(_("Say in a few words why: it is what the author learns from."))])

    def __init__(self, highest):
        super().__init__()
        self.score.choices = [SelectChoice(score, str(score)) for score in range(1, highest + 1)]

    def validate_comment(self, field):
        heed(check_comment, field.data)
