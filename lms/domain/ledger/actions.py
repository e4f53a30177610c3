"""The one primitive, post, and the accounts it moves amounts between."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, Integer, String, and_, any_, bindparam, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert

from lms import clock
from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.ledger.balance_parts import CUSTODY, DEBT, MEMBER_ACCOUNTS, PLATFORM_ACCOUNTS, TEO, TREASURY_CUSTODY
from lms.domain.ledger.keys import KeyReused
from lms.domain.ledger.models import Account, Holder, Transfer
from lms.domain.rulebook import queries as rulebook
from lms.errors import DomainError

LARGEST = 2**63 - 1


class Overdraft(DomainError):
    """An account would get the wrong sign."""


def post(
    key: str,
    source: Account,
    target: Account,
    amount: int,
    reason: str,
    *,
    evidence: dict[str, Any],
    rule_version: int | None = None,
    repays: bool = True,
) -> Transfer:
    """Move `amount` (a whole number > 0 of the asset's smallest unit) once per key.

    Answers the transfer; the same key with the same body answers the first one, with another body raises KeyReused.
    Raises Overdraft when an account would get the wrong sign. `reason` is a word the wallet page knows, `evidence` what it was decided by, a dict that is JSON and not empty;
    `rule_version` None is the version in force. What it credits to a member repays his debt in this asset first (see _is_credit), by a transfer of its own that follows;
    `repays` False is for what only takes the place of tokens he lost.
    """
    _check(source, target, amount, evidence)
    repays = repays and _is_credit(source, target)
    debts = _lock([source, target], [target] if repays else [])
    if not (_bears(source, -amount) and _bears(target, amount)):
        return _same(key, source, target, amount, reason)
    transfer_id = db.session.scalar(_insertion(key, source, target, amount, reason, evidence, rule_version))
    if transfer_id is None:
        return _same(key, source, target, amount, reason)
    source.balance -= amount
    target.balance += amount
    db.session.flush()
    transfer = db.session.get_one(Transfer, transfer_id)
    if repays:
        _repay(transfer, target, debts)
    return transfer


def reverse(key: str, transfer: Transfer, reason: str) -> Transfer:
    """A correction: the same amount back, by the rules it was made by."""
    return post(key, transfer.target, transfer.source, transfer.amount, reason, evidence={"reverses": transfer.key}, rule_version=transfer.rule_version)


def lock(*accounts: Account) -> None:
    """Lock the rows in id order and read them anew, the debts of their members too, as a credit repays.

    A verb with several transfers locks all of their accounts first."""
    _lock(accounts, accounts)


def open_platform() -> None:
    """The treasury's holder and the platform's accounts. May run twice."""
    db.session.execute(insert(Holder).values(user_id=None).on_conflict_do_nothing())
    holder = db.session.scalars(select(Holder).where(Holder.user_id.is_(None))).one()
    _open(PLATFORM_ACCOUNTS, TREASURY_CUSTODY, holder)


def open_member(user: User) -> Holder:
    """The member's holder and all his accounts, at sign-up. May run twice."""
    db.session.execute(insert(Holder).values(user_id=user.id).on_conflict_do_nothing())
    holder = db.session.scalars(select(Holder).where(Holder.user_id == user.id)).one()
    _open(MEMBER_ACCOUNTS, CUSTODY, holder)
    return holder


def _open(plan: Mapping[str, Mapping[str, int]], custody: Collection[str], holder: Holder) -> None:
    rows = [
        dict(
            user_id=holder.user_id,
            holder_id=holder.id if asset == TEO and name in custody else None,
            name=name,
            asset=asset,
            sign=sign,
        )
        for asset, names in plan.items()
        for name, sign in names.items()
    ]
    db.session.execute(insert(Account).values(rows).on_conflict_do_nothing())


def _lock(accounts: Sequence[Account], credited: Sequence[Account]) -> dict[tuple[int | None, str], Account]:
    """The debts of those credited, by member and asset: locked with the accounts."""
    ids, assets = [account.id for account in accounts], [account.asset for account in accounts]
    members = [account.user_id for account in credited if account.user_id is not None]
    rows = db.session.scalars(_LOCKED, {"ids": ids, "assets": assets, "members": members}).all()
    return {(row.user_id, row.asset): row for row in rows if row.name == DEBT}


def _check(source: Account, target: Account, amount: int, evidence: dict[str, Any]) -> None:
    if type(amount) is not int or not 0 < amount <= LARGEST:
        raise ValueError("an amount is a whole number above zero")
    if source.id == target.id or source.asset != target.asset:
        raise ValueError("a transfer goes between two accounts of one asset")
    if not isinstance(evidence, dict) or not evidence:
        raise ValueError("a transfer names its evidence")


def _insertion(
    key: str, source: Account, target: Account, amount: int, reason: str, evidence: dict[str, Any], rule_version: int | None
) -> ReturningInsert[int]:
    within = source.holder_id is not None and source.holder_id == target.holder_id
    row = dict(
        key=key,
        source_id=source.id,
        target_id=target.id,
        asset=source.asset,
        amount=amount,
        at=clock.now(),
        reason=reason,
        evidence=evidence,
        rule_version=rule_version or rulebook.number_in_force(),
        source_holder_id=None if within else source.holder_id,
        target_holder_id=None if within else target.holder_id,
    )
    return insert(Transfer).values(row).on_conflict_do_nothing(index_elements=["key"]).returning(Transfer.id)


def _is_credit(source: Account, target: Account) -> bool:
    """A member gets something from an account that is not his, or what was bound becomes available to him: who owes takes nothing out of his stake.

    What he binds was his before, and stays: it repays nothing."""
    return target.user_id is not None and target.name != DEBT and (source.user_id != target.user_id or target.name == "available")


def _repay(transfer: Transfer, target: Account, debts: Mapping[tuple[int | None, str], Account]) -> None:
    """The debt has no holder: a repayment in TEO takes from what the member holds, and the chain owes a burn."""
    debt = debts[target.user_id, target.asset]
    amount = min(transfer.amount, -debt.balance)
    if amount:
        evidence = transfer.as_evidence | {"repays with": transfer.key}
        post(transfer.repayment_key, target, debt, amount, "repaid", evidence=evidence, rule_version=transfer.rule_version)


def _bears(account: Account, amount: int) -> bool:
    balance = account.balance + amount
    return balance * account.sign >= 0 and abs(balance) <= LARGEST


def _same(key: str, source: Account, target: Account, amount: int, reason: str) -> Transfer:
    """The transfer this key has made already; without one it could not be made."""
    first = db.session.scalar(select(Transfer).where(Transfer.key == key))
    if first is None:
        raise Overdraft("There is not enough %(asset)s for this.", asset=source.asset)
    if (first.source_id, first.target_id, first.amount, first.reason) != (source.id, target.id, amount, reason):
        raise KeyReused("The key %(key)s was used for another transfer.", key=key)
    return first


# Built once, and the same text for any accounts: it is run for each transfer. Weak enough for rows that only name an account: a batch
# writes anew what it covers on both sides, and then PostgreSQL looks whether the accounts are there still.
_LOCKED = (
    select(Account)
    .where(
        or_(
            Account.id == any_(bindparam("ids", type_=ARRAY(Integer))),
            and_(
                Account.name == DEBT,
                Account.user_id == any_(bindparam("members", type_=ARRAY(Integer))),
                Account.asset == any_(bindparam("assets", type_=ARRAY(String))),
            ),
        )
    )
    .order_by(Account.id)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)
