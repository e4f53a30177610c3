"""Home, what we promise, and in the demo the mail that would have gone out."""

from datetime import timedelta

from flask import Blueprint, current_app
from flask_babel import get_locale
from flask_login import current_user

from lms import clock
from lms.domain.checkout import queries as checkout
from lms.domain.courses import queries as courses
from lms.domain.learning import queries as learning
from lms.domain.ledger import queries as ledger
from lms.domain.rulebook import queries as rulebook
from lms.domain.wallet import queries as wallet
from lms.gateways import mail
from lms.ui import render

TAUGHT = 5

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def home():
    if not current_user.is_authenticated:
        return render("pages/welcome.html", newest=courses.newest(3), rules=rulebook.in_force())
    return render(
        "pages/home.html",
        enrolment=learning.to_continue(current_user.id),
        balance=wallet.balance(current_user.id),
        newest=courses.newest(4, learning.marking_enrolled(current_user)),
        sold=_sold() if current_user.is_teacher else None,
    )


def _sold():
    """What a teacher looks for first: the courses and what they brought, in cents."""
    earned = ledger.euros_of(current_user.id)
    share = checkout.sold_since(current_user.id, clock.now() - timedelta(days=1))
    facts = dict(share=share, maturing=earned.get("maturing", 0), available=earned.get("available", 0))
    return facts | {"courses": courses.taught_by(current_user).items[:TAUGHT]}


@blueprint.get("/terms")
def terms():
    return render("pages/terms.html", text=f"pages/terms.{_language()}.html")


@blueprint.get("/privacy")
def privacy():
    return render("pages/privacy.html", text=f"pages/privacy.{_language()}.html")


def _language():
    return "it" if get_locale().language == "it" else "en"


@blueprint.record
def _open_outbox(state):
    """Its letters hold secret links: only the demo and tests may have this page."""
    settings = state.app.config
    if settings["ENVIRONMENT"] != "production" and settings["MAIL_URL"].startswith("outbox:"):
        state.add_url_rule("/outbox", "outbox", outbox)


def outbox():
    letters = mail.from_url(current_app.config["MAIL_URL"], current_app.config["MAIL_FROM"]).newest()
    return render("pages/outbox.html", letters=[(letter, letter.text.strip().split("\n\n")) for letter in letters])
