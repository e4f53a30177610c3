"""Sign-up, log-in and mailed links. What a member changes about his own account: own."""

from flask import flash, redirect, request, session, url_for
from flask_babel import get_locale, gettext
from flask_login import current_user, login_required, login_user, logout_user

from lms.blueprints import security_log
from lms.blueprints.accounts import (
    devices,
    own,  # noqa: F401  (its pages are the blueprint's, too)
)
from lms.blueprints.accounts.answers import blueprint, form_page, link_page, look_into_mailbox, member_of, tell_of_new_password, to_log_in
from lms.blueprints.accounts.forms import ForgottenForm, LogInForm, ResetForm, SignUpForm
from lms.blueprints.limits import evenly, limiter, logged_in_member, typed_account
from lms.db import transaction
from lms.domain.accounts import actions as accounts
from lms.domain.accounts import device_sightings, mailed_links, queries, sessions
from lms.domain.ledger import actions as ledger
from lms.domain.notices import actions as notices
from lms.queue import enqueue, queue
from lms.ui import render
from lms.ui.preferences import own_path


@blueprint.route("/sign-up", methods=["GET", "POST"])
@limiter.limit("60 per hour", methods=["POST"])
@limiter.limit("10 per hour", key_func=typed_account, methods=["POST"])
def sign_up():
    form = SignUpForm()
    if not form.validate_on_submit():
        return form_page("accounts/sign_up.html", form=form)
    with evenly():
        _join(form)
    if "next" in request.args:
        session["next"] = own_path(request.args["next"])
    return look_into_mailbox(form.email.data)


def _join(form):
    """A new member with all his accounts, or a mail to the one who has the address already: the asker cannot tell."""
    with transaction():
        user = accounts.sign_up(form.email.data, form.name.data, form.password.data, str(get_locale()), form.time_zone.data)
        holder = ledger.open_member(user) if user else None
        mail = notices.write_mail(user or queries.by_email(form.email.data), "verify" if user else "already_member")
    if holder:
        enqueue("wallets.make", holder.id)
    enqueue("mail.send", mail.id)


@blueprint.get("/mailbox")
def mailbox():
    """Said after sign-up and after a forgotten password, whether the address is known or not."""
    return render("accounts/mailbox.html", address=session.get("address"), is_late=queue.is_down())


@blueprint.route("/verify/<token>", methods=["GET", "POST"])
def verify(token):
    """A button, not the opening itself, proves the address: mail scanners open every link."""
    user = member_of(mailed_links.VERIFY, token)
    if user.is_verified:
        flash(gettext("Your address is confirmed already."), "done")
        return to_log_in(user)
    if request.method == "GET":
        return link_page(user, gettext("Confirm your address"), gettext("Yes, this is my address"))
    with transaction():
        accounts.verify_email(user, user.email)
    flash(gettext("Your address is confirmed."), "done")
    return to_log_in(user)


@blueprint.post("/verify")
@login_required
@limiter.limit("5 per hour", key_func=logged_in_member)
def send_again():
    with transaction():
        mail = notices.write_mail(current_user, "verify")
    enqueue("mail.send", mail.id)
    return look_into_mailbox(current_user.email)


@blueprint.route("/log-in", methods=["GET", "POST"])
@limiter.limit("60 per 5 minutes", methods=["POST"])
@limiter.limit("10 per 5 minutes", key_func=typed_account, methods=["POST"])
def log_in():
    if current_user.is_authenticated:
        return redirect(own_path(request.args.get("next", "/")))
    form = LogInForm(email=session.get("address"))
    if not form.validate_on_submit():
        return form_page("accounts/log_in.html", form=form)
    browser = devices.of_browser()
    with transaction():
        user = accounts.log_in(form.email.data, form.password.data, request.user_agent.string)
        if user:
            device_sightings.see(user, browser, request.remote_addr or "")
    if user is None:
        security_log.refused("log-in refused", account=typed_account()[:16])
        form.form_errors.append(gettext("The address or the password is wrong."))
        return form_page("accounts/log_in.html", form=form)
    security_log.happened("logged in", user, by="password")
    target = own_path(request.args.get("next") or session.get("next") or url_for("admin.index" if user.is_admin else "pages.home"))
    _begin(user)
    return devices.keep(redirect(target, 303), browser)


def _begin(user):
    """A new session of the browser, so that one prepared by somebody else is worth nothing."""
    session.clear()
    login_user(user)
    session.permanent = True


@blueprint.post("/log-out")
def log_out():
    if current_user.is_authenticated:
        security_log.happened("logged out", current_user)
        with transaction():
            sessions.close_session(current_user.session_token)
    logout_user()
    session.clear()
    return _forgotten_by_the_browser(redirect(url_for("pages.home"), 303))


def _forgotten_by_the_browser(response):
    """Nor does it keep a page to go back to: whoever sits there next was not signed in."""
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@blueprint.route("/password/forgotten", methods=["GET", "POST"])
@limiter.limit("60 per hour", methods=["POST"])
@limiter.limit("5 per hour", key_func=typed_account, methods=["POST"])
def forgotten():
    form = ForgottenForm(email=session.get("address"))
    if not form.validate_on_submit():
        return form_page("accounts/forgotten.html", form=form)
    with evenly():
        _mail_if_known(form.email.data, "reset")
        security_log.happened("link to a new password asked for", account=typed_account()[:16])
    return look_into_mailbox(form.email.data)


def _mail_if_known(address, kind):
    user = queries.by_email(address)
    if user is None:
        return
    with transaction():
        mail = notices.write_mail(user, kind)
    enqueue("mail.send", mail.id)


@blueprint.route("/password/<token>", methods=["GET", "POST"])
def reset(token):
    user = member_of(mailed_links.RESET, token)
    form = ResetForm(user)
    if not form.validate_on_submit():
        return form_page("accounts/reset.html", form=form, address=user.email)
    with transaction():
        accounts.reset_password(user, form.password.data)
        tell_of_new_password(user)
    enqueue("notices.deliver")
    security_log.happened("password set by a link", user)
    logout_user()
    flash(gettext("Your password is changed, and every sign-in has ended."), "done")
    return to_log_in(user)


@blueprint.route("/email/<token>", methods=["GET", "POST"])
def take_email(token):
    user = member_of(mailed_links.NEW_EMAIL, token)
    if request.method == "GET":
        return link_page(user, gettext("Use your new address"), gettext("Use %(address)s", address=user.new_email))
    with transaction():
        accounts.take_new_email(user, user.new_email)
    security_log.happened("address changed", user)
    flash(gettext("From now on your address is %(address)s.", address=user.email), "done")
    return to_log_in(user)
