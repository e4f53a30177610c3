"""Members as the bench needs them: signed in, with a history in the ledger and on the chain."""

import secrets
from datetime import timedelta
from types import SimpleNamespace

from flask import current_app

from lms import clock
from lms.db import db
from lms.domain.accounts import sessions
from lms.domain.accounts.models import User
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.ledger.balance_parts import TEO
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import deployments
from lms.domain.rewards import actions as rewards
from lms.domain.wallet import actions as wallet

COURSE = "How a chain of blocks keeps a promise"
MATURED, MATURING = 22, 6  # rewards; each that matured moved twice, so that 50 transfers stand in the ledger
BATCH = 5  # rewards a settlement


def member(name, role="student"):
    """A verified member. He cannot log in by a password, of which making a hash takes too long for a thousand."""
    now = clock.now()
    user = User(email=f"{name}@example.org", name=name.title(), password_hash="none", role=role, created_at=now, verified_at=now)
    user.teacher_since = now if role == "teacher" else None
    db.session.add(user)
    db.session.flush()
    ledger.open_member(user)
    return user


def cookie(user):
    """What the browser of the member sends once he is signed in and has seen a page with a form."""
    signer = current_app.session_interface.get_signing_serializer(current_app)
    signed_in = signer.dumps({"_user_id": sessions.open_session(user), "_fresh": True, "csrf_token": secrets.token_hex(20)})
    return f"{current_app.config['SESSION_COOKIE_NAME']}={signed_in}"


def give_history(user):
    """Fifty transfers, brought to a chain in batches that are mined."""
    deployment = deployments.begin_deployment(31337, "0x" + "0" * 64, _hex(2, 40))
    deployments.record_contract(deployment, "TeoCoin", _hex(1, 40), SimpleNamespace(nonce=0, raw=b"raw", tx_hash=_hex(3, 64)))
    sealed = SimpleNamespace(address=_hex(user.id, 40), ciphertext=b"sealed", wrapped_key=b"sealed", kek_version=1)
    wallet.keep_wallet(books.holder_of(user.id).id, sealed)
    for number in range(MATURED + MATURING):
        _reward(user, number)
        if number % BATCH == BATCH - 1:
            settle(number)


def _reward(user, number):
    kind = "purchase" if number % 7 == 0 else "lesson"
    evidence = {"course": COURSE} | ({"order": number} if kind == "purchase" else {"lesson": f"Lesson {number}"})
    source, target = books.platform(TEO, "issuance"), books.member(user.id, TEO, "maturing")
    transfer = ledger.post(f"bench:{number}", source, target, 1_000_000 + number * 10_000, kind, evidence=evidence, rule_version=1)
    matures_in = timedelta(days=14, hours=number) if number >= MATURED else timedelta()
    rewards.keep_maturing(transfer, user.id, clock.now() + matures_in)
    rewards.mature(transfer.id)


def settle(number):
    """All that no entry covers is brought to the chain by an operation that is mined."""
    operation = wallet.open_batch()
    operation.state = "sent"
    hashes = dict(tx_hash=_hex(number, 64), block_hash=_hex(number, 64))
    onchain.mark_mined(operation, SimpleNamespace(block_number=number, gas_used=80_000, effective_gas_price=10**9, **hashes))
    onchain.close_entries(operation)


def _hex(number, digits):
    return f"0x{number:0{digits}x}"
