"""A form that keeps what was typed when the rules behind it say no."""

from flask import g
from flask_wtf import FlaskForm


class Form(FlaskForm):
    """Its view shows it again, everything typed still in it, when the verb it was sent for refuses; its page says `form_errors(form)`.

    lms/error_pages.py asks the view once more: the form then does not hold, and says the refusal."""

    refusal = None

    def validate(self, extra_validators=None):
        g.form_was_sent = True
        self.refusal = self.refusal or g.pop("refusal", None)
        if self.refusal is None:
            return super().validate(extra_validators)
        self.form_errors = [self.refusal]
        return False


def status_of(form):
    """422 of a page that gives back what was sent and is not taken; 200 of one that is just asked for."""
    return 422 if form.is_submitted() else 200
