"""Fragments that open pages are sent: name → (template, block, query). Rendered for one member, published on Redis."""

import json
import logging
from dataclasses import dataclass

from flask import current_app, g
from flask_babel import force_locale
from jinja2_fragments.flask import render_block
from redis.exceptions import RedisError

from lms.domain.accounts import queries as accounts
from lms.domain.wallet import queries as wallet
from lms.queue import queue

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fragment:
    """`query(user, argument)` gives the block's context, or None when it is none of the member's business."""

    template: str
    block: str
    query: object


def channel(user_id):
    """The Redis channel of a member's pages."""
    return f"live:{user_id}"


def push(user_id, *names):
    """Publish fragments ("balance", "receipt:7") to the member's open pages. Called after the commit; never raises for Redis."""
    user = accounts.by_id(user_id)
    for name in names:
        html = show(user, name)
        if html is None:
            continue
        try:
            queue.redis.publish(channel(user_id), json.dumps({"name": name, "html": html}))
        except RedisError as error:
            log.warning("fragment not pushed", extra={"fragment": name, "error": type(error).__name__})
            return


def show(user, name):
    """The fragment as the message of a stream: it finds its place by the id of its block. None: not for this member."""
    noun, _, argument = name.partition(":")
    fragment = FRAGMENTS.get(noun)
    if fragment is None:
        return None
    with current_app.test_request_context(base_url=current_app.config["BASE_URL"]):
        g.viewer = user
        context = fragment.query(user, argument)
        if context is None:
            return None
        with force_locale(user.locale):
            html = render_block(fragment.template, fragment.block, **context)
    return f'<hx-partial hx-target="#{fragment.block.replace("_", "-")}" hx-swap="outerHTML">{html}</hx-partial>'


def _balance(user, argument):
    return {"balance": wallet.balance(user.id)}


FRAGMENTS = {
    "balance_chip": Fragment("base.html", "balance_chip", lambda user, _: {"chip_balance": wallet.balance(user.id).available}),
}
