"""Fragments pushed to open pages: rendered for one member, published on Redis. Which there are: live_fragments."""

import json
import logging
from contextlib import contextmanager
from functools import cache

from flask import current_app, g
from jinja2_fragments.flask import render_block
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.test import EnvironBuilder

from lms.domain.accounts import queries as accounts
from lms.live_fragments import FRAGMENTS
from lms.queue import queue

log = logging.getLogger(__name__)

BALANCE = ("balance_chip", "balance", "activity")  # fragments that show what a member has, and what it came of
MANY = 100  # members at once


def push(user_id, *names):
    """Publish fragments ("balance", "receipt:7") to the member's open pages. Called after the commit, which it must never make fail.

    It takes a database connection of its own: a caller that still holds one may wait for itself."""
    try:
        order = moment()
        messages = [json.dumps({"name": name, "order": order, "html": html}) for name, html in shown(user_id, names).items()]
        pipeline = queue.redis.pipeline(transaction=False)
        for message in messages:
            pipeline.publish(channel(user_id), message)
        pipeline.execute()
    except (RedisError, SQLAlchemyError) as error:
        log.warning("fragments not pushed", extra={"fragments": names, "error": type(error).__name__})


def push_to_all(*names):
    """The same to everybody who has a page open."""
    try:
        heard = [name.rpartition(b":")[2] for name in queue.redis.pubsub_channels(channel("*"))]
    except RedisError as error:
        return log.warning("fragments not pushed", extra={"fragments": names, "error": type(error).__name__})
    for number in filter(bytes.isdigit, heard):  # a process listens on a channel of its own, too
        push(int(number), *names)
    return None


def listening(user_ids):
    """Those of the members who have a page open: before it reads its first blocks it hears its channel, so none misses what was committed by now.

    Ask where news are for many: what is rendered for nobody costs more than what the news are of."""
    channels = {channel(user_id).encode(): user_id for user_id in user_ids}
    try:
        return [channels[heard] for heard in _heard(channels)]
    except RedisError as error:
        log.warning("nobody is told", extra={"error": type(error).__name__})
        return []


def _heard(channels):
    """Those of the channels that somebody hears: where there are many, all that are heard at all are fewer."""
    if len(channels) > MANY:
        return channels.keys() & queue.redis.pubsub_channels(channel("*"))
    return [heard for heard, count in queue.redis.pubsub_numsub(*channels) if count] if channels else []


def channel(user_id):
    """The Redis channel of a member's pages."""
    return f"live:{user_id}"


def moment():
    """Microseconds by the clock of Redis, taken before the database is read: of two renderings the later one is at least as new."""
    seconds, microseconds = queue.redis.time()
    return seconds * 1_000_000 + microseconds


def shown(user_id, names):
    """{name: HTML} of what the member may see, in his language, rendered outside of any page; nothing stays open behind it."""
    with _nobodys_request():
        g.viewer = accounts.by_id(user_id)
        return show(g.viewer, names) if g.viewer else {}


def show(user, names):
    """{name: HTML} of what the member may see, in the language of the context."""
    found = {name: _show(user, *name.partition(":")[::2]) for name in names}
    return {name: html for name, html in found.items() if html is not None}


def is_known(name):
    """Whether there is such a fragment, for somebody."""
    return name.partition(":")[0] in FRAGMENTS


@contextmanager
def _nobodys_request():
    """A request no browser sent, with a `g` and a database session of its own: addresses, language and macros work in it."""
    app = current_app._get_current_object()
    with app.app_context(), app.request_context(dict(_environ(app.config["BASE_URL"]))):
        yield


@cache
def _environ(base_url):
    return EnvironBuilder(base_url=base_url).get_environ()


def _show(user, noun, argument):
    """The fragment finds its place by the id of its block."""
    fragment = FRAGMENTS.get(noun)
    context = fragment.query(user, argument) if fragment else None
    if context is None:
        return None
    html = render_block(fragment.template, fragment.block, **context)
    return f'<hx-partial hx-target="#{fragment.block.replace("_", "-")}" hx-swap="outerMorph">{html}</hx-partial>'
