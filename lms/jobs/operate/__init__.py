"""Operators' commands on the chain, its keys and the clock: `flask chain`, `flask keys`, `flask audit`, `flask demo`. They hold keys, as workers do."""

from lms.chain.errors import ChainError
from lms.jobs.operate import certificates, deployment, losses, operations, recovery, rotation, signers, status
from lms.jobs.operate.books import audit
from lms.jobs.operate.demo_time import demo
from lms.jobs.operate.groups import chain, keys

# The modules put their commands into the groups when they are imported.
__all__ = ["ChainError", "audit", "certificates", "chain", "demo", "deployment", "keys", "losses", "operations", "recovery", "rotation", "signers", "status"]
