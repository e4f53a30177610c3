"""What a member has, where it stands, what moved, and the proof that it is counted."""

import json
from datetime import date
from functools import cache

from flask import Blueprint, abort, current_app, g, request, send_file, session
from flask_login import current_user, login_required
from werkzeug.local import LocalProxy

from lms import chain_observations, pending_deposits
from lms.blueprints.paging import page_number
from lms.domain.onchain import queries as onchain
from lms.domain.rulebook import queries as rulebook
from lms.domain.wallet import deposit_queries, signed_in, solvency
from lms.domain.wallet import queries as wallet
from lms.errors import NotFound
from lms.formats import solvency_proof
from lms.ui import PRIVATE, download, evidence, render

blueprint = Blueprint("wallet", __name__)


@blueprint.get("/wallet")
def show():
    """Most of what it takes is waiting for answers, so the sign-in is checked by the statement that reads the page."""
    before = request.args.get("before", type=_transfer_id)
    found = signed_in.page_of_sign_in(session.get("_user_id", ""), before or wallet.NEWEST)
    if found is None:
        return current_app.login_manager.unauthorized()
    g.member, overview, (movements, older), chips = found
    shown = dict(movements=movements, older=older, chip_balance=chips.available, unread=chips.unread, halted=chips.halted)
    if before:
        return render("wallet/older.html", "activity", **shown)
    return render("wallet/show.html", "activity", overview=overview, **shown)


@blueprint.get("/wallet/movements/<int(max=4611686018427387903):movement_id>")
@login_required
def movement(movement_id):
    found = wallet.movement(current_user.id, movement_id)
    if found is None:
        raise NotFound("There is no such movement.")
    rules = rulebook.version(found.rule_version) if found.rule_version else None
    return render("wallet/evidence.html", "evidence", movement=found, rules=rules, **evidence.said(found, rules))


@blueprint.get("/wallet/deposit")
@login_required
def deposit():
    own = wallet.wallet_of(current_user.id)
    facts = dict(arriving=pending_deposits.at(own.address) if own else [], deposits=deposit_queries.of(current_user.id, page_number()))
    return render("wallet/deposit.html", "deposits", own=own, deployment=onchain.deployment(), **facts)


@blueprint.get("/wallet/balance.json")
def balance():
    """The parts of the balance in millionths of TEO. It is asked often, so the sign-in is checked by the same statement."""
    found = signed_in.balance_of_sign_in(session.get("_user_id", ""))
    if found is None:
        abort(401)
    return current_app.response_class(json.dumps(found.as_dict()), content_type="application/json", headers={"Cache-Control": PRIVATE})


@blueprint.get("/wallet/proof")
@login_required
def proof():
    """The member's part in the newest count, or in that of the day asked for; the browser checks it by itself."""
    trees = solvency.recent()
    tree = _tree(trees) if trees else None
    own = wallet.wallet_of(current_user.id)
    facts = dict(proof=tree and solvency.proof(current_user.id, tree), seen=own and chain_observations.of(own.address))
    return render("wallet/proof.html", trees=trees, tree=tree, **facts)


@blueprint.get("/wallet/proof.json")
@login_required
def proof_file():
    found = solvency.proof(current_user.id, _tree(solvency.recent()))
    if found is None:
        raise NotFound("There is no proof of yours for this day.")
    return download(solvency_proof.write(found).encode(), f"teo-proof-{found.day}.json", "application/json")


@blueprint.get("/wallet/proof.py")
def verifier():
    """The program that checks a proof offline, for anybody to read."""
    return send_file(solvency_proof.__file__, mimetype="text/x-python", as_attachment=True, max_age=0)


@blueprint.app_context_processor
def chip():
    """Balance and unread notices in the page's head, and whether payouts are stopped, by one statement when the page shows them and has not read them itself."""
    read = cache(lambda: signed_in.chips(current_user.id))
    return {name: LocalProxy(lambda part=part: getattr(read(), part)) for name, part in (("chip_balance", "available"), ("unread", "unread"), ("halted", "halted"))}


def _transfer_id(text):
    number = int(text)
    if not 0 < number < 2**62:
        raise ValueError(text)
    return number


def _tree(trees):
    """The tree of the day asked for, or the newest."""
    day = request.args.get("day", type=date.fromisoformat)
    found = next((tree for tree in trees if day in (None, tree.day)), None)
    if found is None:
        raise NotFound("There is no proof of yours for this day.")
    return found
