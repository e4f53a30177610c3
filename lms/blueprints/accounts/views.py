"""Sign-up, log-in, mailed links, and what a member may change about the account."""

from flask import Blueprint, current_app, flash, redirect, request, session, url_for
from flask_babel import get_locale, gettext
from flask_login import current_user, login_required, login_user, logout_user

from lms.blueprints import events
from lms.blueprints.accounts import devices
from lms.blueprints.accounts.forms import EmailForm, ForgottenForm, LogInForm, PasswordForm, ProfileForm, ResetForm, SignUpForm
from lms.blueprints.limits import evenly, limiter, logged_in_member, typed_account
from lms.blueprints.reauthentication import go_on_with, proven
from lms.db import transaction
from lms.domain.accounts import actions as accounts
from lms.domain.accounts import device_sightings, mailed_links, queries, sessions
from lms.domain.ledger import actions as ledger
from lms.domain.notices import actions as notices
from lms.queue import enqueue, queue
from lms.ui import render
from lms.ui.agents import device
from lms.ui.preferences import forget_language, own_path

blueprint = Blueprint("accounts", __name__)


@blueprint.route("/sign-up", methods=["GET", "POST"])
@limiter.limit("60 per hour", methods=["POST"])
@limiter.limit("10 per hour", key_func=typed_account, methods=["POST"])
def sign_up():
    form = SignUpForm()
    if not form.validate_on_submit():
        return _form("accounts/sign_up.html", form=form)
    with evenly():
        _join(form)
    if "next" in request.args:
        session["next"] = own_path(request.args["next"])
    return _look_into_mailbox(form.email.data)


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
    user = _member_of(mailed_links.VERIFY, token)
    if user.is_verified:
        flash(gettext("Your address is confirmed already."), "done")
        return _to_log_in(user)
    if request.method == "GET":
        return _link_page(user, gettext("Confirm your address"), gettext("Yes, this is my address"))
    with transaction():
        accounts.verify_email(user, user.email)
    flash(gettext("Your address is confirmed."), "done")
    return _to_log_in(user)


@blueprint.post("/verify")
@login_required
@limiter.limit("5 per hour", key_func=logged_in_member)
def send_again():
    with transaction():
        mail = notices.write_mail(current_user, "verify")
    enqueue("mail.send", mail.id)
    return _look_into_mailbox(current_user.email)


@blueprint.route("/log-in", methods=["GET", "POST"])
@limiter.limit("60 per 5 minutes", methods=["POST"])
@limiter.limit("10 per 5 minutes", key_func=typed_account, methods=["POST"])
def log_in():
    if current_user.is_authenticated:
        return redirect(own_path(request.args.get("next", "/")))
    form = LogInForm(email=session.get("address"))
    if not form.validate_on_submit():
        return _form("accounts/log_in.html", form=form)
    browser = devices.of_browser()
    with transaction():
        user = accounts.log_in(form.email.data, form.password.data, request.user_agent.string)
        if user:
            device_sightings.see(user, browser, request.remote_addr or "")
    if user is None:
        events.refused("log-in refused", account=typed_account()[:16])
        form.form_errors.append(gettext("The address or the password is wrong."))
        return _form("accounts/log_in.html", form=form)
    events.happened("logged in", user, by="password")
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
        events.happened("logged out", current_user)
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
        return _form("accounts/forgotten.html", form=form)
    with evenly():
        _mail_if_known(form.email.data, "reset")
        events.happened("link to a new password asked for", account=typed_account()[:16])
    return _look_into_mailbox(form.email.data)


def _mail_if_known(address, kind):
    user = queries.by_email(address)
    if user is None:
        return
    with transaction():
        mail = notices.write_mail(user, kind)
    enqueue("mail.send", mail.id)


@blueprint.route("/password/<token>", methods=["GET", "POST"])
def reset(token):
    user = _member_of(mailed_links.RESET, token)
    form = ResetForm(user)
    if not form.validate_on_submit():
        return _form("accounts/reset.html", form=form, address=user.email)
    with transaction():
        accounts.reset_password(user, form.password.data)
        _tell_of_new_password(user)
    enqueue("notices.deliver")
    events.happened("password set by a link", user)
    logout_user()
    flash(gettext("Your password is changed, and every sign-in has ended."), "done")
    return _to_log_in(user)


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
    events.happened("new address asked for", current_user)
    return _look_into_mailbox(form.email.data)


@blueprint.route("/email/<token>", methods=["GET", "POST"])
def take_email(token):
    user = _member_of(mailed_links.NEW_EMAIL, token)
    if request.method == "GET":
        return _link_page(user, gettext("Use your new address"), gettext("Use %(address)s", address=user.new_email))
    with transaction():
        accounts.take_new_email(user, user.new_email)
    events.happened("address changed", user)
    flash(gettext("From now on your address is %(address)s.", address=user.email), "done")
    return _to_log_in(user)


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
        _tell_of_new_password(current_user)
        token = sessions.prove(current_user.session_token)
    go_on_with(token)
    enqueue("notices.deliver")
    events.happened("password changed", current_user)
    flash(gettext("Your password is changed. Every other sign-in has ended."), "done")
    return redirect(url_for(".show"), 303)


def _tell_of_new_password(user):
    """In the transaction that changed it."""
    at = user.password_changed_at.isoformat()
    notices.tell(user.id, "password changed", at, at=at)


@blueprint.post("/account/sign-ins/<int(max=2147483647):session_id>")
@login_required
@proven
def end_session(session_id):
    with transaction():
        sessions.close_own_session(current_user, session_id)
    events.happened("sign-in ended", current_user)
    flash(gettext("The sign-in has ended."), "done")
    return redirect(url_for(".show"), 303)


@blueprint.post("/account/sign-ins")
@login_required
@proven
def end_other_sessions():
    events.happened("other sign-ins ended", current_user)
    with transaction():
        sessions.close_all_sessions(current_user, but=current_user.session_token)
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
    return _form("accounts/show.html", sign_ins=sign_ins, **shown | forms)


def _form(template, **context):
    return render(template, **context), 422 if request.method == "POST" else 200


def _member_of(purpose, token):
    return mailed_links.read(current_app.config["SECRET_KEY"], purpose, token)


def _link_page(user, title, button):
    return render("accounts/link.html", user=user, title=title, button=button)


def _look_into_mailbox(address):
    session["address"] = address
    return redirect(url_for("accounts.mailbox"), 303)


def _to_log_in(user):
    if current_user.is_authenticated:
        return redirect(url_for("pages.home"), 303)
    session["address"] = user.email
    return redirect(url_for("accounts.log_in"), 303)
