"""What a member earned in free courses: his list, a page for each that whoever has its address may see, and its picture to keep."""

from flask import Blueprint
from flask_login import current_user, login_required

from lms.blueprints.badges import picture
from lms.blueprints.paging import page_number
from lms.domain.certificates import badges
from lms.errors import NotFound
from lms.ui import download, render

blueprint = Blueprint("badges", __name__, url_prefix="/badges")


@blueprint.get("")
@login_required
def index():
    return render("badges/index.html", "badges", badges=badges.of_member(current_user.id, page_number()))


@blueprint.get("/<code>")
def show(code):
    return render("badges/show.html", badge=_badge_or_404(code))


@blueprint.get("/<code>.svg")
def file(code):
    badge = _badge_or_404(code)
    answer = download(picture.drawn(badge), f"badge-{badge.course.slug}.svg", "image/svg+xml")
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"  # names and titles are other people's words
    return answer


def _badge_or_404(code):
    badge = badges.by_code(code)
    if badge is None:
        raise NotFound("There is no such badge.")
    return badge
