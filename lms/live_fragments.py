"""What open pages are sent: fragment name → (template, block, query). How they are sent: live."""

from dataclasses import dataclass

from flask import current_app

from lms import pending_deposits, presence
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
from lms.domain.wallet import deposit_queries, holders, signed_in
from lms.domain.wallet import queries as wallet
from lms.domain.withdrawals import queries as withdrawals


@dataclass(frozen=True)
class Fragment:
    """`query(user, argument)` gives the block's context, or None when it is none of the member's business."""

    template: str
    block: str
    query: object


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
    return {"arriving": pending_deposits.at(own.address) if own else [], "deposits": deposit_queries.of(user.id)}


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
