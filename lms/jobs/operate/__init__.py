"""Operators' commands on the chain, its keys and the clock: `flask chain`, `flask keys`, `flask audit`, `flask demo`. They hold keys, as workers do."""

from lms.chain.errors import ChainError
from lms.jobs.operate import deployment, losses, operations, recovery, rotation, signers  # noqa: F401  (they put their commands into the group)
from lms.jobs.operate.books import audit
from lms.jobs.operate.demo_time import demo
from lms.jobs.operate.groups import chain, keys

__all__ = ["ChainError", "audit", "chain", "demo", "keys"]
