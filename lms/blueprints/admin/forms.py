"""Shapes of an admin's decisions."""

from hashlib import sha256

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import DateField, FileField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from lms.blueprints.fields import Key, heed, line, new_key, stripped, within_reach
from lms.blueprints.forms import Form
from lms.domain.accounts import membership
from lms.domain.audit import log_queries
from lms.domain.checkout import refund_desk
from lms.domain.courses import queries as courses
from lms.domain.learning import bulk_enrolment
from lms.domain.withdrawals import halt, payouts
from lms.domain.withdrawals.actions import LONGEST_NOTE, LONGEST_REASON
from lms.ui.log_words import ACTIONS
from lms.ui.words import gettext

_TOO_LONG = {500: _("A reason has 1 to 500 characters."), 2000: _("A reason has 1 to 2000 characters.")}


def _why(label, missing, most, too_long=None):
    """A field for why, or for what: nothing but spaces is nothing."""
    return TextAreaField(label, filters=[stripped], validators=[DataRequired(missing), Length(max=most, message=too_long or _TOO_LONG[most])])


class RejectForm(FlaskForm):
    reason = _why(_("Why? The member reads it."), _("Say why: the member reads it."), LONGEST_REASON)


class HoldForm(RejectForm):
    note = TextAreaField(_("A note for the admins, which the member does not read"), filters=[stripped], validators=[Length(max=LONGEST_NOTE, message=_("A note has at most 2000 characters."))])


class ReturnForm(FlaskForm):
    comment = _why(_("What should the teacher change?"), _("Say what the teacher should change."), 2000, _("A comment has 1 to 2000 characters."))


class ReturnApplicationForm(FlaskForm):
    reason = _why(_("What is missing?"), _("Say what is missing."), 2000)


class RejectPayoutForm(FlaskForm):
    reason = _why(_("Why not?"), _("Say why: the teacher reads it."), payouts.LONGEST_REASON)


class ReturnedPayoutForm(FlaskForm):
    reason = _why(_("What does the bank say?"), _("Say why: the teacher reads it."), payouts.LONGEST_REASON)


class RefundForm(FlaskForm):
    reason = _why(_("Why? It stands in the log."), _("Say why: it stands in the log."), refund_desk.LONGEST_REASON)


class SuspendForm(FlaskForm):
    reason = _why(_("Why? Other admins read it, the member does not."), _("Say why: the other admins read it."), membership.LONGEST_REASON)


class PaidForm(FlaskForm):
    reference = StringField(
        _("Reference of the bank"),
        filters=[stripped],
        validators=[DataRequired(_("Write the reference under which the bank has it.")), Length(max=payouts.LONGEST_REFERENCE, message=_("A bank reference has 1 to 140 characters."))],
    )


class ExportForm(FlaskForm):
    key = Key(default=new_key)


class EnrolmentForm(Form):
    """Once it holds: `chosen` is the Course, `lines` are those of the file, `sha256` is the file's, in hex."""

    course = StringField(_("Course"), filters=[line], validators=[DataRequired(_("Say which course."))])
    file = FileField(_("List of addresses"), validators=[InputRequired(_("Choose a file."))])
    chosen, lines, sha256 = None, (), ""

    def validate_course(self, field):
        self.chosen = courses.by_slug(field.data.rstrip("/").rpartition("/")[2])
        if self.chosen is None or not self.chosen.is_published:
            raise ValidationError(gettext("There is no published course of this address."))

    def validate_file(self, field):
        data = field.data.stream.read(bulk_enrolment.LARGEST + 1)
        self.lines, self.sha256 = heed(bulk_enrolment.read, data), sha256(data).hexdigest()


class HaltForm(FlaskForm):
    reason = StringField(
        _("Why? All members read it."),
        filters=[line],
        validators=[DataRequired(_("Say why: all members read it.")), Length(max=halt.LONGEST_REASON, message=_("A reason has 1 to 200 characters."))],
    )


class LogForm(Form):
    """Which rows of the audit log are shown; `names` are {id: name} of those named in it."""

    class Meta:
        csrf = False  # nothing is changed

    action = SelectField(_("What"), default="")
    by = SelectField(_("By whom"), coerce=int, default=0)
    about = StringField(_("About"), filters=[line], validators=[Length(max=80, message=_("This has at most 80 characters."))])
    first = DateField(_("From"), validators=[Optional(), within_reach])
    last = DateField(_("To, this day included"), validators=[Optional(), within_reach])

    def __init__(self, *asked, names, **options):
        super().__init__(*asked, **options)
        self.names = names
        self.action.choices = [("", _("All actions")), *sorted(((word, gettext(said[2])) for word, said in ACTIONS.items()), key=lambda choice: choice[1])]
        self.by.choices = [(0, _("All people")), (log_queries.NOBODY, _("The platform and its operators")), *sorted(names.items(), key=lambda choice: choice[1])]
