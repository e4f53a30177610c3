"""Approved payouts handed to the bank as one file, and what the bank did with it."""

import secrets
from collections.abc import Sequence
from hashlib import sha256

from sqlalchemy import Select

from lms import clock
from lms.db import db, in_turn
from lms.domain.accounts import membership
from lms.domain.accounts.models import User
from lms.domain.audit import log
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as books
from lms.domain.ledger.balance_parts import EUR
from lms.domain.ledger.keys import made
from lms.domain.withdrawals import bank_file_queries as queries
from lms.domain.withdrawals import halt, payouts
from lms.domain.withdrawals import payout_steps as steps
from lms.domain.withdrawals.bank_file_models import BankFile, BankFileLine
from lms.domain.withdrawals.payout_models import Payout
from lms.errors import DomainError, Forbidden
from lms.formats import sepa


def export(key: str, by: User, payer: sepa.Payer) -> BankFile:
    """The BankFile of all that queries.ready answers, once per key; `payer` is a sepa.Payer. Raises DomainError where there is none, or payouts are stopped."""
    _check(by)
    in_turn("bank files")  # the same form sent twice finds here what it has made
    if first := made(BankFile, key, by_id=by.id):
        return first
    found = _locked(queries.ready(by))
    halt.check()
    if not found:
        raise DomainError("No approved payout waits for a bank file.")
    bank_file = _write(key, by, payer, found)
    for payout in found:
        payout.state = "exported"
    facts = dict(message_id=bank_file.message_id, count=bank_file.count, amount=bank_file.total, sha256=bank_file.sha256)
    log.record("bank file exported", f"bank-file {bank_file.id}", by, payouts=[payout.id for payout in found], **facts)
    return bank_file


def hand_out(bank_file: BankFile, by: User) -> bytes:
    """Its bytes as they were written, each time noted: they name where members have their money. Raises DomainError while payouts are stopped: a bank would pay by them."""
    _check(by)
    halt.check()
    log.record("bank file saved", f"bank-file {bank_file.id}", by, message_id=bank_file.message_id)
    return bank_file.content


def mark_paid(bank_file: BankFile, by: User, reference: str) -> int:
    """The bank has paid all of it that nobody has marked yet, under one reference; what is the admin's own waits for another. How many they were."""
    payouts.check_reference(reference)
    found = _at_the_bank(bank_file, by)
    halt.check()
    _lock_accounts(found)
    for payout in found:
        payouts.mark_paid(payout, by, reference)
    return len(found)


def mark_returned(bank_file: BankFile, by: User, reason: str) -> int:
    """The bank has refused all of it that nobody has marked yet, with one reason that each member reads; the rest as mark_paid, but also while payouts are stopped."""
    payouts.check_reason(reason)
    found = _at_the_bank(bank_file, by)
    _lock_accounts(found)
    for payout in found:
        payouts.mark_returned(payout, by, reason)
    return len(found)


def _at_the_bank(bank_file: BankFile, by: User) -> Sequence[Payout]:
    _check(by)
    if found := _locked(queries.at_the_bank(bank_file, by)):
        return found
    raise DomainError("Nothing of this file waits for the bank that you may mark.")


def _lock_accounts(found: Sequence[Payout]) -> None:
    members = [steps.account(payout, name) for payout in found for name in ("requested", "available")]
    ledger.lock(books.platform(EUR, "bank"), *members)


def _check(by: User) -> None:
    if not membership.keeps_word(by):
        raise Forbidden("Only admins deal with bank files.")


def _locked(rows: Select[Payout]) -> Sequence[Payout]:
    """The Payouts as they are now, in the order of their ids."""
    return db.session.scalars(rows.with_for_update(key_share=True, of=Payout).execution_options(populate_existing=True)).all()


def _write(key: str, by: User, payer: sepa.Payer, found: Sequence[Payout]) -> BankFile:
    now = clock.now()
    message_id = f"PAYOUTS-{now:%Y%m%d}-{secrets.token_hex(6).upper()}"
    transfers = [_transfer(payout, payer) for payout in found]
    content = sepa.write(payer, transfers, message_id, now)
    facts = dict(count=len(found), total=sum(payout.amount for payout in found), sha256=sha256(content).hexdigest(), content=content)
    bank_file = BankFile(key=key, message_id=message_id, by_id=by.id, exported_at=now, payer_iban=payer.iban, **facts)
    db.session.add(bank_file)
    db.session.flush()
    db.session.add_all(_line(bank_file, payout, transfer) for payout, transfer in zip(found, transfers, strict=True))
    db.session.flush()
    return bank_file


def _transfer(payout: Payout, payer: sepa.Payer) -> sepa.CreditTransfer:
    details = payout.details
    return sepa.CreditTransfer(f"PAYOUT-{payout.id}", details.legal_name, details.iban, payout.amount, f"{payer.name} payout {payout.id}")


def _line(bank_file: BankFile, payout: Payout, transfer: sepa.CreditTransfer) -> BankFileLine:
    name = sepa.plain(transfer.name)
    return BankFileLine(payout_id=payout.id, file_id=bank_file.id, end_to_end_id=transfer.end_to_end_id, name=name, iban=transfer.iban, amount=transfer.amount)
