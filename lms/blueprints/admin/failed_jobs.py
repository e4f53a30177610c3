"""What failed and nobody tries again: jobs and mails, each tried once more or dropped."""

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _
from flask_login import current_user

from lms import failed_jobs
from lms.blueprints.paging import page_number
from lms.blueprints.reauthentication import proven
from lms.db import transaction
from lms.domain.audit import log
from lms.domain.notices import failed
from lms.errors import NotFound
from lms.queue import enqueue
from lms.ui import render

blueprint = Blueprint("failures", __name__, url_prefix="/failures")  # of admins only, as the blueprint it stands in

JOB, MAIL = "/jobs/<job_id>", "/mails/<int(max=2147483647):mail_id>"


@blueprint.get("/jobs")
def jobs():
    return render("admin/failed_jobs.html", jobs=failed_jobs.page(page_number()))


@blueprint.post(f"{JOB}/retry")
@proven
def retry_job(job_id):
    return _change(job_id, failed_jobs.try_again, "job tried again", _("The job waits for its worker once more."))


@blueprint.post(f"{JOB}/removal")
@proven
def drop_job(job_id):
    return _change(job_id, failed_jobs.drop, "job dropped", _("The job is dropped."))


@blueprint.get("/mails")
def mails():
    return render("admin/failed_mails.html", mails=failed.page(page_number()))


@blueprint.post(f"{MAIL}/retry")
@proven
def retry_mail(mail_id):
    mail = _mail(mail_id)
    with transaction():
        failed.try_again(mail, current_user)
    enqueue("mail.send", mail_id)
    return _back("mails", _("The mail is tried again."))


@blueprint.post(f"{MAIL}/removal")
@proven
def drop_mail(mail_id):
    mail = _mail(mail_id)
    with transaction():
        failed.drop(mail, current_user)
    return _back("mails", _("The mail is dropped: nobody sends it any more."))


def _change(job_id, change, action, sentence):
    """Changed before the commit: the log says it only where it was done. Who dies between has done it, and it is not in the log: a job is a hint."""
    failure = failed_jobs.find(job_id)
    with transaction():
        log.record(action, f"job {failure.name or failure.id}", current_user, about=list(failure.about), error=failure.kind)
        change(failure)
    return _back("jobs", sentence)


def _back(page, sentence):
    flash(sentence, "done")
    return redirect(url_for(f"admin.failures.{page}"), 303)


def _mail(mail_id):
    found = failed.mail(mail_id)
    if found is None:
        raise NotFound("There is no such mail.")
    return found
