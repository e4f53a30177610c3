"""A chain of a few lines, independent of ours: what each address holds, the supply, and which numbers are used up."""

from collections import Counter
from types import SimpleNamespace

from lms.domain.onchain import actions as onchain
from lms.domain.onchain import queries as operations
from lms.domain.wallet import deposits
from lms.domain.wallet.reconciliation import Observed
from lms.jobs.operation_outcomes import FOLLOWS


class Chain:
    """`held` in millionths of TEO by address; what was released is `outside`, at nobody's address of ours."""

    def __init__(self):
        self.held, self.outside, self.supply, self.block, self.used = Counter(), 0, 0, 1, set()

    def mine(self, operation):
        """Do what the operation says, once, and tell the domain as the jobs do."""
        assert operation.op not in self.used, f"{operation} is done twice"
        for entry in operation.entries:
            self._do(entry)
        self.block += 1
        self.used.add(operation.op)
        onchain.mark_mined(operation, self._receipt(operation))
        onchain.close_entries(operation)
        onchain.mark_final(operation)
        FOLLOWS[operation.kind][0](operation)

    def refuse(self, operation):
        """The contract says no for good."""
        self.block += 1
        onchain.mark_failed(operation, "the contract refuses: ReleaseExpired")
        FOLLOWS[operation.kind][1](operation)

    def send(self, address, amount):
        """Somebody outside sends tokens to an address of ours."""
        assert 0 < amount <= self.outside
        self.block += 1
        self.outside -= amount
        self.held[address] += amount
        return SimpleNamespace(source="0x" + "0f" * 20, target=address, tx_hash=f"0x{self.block:064x}", log_index=0, block_number=self.block, amount=amount)

    def observed(self):
        """What a node would say now."""
        return Observed(self.block, dict(self.held), self.supply, frozenset(self.used), deposits.waiting())

    def see(self):
        """The domain sees the newest block, as a worker shows it to it."""
        onchain.see_chain(SimpleNamespace(number=self.block, timestamp=self.block, base_fee=0))
        return operations.deployment()

    def _do(self, entry):
        gained = entry.amount if entry.kind == "mint" else -entry.amount
        self.held[entry.address] += gained
        assert self.held[entry.address] >= 0, f"{entry.kind} of {entry.amount} at {entry.address} goes below zero"
        if entry.kind == "release":
            self.outside += entry.amount
        else:
            assert entry.kind in ("mint", "burn"), entry.kind
            self.supply += gained

    def _receipt(self, operation):
        block = dict(block_number=self.block, block_hash=f"0x{self.block:064x}")
        return SimpleNamespace(tx_hash=f"0x{operation.op:064x}", gas_used=100_000, effective_gas_price=10**9, **block)
