"""Fragments that open pages are sent: name → (template, block, query). Rendered for one member, published on Redis."""

import json
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from flask import current_app, g
from jinja2_fragments.flask import render_block
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.test import EnvironBuilder

from lms import arrivals, presence
from lms.domain.accounts import queries as accounts
from lms.domain.certificates import queries as certificates
from lms.domain.checkout import queries as checkout
from lms.domain.checkout import receipts
from lms.domain.desk import decisions, history, simulations
from lms.domain.governance import backtests
from lms.domain.governance import queries as drafts
from lms.domain.learning import exercise_queries as exercises
from lms.domain.learning.exercises import obstacle
from lms.domain.ledger import queries as ledger
from lms.domain.notices import queries as notices
from lms.domain.onchain import figures
from lms.domain.rulebook import queries as rulebook
from lms.domain.wallet import holders, received, signed_in
from lms.domain.wallet import queries as wallet
from lms.domain.withdrawals import queries as withdrawals
from lms.queue import queue

log = logging.getLogger(__name__)

MANY = 100  # members at once


@dataclass(frozen=True)
class Fragment:
    """`query(user, argument)` gives the block's context, or None when it is none of the member's business."""

    template: str
    block: str
    query: object


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


def _balance_chip(user, _):
    return {"chip_balance": wallet.balance(user.id).available}


def _notices_chip(user, _):
    return {"unread": signed_in.chips(user.id).unread}


def _halt(user, _):
    return {"halted": signed_in.chips(user.id).halted}


def _notices(user, _):
    return {"notices": notices.inbox(user.id)}


def _overview(user, _):
    return {"overview": wallet.overview(user.id)}


def _activity(user, _):
    movements, older = wallet.page_of_movements(user.id)
    return {"movements": movements, "older": older}


def _deposits(user, _):
    own = wallet.wallet_of(user.id)
    return {"arriving": arrivals.at(own.address) if own else [], "deposits": received.of(user.id)}


def _operation(user, argument):
    sight = holders.sight(user, _id(argument))
    return sight and {"sight": sight, "certificates": certificates.issued_by(sight.operation)}


def _receipt(user, argument):
    found = receipts.receipt(user, _id(argument))
    return found and {"receipt": found}


def _withdrawal(user, argument):
    found = withdrawals.own(user.id, _id(argument))
    return found and {"withdrawal": found, **_halt(user, None)}


def _work(user, argument):
    found = exercises.own(user.id, _id(argument))
    if found is None:
        return None
    attempts = exercises.attempts(found.enrolment_id, found.lesson_id)
    goes_on = found.lesson.has_exercise and obstacle(attempts) is None
    return {"attempts": attempts, "rules": rulebook.version(found.enrolment.rule_version), "goes_on_in": found if goes_on else None}


def _company(user, argument):
    found = withdrawals.withdrawal(_id(argument)) if user.is_admin else None
    others = presence.others(f"case:{found.id}", user.id) if found else []
    return found and {"withdrawal": found, "company": sorted(accounts.names(others).values())}


def _case(user, argument):
    found = withdrawals.withdrawal(_id(argument)) if user.is_admin else None
    return found and {"withdrawal": found, "reader": user, "is_party": decisions.is_party(found, user), "history": history.of(found)}


def _simulation(user, argument):
    found = withdrawals.withdrawal(_id(argument)) if user.is_admin else None
    return found and {"withdrawal": found, **simulated(found)}


def simulated(withdrawal):
    """What the blocks of a withdrawal's simulation need beside it; one statement."""
    config = current_app.config
    return {"simulation": simulations.of(withdrawal), "price": config["POL_PRICE_EUR"], "chain_id": config["CHAIN_ID"], "fine": figures.euros}


def _backtest(user, argument):
    draft = drafts.draft(_id(argument)) if user.is_admin else None
    return draft and {"draft": draft, "backtest": backtests.newest(draft.id), "days": backtests.DAYS}


def _sales(user, _):
    return {"sales": checkout.sales_of(user.id), "earned": ledger.euros_of(user.id)}


def _id(argument):
    """The number after the colon; 0, which nothing has, for what a database cannot look up."""
    return int(argument) if argument.isdecimal() and len(argument) < 10 else 0


FRAGMENTS = {
    "balance_chip": Fragment("base.html", "balance_chip", _balance_chip),
    "notices_chip": Fragment("base.html", "notices_chip", _notices_chip),
    "halt": Fragment("base.html", "halt", _halt),
    "notices": Fragment("notices/index.html", "notices", _notices),
    "balance": Fragment("wallet/show.html", "balance", _overview),
    "activity": Fragment("wallet/show.html", "activity", _activity),
    "deposits": Fragment("wallet/deposit.html", "deposits", _deposits),
    "address": Fragment("wallet/show.html", "address", _overview),
    "withdrawal": Fragment("withdrawals/show.html", "withdrawal", _withdrawal),
    "receipt": Fragment("checkout/show.html", "receipt", _receipt),
    "operation": Fragment("operations/show.html", "operation", _operation),
    "work": Fragment("exercises/show.html", "work", _work),
    "company": Fragment("admin/case.html", "company", _company),
    "simulation": Fragment("admin/case.html", "simulation", _simulation),
    "verdict": Fragment("admin/case.html", "verdict", _simulation),
    "case": Fragment("admin/case.html", "case", _case),
    "backtest": Fragment("admin/rulebook_draft.html", "backtest", _backtest),
    "sales": Fragment("teaching/sales.html", "sales", _sales),
}
