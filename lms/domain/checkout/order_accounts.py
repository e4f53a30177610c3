"""The accounts of one order, locked together, and transfers keyed by it."""

from collections.abc import Collection
from typing import Any

from lms.domain.checkout.models import Order
from lms.domain.ledger import actions as ledger
from lms.domain.ledger import queries as accounts
from lms.domain.ledger.balance_parts import EUR, TEO
from lms.domain.ledger.models import Account, Transfer

_PLATFORM = ((EUR, "cards"), (EUR, "escrow"), (EUR, "platform"), (EUR, "vat"), (TEO, "issuance"), (TEO, "treasury"), (TEO, "escrow"))
_BUYER = ((TEO, "available"), (TEO, "maturing"), (TEO, "reserved"))
_TEACHER = ((EUR, "maturing"), (EUR, "available"), (TEO, "maturing"), (TEO, "available"))


class Book:
    """All accounts an order may move, locked in the one order in which everybody locks; with them those of members who were rewarded out of it."""

    def __init__(self, order: Order, rewarded: Collection[int] = ()) -> None:
        self.order = order
        found = accounts.of_members({order.buyer_id, order.teacher_id, *rewarded})
        self._platform = {name: found[None, *name] for name in _PLATFORM}
        self._buyer = {name: found[order.buyer_id, *name] for name in _BUYER}
        self._teacher = {name: found[order.teacher_id, *name] for name in _TEACHER}
        theirs = [found[user_id, TEO, name] for user_id in rewarded for name in ("available", "maturing")]
        ledger.lock(*self._platform.values(), *self._buyer.values(), *self._teacher.values(), *theirs)

    def euros(self, name: str) -> Account:
        """An account of the platform's in EUR."""
        return self._platform[EUR, name]

    def tokens(self, name: str) -> Account:
        """An account of the platform's in TEO."""
        return self._platform[TEO, name]

    def buyer(self, name: str) -> Account:
        """An account of the buyer's, in TEO."""
        return self._buyer[TEO, name]

    def teacher(self, asset: str, name: str) -> Account:
        return self._teacher[asset, name]

    def post(self, what: str, source: Account, target: Account, amount: int, reason: str, /, **evidence: Any) -> Transfer | None:
        """Once per order and `what`; nothing for an amount of zero."""
        if amount == 0:
            return None
        evidence = {"order": self.order.id, "course": self.order.course.title} | evidence
        return ledger.post(self.key(what), source, target, amount, reason, evidence=evidence, rule_version=self.order.rule_version)

    def key(self, what: str) -> str:
        return f"order:{self.order.id}:{what}"
