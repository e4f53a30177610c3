"""Shapes of a course, its sections and lessons. Lengths are those of the domain, so that a refusal loses no text."""

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, ValidationError

from lms.blueprints.amounts import Hundredths
from lms.blueprints.fields import heed, line, text
from lms.blueprints.forms import Form
from lms.domain.courses.checks import LONGEST_BODY, check_brackets, check_price, check_reward
from lms.domain.rulebook.amounts import BASIS, HIGHEST_PRICE
from lms.ui.preferences import LANGUAGES


def _title(label):
    return StringField(
        label,
        filters=[line],
        validators=[InputRequired(_("A title is needed.")), Length(min=1, max=120, message=_("A title has 1 to 120 characters."))],
    )


def _few_brackets(form, field):
    heed(check_brackets, field.data or "")


def _price(form, field):
    if field.data is not None:
        heed(check_price, field.data)


def _reward(form, field):
    if field.data is not None:
        heed(check_reward, field.data)


class NewCourseForm(Form):
    title = _title(_("Title"))


class CourseForm(Form):
    title = _title(_("Title"))
    summary = StringField(_("Summary"), filters=[line], validators=[Length(max=180, message=_("A summary has at most 180 characters."))])
    description = TextAreaField(
        _("Description"), filters=[text], validators=[Length(max=LONGEST_BODY, message=_("This is longer than a page may be.")), _few_brackets]
    )
    subject = StringField(_("Subject"), filters=[line], validators=[Length(max=40, message=_("A subject has at most 40 characters."))])
    language = SelectField(_("Language"), choices=[SelectChoice(*language) for language in LANGUAGES.items()])
    price = Hundredths(_("Price in EUR"), validators=[InputRequired(_("Write a price; 0 makes the course free.")), _price], most=HIGHEST_PRICE, unit="€")
    reward_bp = Hundredths(_("Purchase reward in %"), validators=[InputRequired(_("Write a percentage; 0 gives no reward.")), _reward], most=BASIS, unit="%")
    discount_bp = SelectField(_("The most a student may pay in TEO"), coerce=int)

    def __init__(self, course, rules):
        """`rules` are those in force: what a course may let be paid in TEO is one of their levels."""
        super().__init__(obj=course)
        levels = rules.levels_up_to(BASIS)
        self.discount_bp.choices = [SelectChoice(level, f"{level / 100:g} %") for level in levels]
        if not self.is_submitted():
            self.discount_bp.data = max(level for level in levels if level <= course.discount_bp)


class SectionForm(FlaskForm):
    title = _title(_("Title of the section"))


class LessonForm(Form):
    """`version` is the lesson's when the editor was opened: a save over another save is noticed."""

    title = _title(_("Title"))
    body = TextAreaField(
        _("Text"), filters=[text], validators=[Length(max=LONGEST_BODY, message=_("A lesson has at most 200,000 characters.")), _few_brackets]
    )
    exercise = TextAreaField(
        _("Exercise"), filters=[text], validators=[Length(max=LONGEST_BODY, message=_("An exercise has at most 200,000 characters.")), _few_brackets]
    )
    minutes = IntegerField(
        _("Minutes it takes"),
        default=10,
        validators=[InputRequired(_("Say how long it takes.")), NumberRange(1, 600, message=_("A lesson takes 1 to 600 minutes."))],
    )
    is_preview = BooleanField(_("Free preview: everybody may read this lesson"))
    version = HiddenField(default="1")

    def __init__(self, lesson=None, **kwargs):
        super().__init__(obj=lesson, **kwargs)
        self.lesson = lesson

    def validate_version(self, field):
        if self.lesson and field.data != str(self.lesson.version):
            field.raw_data = None
            field.data = str(self.lesson.version)
            raise ValidationError("overtaken")

    @property
    def is_overtaken(self):
        """Whether the lesson was saved elsewhere since this editor was opened."""
        return bool(self.version.errors)
