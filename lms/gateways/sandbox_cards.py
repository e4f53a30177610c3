"""The test cards of the sandbox, and what each makes it say."""

from dataclasses import dataclass
from typing import Any

Word = tuple[int, str, dict[str, Any]]

LATE = 15  # seconds
SOON = 5  # seconds


@dataclass(frozen=True)
class Card:
    """(seconds to wait, kind of event, changes) in the order the gateway says it."""

    number: str
    name: str
    says: tuple[Word, ...]
    needs_challenge: bool = False


_SUCCESS: Word = (0, "payment.succeeded", {})
_FAILURE: Word = (0, "payment.failed", {})
_DISPUTE: Word = (SOON, "dispute.opened", {})
SUCCEEDS = Card("4242424242424242", "succeeds", (_SUCCESS,))
DECLINED = Card("4000000000000002", "declined", (_FAILURE,))
CARDS = {
    card.number: card
    for card in (
        SUCCEEDS,
        DECLINED,
        Card("4000002500003155", "challenge", (_SUCCESS,), needs_challenge=True),
        Card("4000000000000077", "late", ((LATE, "payment.succeeded", {}),)),
        Card("4000000000000127", "twice", (_SUCCESS, _SUCCESS, (0, "payment.succeeded", {"event": "again"}))),
        Card("4000000000000341", "failed_first", (_FAILURE, (2, "payment.succeeded", {}))),
        Card("4000000000000259", "processing_last", (_SUCCESS, (1, "payment.processing", {}))),
        Card("4000000000003220", "wrong_amount", ((0, "payment.succeeded", {"amount": -1}),)),
        Card("4000000000001976", "wrong_currency", ((0, "payment.succeeded", {"currency": "USD"}),)),
        Card("4000000000002685", "disputed", (_SUCCESS, _DISPUTE, (SOON, "dispute.lost", {}))),
        Card("4000000000005423", "dispute_won", (_SUCCESS, _DISPUTE, (SOON, "dispute.won", {}))),
    )
}
