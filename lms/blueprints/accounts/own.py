"""What a member may change about his own account."""

from flask import flash, redirect, url_for
from flask_babel import gettext
from flask_login import current_user, login_required

from lms.blueprints import security_log
from lms.blueprints.accounts.answers import blueprint, form_page, look_into_mailbox, tell_of_new_password
from lms.blueprints.accounts.forms import EmailForm, PasswordForm, ProfileForm
from lms.blueprints.limits import limiter, logged_in_member
from lms.blueprints.reauthentication import go_on_with, proven
from lms.db import transaction
from lms.domain.accounts import actions as accounts
from lms.domain.accounts import queries, sessions
from lms.domain.notices import actions as notices
from lms.queue import enqueue
from lms.ui.agents import device
from lms.ui.preferences import forget_language


@blueprint.get("/account")
@login_required
def show():
    return _account()


@blueprint.post("/account/profile")
@login_required
def change_profile():
    form = ProfileForm(prefix="profile")
    if not form.validate_on_submit():
        return _account(profile=form)
    with transaction():
        accounts.change_profile(current_user, form.name.data, form.locale.data, form.time_zone.data)
    flash(gettext("Your profile is saved."), "done")
    return forget_language(redirect(url_for(".show"), 303))


@blueprint.post("/account/email")
@login_required
@limiter.limit("10 per hour", key_func=logged_in_member)
def change_email():
    form = EmailForm(prefix="email")
    if not form.validate_on_submit():
        return _account(email=form)
    with transaction():
        accounts.confirm_password(current_user, form.password.data)
        accounts.ask_new_email(current_user, form.email.data)
        proof = notices.write_mail(current_user, "new_email", form.email.data)
        warning = notices.write_mail(current_user, "email_change_asked")
    enqueue("mail.send", proof.id)
    enqueue("mail.send", warning.id)
    security_log.happened("new address asked for", current_user)
    return look_into_mailbox(form.email.data)


@blueprint.post("/account/password")
@login_required
@limiter.limit("10 per hour", key_func=logged_in_member)
def change_password():
    form = PasswordForm(current_user, prefix="password")
    if not form.validate_on_submit():
        return _account(password=form)
    with transaction():
        accounts.confirm_password(current_user, form.current.data)
        accounts.change_password(current_user, form.password.data, keep=current_user.session_token)
        tell_of_new_password(current_user)
        token = sessions.prove(current_user.session_token)
    go_on_with(token)
    enqueue("notices.deliver")
    security_log.happened("password changed", current_user)
    flash(gettext("Your password is changed. Every other sign-in has ended."), "done")
    return redirect(url_for(".show"), 303)


@blueprint.post("/account/sign-ins/<int(max=2147483647):session_id>")
@login_required
@proven
def end_session(session_id):
    with transaction():
        sessions.close_own_session(current_user, session_id)
    security_log.happened("sign-in ended", current_user)
    flash(gettext("The sign-in has ended."), "done")
    return redirect(url_for(".show"), 303)


@blueprint.post("/account/sign-ins")
@login_required
@proven
def end_other_sessions():
    with transaction():
        sessions.close_all_sessions(current_user, but=current_user.session_token)
    security_log.happened("other sign-ins ended", current_user)
    flash(gettext("Every other sign-in has ended."), "done")
    return redirect(url_for(".show"), 303)


def _account(**forms):
    """The account page; a form that was refused stands there with what was typed."""
    shown = {
        "profile": ProfileForm(formdata=None, obj=current_user, prefix="profile"),
        "email": EmailForm(formdata=None, prefix="email"),
        "password": PasswordForm(current_user, formdata=None, prefix="password"),
    }
    here = sessions.token_hash(current_user.session_token)
    sign_ins = [(row, device(row.agent), row.token_hash == here) for row in queries.sessions(current_user)]
    return form_page("accounts/show.html", sign_ins=sign_ins, **shown | forms)
