"""Which versions of the KEK the stored keys need, and their way from one to the next."""

import logging
from pathlib import Path

from flask import current_app
from sqlalchemy.exc import OperationalError

from lms import config
from lms.chain import custodial_keys, signers
from lms.chain.errors import ChainError, KekMissing, WrongKey
from lms.db import disconnect, transaction
from lms.domain.wallet import actions as wallet
from lms.domain.wallet import custody
from lms.jobs import node
from lms.jobs.wallets import owner

log = logging.getLogger(__name__)

BATCH = 100  # wallets rewrapped in one transaction


def check():
    """KekMissing unless every stored key can be opened with the versions that are here."""
    missing = (custody.kek_versions() | {signers.kek_version(path) for path in files()}) - node.keks().versions
    if missing:
        raise KekMissing(sorted(missing))


def check_at_start(app):
    """ConfigError when a stored key could not be opened; what opens them is imported once, for all forks.

    With the database or a key service down the worker begins nevertheless: a job that meets such a key says so."""
    problem = None
    try:
        with app.app_context():
            try:
                check()
                node.signers()
            finally:
                disconnect()
    except WrongKey as wrong:
        problem = config.ConfigError(f"This worker cannot open every key: {wrong}.")
    except (OperationalError, ChainError, FileNotFoundError) as error:
        log.warning("keys not checked", extra={"error": type(error).__name__})
    if problem:
        raise problem


def files():
    """The signers' files that are there."""
    return [path for path in current_app.config["SIGNER_FILES"] if Path(path).exists()]


def rewrap_files():
    """The signers' files that are wrapped by the newest KEK only now."""
    return [path for path in files() if signers.rewrap(path, node.keks())]


def rewrap_wallets():
    """Wallets batch by batch; yields after each commit how many were rewrapped and the addresses whose keys do not open."""
    keks, last = node.keks(), 0
    while True:
        with transaction():
            rows = custody.wrapped_by_others(keks.version, last, BATCH)
            closed = [row.address for row in rows if not _rewrap(row, keks)]
            last = rows[-1].id if rows else last
        if not rows:
            return
        yield len(rows) - len(closed), closed


def _rewrap(row, keks):
    try:
        wallet.keep_wrap(row, custodial_keys.rewrap(row, owner(row.holder_id), keks))
    except WrongKey:
        return False
    return True
