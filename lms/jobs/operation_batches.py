"""Operations side by side: each is looked at for itself, and what was found of all of them is written in one transaction."""

import logging

from lms.chain import transactions
from lms.chain.errors import ChainError, FeeTooHigh
from lms.db import db, transaction
from lms.domain.audit import actions as audit
from lms.domain.onchain import actions as onchain
from lms.domain.onchain import queries, signer_lanes
from lms.domain.onchain.models import FEES_TOO_HIGH
from lms.errors import DomainError
from lms.jobs import announce

log = logging.getLogger(__name__)

MOST = 16
_EXPECTED = (ChainError, DomainError)


def parts(operation_ids):
    """As many at a time as one transaction writes."""
    return [operation_ids[start : start + MOST] for start in range(0, len(operation_ids), MOST)]


def each(operations, look):
    """{id: what the look gives}, for each by itself: one that cannot get on says why and keeps no other back."""
    answers = {}
    for operation_id, operation in [(operation.id, operation) for operation in operations]:
        with telling([operation_id]):
            answers[operation_id] = look(operation)
    return answers


def write(changes):
    """Do what is to be done, {id: a verb that takes the operation}, each operation locked; where that fails each for itself. Whom it concerns is told."""
    if not changes:
        return
    try:
        _write(changes)
    except Exception:  # noqa: BLE001 - one of them keeps no other back
        for operation_id, change in changes.items():
            with telling([operation_id]):
                _write({operation_id: change})
    announce.progress(*changes)


class telling:
    """with telling(ids): … Whatever goes wrong inside is written to these operations as why they wait, and nobody else hears of it."""

    def __init__(self, operation_ids):
        self._ids = operation_ids

    def __enter__(self):
        return self

    def __exit__(self, _, error, __):
        if not isinstance(error, Exception):
            return False
        db.session.rollback()
        log.warning("operations wait", extra={"operations": self._ids, "error": type(error).__name__}, exc_info=not isinstance(error, _EXPECTED) and error)
        _tell(self._ids, error)
        return True


def _write(changes):
    with transaction():
        for operation_id, operation in onchain.locked(list(changes)).items():
            changes[operation_id](operation)


def _tell(operation_ids, error):
    with transaction():
        waiting = queries.operations(operation_ids)
        news = [operation.id for operation in waiting if onchain.note(operation, _reason(error)) and operation.waits_for_fees]
        if isinstance(error, signer_lanes.LaneHalted):
            audit.open_incident("lane halted", error.signer, why=str(error))
    if news:
        announce.progress(*news)


def _reason(error):
    if isinstance(error, FeeTooHigh):  # what the chain asks for changes at each look, and the incident says it
        return f"{FEES_TOO_HIGH}: {transactions.MOST_CAP // transactions.GWEI} gwei is the most we pay"
    return str(error) if isinstance(error, _EXPECTED) else f"a fault of ours: {type(error).__name__}"
