"""The shape of a coupon. Days are the teacher's own: from their midnight to their midnight."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import DateField, IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, NumberRange, Optional, ValidationError

from lms.blueprints.amounts import Hundredths
from lms.blueprints.fields import within_reach
from lms.blueprints.forms import Form
from lms.domain.checkout.coupons import MOST_USES
from lms.domain.rulebook.amounts import HIGHEST_COUPON, HIGHEST_PRICE

PERCENT, AMOUNT = "percent", "amount"


class CouponForm(Form):
    code = StringField(_("Code"), validators=[InputRequired(_("Write a code."))])
    course = SelectField(_("For"), coerce=int)
    kind = SelectField(_("It takes off"), choices=[SelectChoice(PERCENT, _("a percentage")), SelectChoice(AMOUNT, _("an amount in EUR"))])
    worth = Hundredths(_("How much"), validators=[InputRequired(_("Write how much the coupon takes off."))], most=HIGHEST_PRICE, unit="")
    most_uses = IntegerField(_("At most so many times"), validators=[Optional(), NumberRange(1, MOST_USES, message=_("A coupon is used from once up to a million times."))])
    first_day = DateField(_("From"), validators=[Optional(), within_reach])
    last_day = DateField(_("Until, this day included"), validators=[Optional(), within_reach])

    def __init__(self, courses, time_zone, **kwargs):
        super().__init__(**kwargs)
        self.course.choices = [SelectChoice(0, _("all my courses")), *(SelectChoice(course.id, course.title) for course in courses)]
        self._courses, self._zone = {course.id: course for course in courses}, ZoneInfo(time_zone)

    def validate_worth(self, field):
        if self.kind.data == PERCENT and field.data is not None and not 0 < field.data <= HIGHEST_COUPON:
            raise ValidationError(gettext("A coupon takes more than 0 and up to %(most)d %% off.", most=HIGHEST_COUPON // 100))

    def facts(self):
        """What coupons.create asks for, but for the teacher."""
        worth = dict(percent_bp=self.worth.data) if self.kind.data == PERCENT else dict(amount=self.worth.data)
        days = dict(starts_at=self._midnight(self.first_day.data), ends_at=self._midnight(self.last_day.data, days=1))
        return dict(code=self.code.data, course=self._courses.get(self.course.data), most_uses=self.most_uses.data) | worth | days

    def _midnight(self, day, days=0):
        return day and datetime.combine(day + timedelta(days=days), time.min, self._zone)
