"""Accounts found, and what the audit asks of them."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, and_, case, func, or_, select, text, true
from sqlalchemy.orm import aliased

from lms.db import db
from lms.domain.ledger.balance_parts import DEBT, EUR, TEO
from lms.domain.ledger.models import Account, Holder, Transfer


def platform(asset: str, name: str) -> Account:
    """An account of the platform's own."""
    return db.session.scalars(select(Account).where(Account.user_id.is_(None), Account.asset == asset, Account.name == name)).one()


def member(user_id: int, asset: str, name: str) -> Account:
    """An account of a member."""
    return db.session.scalars(select(Account).where(Account.user_id == user_id, Account.asset == asset, Account.name == name)).one()


def of_member(user_id: int) -> dict[tuple[str, str], Account]:
    """All accounts of a member by (asset, name)."""
    rows = db.session.scalars(select(Account).where(Account.user_id == user_id))
    return {(account.asset, account.name): account for account in rows}


def of_members(user_ids: Collection[int]) -> dict[tuple[int | None, str, str], Account]:
    """{(user id, asset, name): account} of these members, and of the platform under None; one statement."""
    rows = db.session.scalars(select(Account).where(Account.user_id.in_(user_ids) | Account.user_id.is_(None)))
    return {(account.user_id, account.asset, account.name): account for account in rows}


def euros_of(user_id: int) -> dict[str, int]:
    """What a member has in EUR cents, by account name; one statement."""
    rows = select(Account.name, Account.balance).where(Account.user_id == user_id, Account.asset == EUR)
    return dict(db.session.execute(rows).all())


def paid_out(user_id: int) -> int:
    """EUR cents that went from the member to a bank so far, without what it sent back."""
    mine, bank = aliased(Account), aliased(Account)
    there, back = and_(Transfer.source_id == mine.id, Transfer.target_id == bank.id), and_(Transfer.source_id == bank.id, Transfer.target_id == mine.id)
    net = func.coalesce(func.sum(case((there, Transfer.amount), else_=-Transfer.amount)), 0)
    accounts = (mine.user_id == user_id, mine.asset == EUR, mine.name == "requested", bank.user_id.is_(None), bank.asset == EUR, bank.name == "bank")
    return int(db.session.scalars(select(net).select_from(mine).join(bank, true()).join(Transfer, or_(there, back)).where(*accounts)).one())


def holder_of(user_id: int | None) -> Holder:
    """The member's holder; None: the treasury's."""
    return db.session.scalars(select(Holder).where(Holder.user_id == user_id)).one()


def transfer(key: str) -> Transfer | None:
    """The transfer this key has made, or None."""
    return db.session.scalar(select(Transfer).where(Transfer.key == key))


def transfers(keys: Collection[str]) -> Sequence[Transfer]:
    """Those that these keys have made, oldest first."""
    return db.session.scalars(select(Transfer).where(Transfer.key.in_(keys)).order_by(Transfer.id)).all()


def left_of(credit: Transfer) -> ColumnElement[int]:
    """How much of a credit stayed where it went, as an expression: what repaid a debt is gone again."""
    repaid = select(Transfer.amount).where(Transfer.key == credit.repayment_key).scalar_subquery()
    return credit.amount - func.coalesce(repaid, 0)


def wrong_balances() -> int:
    """How many kept balances differ from their transfers."""
    rows = text("""
        SELECT count(*) FROM accounts a
        LEFT JOIN (
            SELECT id, sum(amount) AS total FROM (
                SELECT target_id AS id, amount FROM transfers
                UNION ALL SELECT source_id, -amount FROM transfers
            ) legs GROUP BY id
        ) t ON t.id = a.id
        WHERE a.balance <> coalesce(t.total, 0)""")
    return int(db.session.scalars(rows).one())


def unbalanced_assets() -> int:
    """How many assets do not sum to zero over all accounts, or have a transfer across assets."""
    rows = text("""
        SELECT (SELECT count(*) FROM (SELECT asset FROM accounts GROUP BY asset HAVING sum(balance) <> 0) s)
             + (SELECT count(*) FROM transfers t JOIN accounts a ON a.id = t.source_id JOIN accounts b ON b.id = t.target_id
                WHERE a.asset <> t.asset OR b.asset <> t.asset)""")
    return int(db.session.scalars(rows).one())


def issued() -> int:
    """TEO issued and not taken back, in millionths: what the ledger says the supply in custody and outside is.

    What a member owes was taken back of tokens that are not in custody any more: they are still there."""
    rows = select(func.coalesce(func.sum(Account.balance), 0)).where(Account.asset == TEO, Account.name.in_(("issuance", DEBT)))
    return -int(db.session.scalars(rows).one())
