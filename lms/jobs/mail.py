"""Mail that actions wrote goes out here. The secret link is made at this moment and stands nowhere else."""

import logging

from flask import current_app, g, render_template, url_for

from lms.db import transaction
from lms.domain.accounts import mailed_links
from lms.domain.notices import actions as notices
from lms.domain.notices import queries
from lms.gateways import mail as gateway
from lms.queue import enqueue

log = logging.getLogger(__name__)

# kind of mail → (what its link proves, the page that reads it)
LINKS = {
    "verify": (mailed_links.VERIFY, "accounts.verify"),
    "reset": (mailed_links.RESET, "accounts.reset"),
    "new_email": (mailed_links.NEW_EMAIL, "accounts.take_email"),
}


def send(mail_id):
    """Send one mail, once: whoever holds its row sends it, and a failure is tried again by the sweep.

    Who dies between the server's word and the commit has not marked it, and it goes out once more: twice is better than never."""
    with transaction():
        if not notices.count_try(mail_id):
            return
    with transaction():
        mail = notices.claim(mail_id)
        if mail is None:
            return
        try:
            gateway.from_url(current_app.config["MAIL_URL"], current_app.config["MAIL_FROM"]).send(_letter(mail))
        except gateway.NotSent as error:
            log.warning("mail not sent", extra={"mail": mail_id, "kind": mail.kind, "tries": mail.tries, "reason": str(error)})
            notices.mark_failed(mail, str(error))
            return
        notices.mark_sent(mail)


def sweep():
    """Ask again for what waits, each in a job of its own: Redis or the mail server was down."""
    for mail_id in queries.waiting():
        enqueue("mail.send", mail_id)


def _letter(mail):
    """The mail in its member's language, in a context of its own so that nothing of it stays behind."""
    with current_app.app_context(), current_app.test_request_context(base_url=current_app.config["BASE_URL"]):
        g.viewer = mail.user
        context = {"mail": mail, "link": _link(mail)}
        subject, _, text = render_template(f"mail/{mail.kind}.txt", **context).strip().partition("\n")
        html = render_template(f"mail/{mail.kind}.html", subject=subject.strip(), **context)
    return gateway.Letter(mail.address, subject.strip(), text.strip() + "\n", html)


def _link(mail):
    if mail.kind not in LINKS:
        return None
    purpose, endpoint = LINKS[mail.kind]
    return url_for(endpoint, token=mailed_links.make(current_app.config["SECRET_KEY"], purpose, mail.user, mail.address), _external=True)
