"""Operators' commands: `flask chain`, `flask keys`, `flask audit`, `flask rulebook`, `flask demo`. Those on the chain hold keys, as workers do."""

from lms.chain.errors import ChainError
from lms.jobs.operate import certificates, demo_grant, deployment, losses, operations, recovery, rotation, rules, signers, status
from lms.jobs.operate.audit import audit
from lms.jobs.operate.command_groups import chain, keys, rulebook
from lms.jobs.operate.demo_time import demo

# The modules put their commands into the groups when they are imported.
__all__ = [
    "ChainError",
    "audit",
    "certificates",
    "chain",
    "demo",
    "demo_grant",
    "deployment",
    "keys",
    "losses",
    "operations",
    "recovery",
    "rotation",
    "rulebook",
    "rules",
    "signers",
    "status",
]
