"""What a student fills in to become a teacher. Lengths are those of the domain, so that a refusal loses no text."""

from flask_babel import lazy_gettext as _
from wtforms import MultipleFileField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired
from wtforms.widgets import CheckboxInput, ListWidget

from lms.blueprints import uploads
from lms.blueprints.fields import heed, line, stripped
from lms.blueprints.forms import Form
from lms.domain.applications import actions as rules
from lms.domain.files.contents import examine


class ApplicationForm(Form):
    """`contents` are the documents added, looked at; `removed` the file ids of those that shall go."""

    subject = StringField(_("What will you teach?"), filters=[line], validators=[DataRequired(_("Say what you will teach."))])
    experience = TextAreaField(_("Where do you know it from?"), filters=[stripped], validators=[DataRequired(_("Say where you know it from."))])
    link = StringField(_("A link to something of yours"), filters=[line])
    documents = MultipleFileField(_("Documents"))
    removed = SelectMultipleField(_("Take off"), name="removed[]", id="removed", coerce=int, default=(), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput())

    def __init__(self, application=None, **kwargs):
        kept = application.documents if application else []
        super().__init__(obj=application and _Words(application), **kwargs)
        self.removed.choices = [SelectChoice(document.file_id, document.file.name) for document in kept]
        self.contents = []

    @property
    def facts(self):
        return dict(subject=self.subject.data, experience=self.experience.data, link=self.link.data)

    def validate_subject(self, field):
        heed(rules.check_text, "subject", field.data)

    def validate_experience(self, field):
        heed(rules.check_text, "experience", field.data)

    def validate_link(self, field):
        heed(rules.check_link, field.data)

    def validate_documents(self, field):
        found = uploads.read(field.data)
        heed(rules.check_count, len(self.removed.choices) - len(self.removed.data or ()) + len(found))
        self.contents = [heed(examine, name, data) for name, data in found]

    @property
    def lost_documents(self):
        """Whether files came that the browser does not send again with the form."""
        return bool(self.contents)


class _Words:
    """What of an application stands in the form at first."""

    def __init__(self, application):
        self.subject, self.experience, self.link = application.subject, application.experience, application.link
