"""What members were told, brought to them."""

from lms import live
from lms.db import transaction
from lms.domain.notices import actions, delivery, queries
from lms.queue import enqueue


def deliver():
    """Push what is new to open pages, then write its mails and mark it: a worker that dies between the two pushes once more, and loses nothing."""
    found = queries.undelivered()
    if not found:
        return
    for user_id in live.listening({user_id for _, user_id in found}):
        live.push(user_id, "notices_chip", "notices")
    with transaction():
        mails = delivery.deliver([notice_id for notice_id, _ in found])
    for mail_id in mails:
        enqueue("mail.send", mail_id)


def forget():
    with transaction():
        actions.forget()
