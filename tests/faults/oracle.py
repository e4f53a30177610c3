"""Says what is wrong, in words. It shares nothing with the code it judges: rows by plain SQL, events by plain JSON-RPC.

ALWAYS holds at any moment, HISTORY as long as the database remembers what the chain did, QUIET once nothing is under way.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass

import psycopg
from eth_utils import keccak, to_checksum_address
from psycopg.rows import namedtuple_row

_TABLES = ("accounts", "transfers", "holders", "wallets", "deployments", "operations", "entries", "attempts", "nonces", "signers", "switches")
_EVENTS = ("Transfer(address,address,uint256)", "Settled(uint256,bytes32)", "Skipped(uint256,address,uint256)",
           "Released(uint256,address,address,uint256)", "Voided(uint256)")  # fmt: skip
_NAMES = {"0x" + keccak(text=event).hex(): event.partition("(")[0] for event in _EVENTS}
_NOBODY = "0x" + "00" * 20
_TOTAL_SUPPLY = "0x" + keccak(text="totalSupply()").hex()[:8]


@dataclass(frozen=True)
class Event:
    """`words` are the indexed values and the data as numbers; in the chain's order."""

    name: str
    words: tuple
    tx_hash: str
    block_hash: str


class Facts:
    """What the database holds and what the chain says; `posted` maps the key of each transfer asked for to its amount."""

    def __init__(self, anvil, database, posted):
        self.posted = posted
        with psycopg.connect(database, row_factory=namedtuple_row) as connection:
            for table in _TABLES:
                setattr(self, table, connection.execute(f"SELECT * FROM {table}").fetchall())
        deployment = next(row for row in self.deployments if row.is_active)
        self.token = deployment.token_address
        logs = anvil.call("eth_getLogs", {"address": self.token, "fromBlock": "0x0"})
        self.events = [_event(log) for log in logs if log["topics"][0] in _NAMES]
        self.supply = int(anvil.call("eth_call", {"to": self.token, "data": _TOTAL_SUPPLY}, "latest"), 16)
        ours = {row.address.lower() for row in self.signers}
        self.sent = [each for each in _transactions(anvil) if each["from"].lower() in ours]
        self.counts = {row.address: int(anvil.call("eth_getTransactionCount", row.address, "latest"), 16) for row in self.signers}

    def named(self, name):
        return [event for event in self.events if event.name == name]

    def legs(self):
        """(transfer, holder, amount, entry, the holder the row names) of each side that changes what a holder holds."""
        holder = {row.id: row.holder_id for row in self.accounts}
        for row in self.transfers:
            source, target = holder[row.source_id], holder[row.target_id]
            if source != target and source is not None:
                yield row, source, -row.amount, row.source_entry_id, row.source_holder_id
            if source != target and target is not None:
                yield row, target, row.amount, row.target_entry_id, row.target_holder_id


def violations(facts, excused=()):
    """Sentences; `excused` names groups that need not hold, because a fault cannot be mended yet."""
    groups = {"always": ALWAYS, "history": HISTORY, "quiet": QUIET}
    return [sentence for name, checks in groups.items() if name not in excused for check in checks for sentence in check(facts)]


def _kept_balances(facts):
    sums = Counter()
    for row in facts.transfers:
        sums[row.source_id] -= row.amount
        sums[row.target_id] += row.amount
    for row in facts.accounts:
        if row.balance != sums[row.id]:
            yield f"account {row.id} ({row.name}) keeps {row.balance}, its transfers make {sums[row.id]}"


def _each_op_once(facts):
    for op, times in Counter(event.words[0] for event in facts.events if event.name in ("Settled", "Released", "Voided")).items():
        if times > 1:
            yield f"op {op} happened {times} times"


def _entries_are_their_legs(facts):
    sums = Counter()
    for _, _, amount, entry, _ in facts.legs():
        sums[entry] += amount
    for entry in facts.entries:
        if _signed(entry) != sums[entry.id]:
            yield f"entry {entry.id} ({entry.kind}) says {_signed(entry)}, its legs make {sums[entry.id]}"


def _legs_are_their_holders(facts):
    holders = {entry.id: entry.holder_id for entry in facts.entries}
    for transfer, holder, _, entry, named in facts.legs():
        if named != holder:
            yield f"transfer {transfer.key} moves what holder {holder} holds, and its row names {named}"
        if entry is not None and holders.get(entry) != holder:
            yield f"transfer {transfer.key} of holder {holder} is covered by an entry of holder {holders.get(entry)}"


def _one_open_entry(facts):
    for holder, times in Counter(entry.holder_id for entry in facts.entries if entry.is_open).items():
        if times > 1:
            yield f"holder {holder} has {times} open entries"


def _nonces_are_contiguous(facts):
    used = defaultdict(list)
    for row in (*facts.deployments, *facts.nonces):
        used[row.signer].append(row.nonce)
    for signer in facts.signers:
        if sorted(used[signer.address]) != list(range(signer.next_nonce)):
            yield f"signer {signer.address} is at nonce {signer.next_nonce}, its rows are {sorted(used[signer.address])}"


def _a_nonce_has_one_operation(facts):
    operations = defaultdict(set)
    for row in facts.attempts:
        operations[row.signer, row.nonce].add(row.operation_id)
    for (_, nonce), sharing in operations.items():
        if len(sharing) > 1:
            yield f"nonce {nonce} was signed for operations {sorted(sharing)}"


def _nothing_asked_is_lost(facts):
    found = {row.key: row.amount for row in facts.transfers}
    for key, amount in facts.posted.items():
        if found.get(key) != amount:
            yield f"transfer {key} of {amount} was acknowledged, the ledger has {found.get(key)}"


def _what_is_sent_is_saved(facts):
    saved = {row.tx_hash for row in (*facts.attempts, *facts.deployments)}
    for sent in facts.sent:
        if sent["to"] in (None, facts.token.lower()) and sent["hash"] not in saved:
            yield f"transaction {sent['hash']} (nonce {int(sent['nonce'], 16)}) is on the chain and in no row"


def _ops_did_what_their_entries_say(facts):
    ops, entries = {row.op: row for row in facts.operations}, defaultdict(list)
    for entry in facts.entries:
        entries[entry.operation_id].append((entry.address, _signed(entry)))
    for event in facts.named("Settled"):
        operation = ops.get(event.words[0])
        if operation is None:
            yield f"op {event.words[0]} is on the chain and in no row"
        elif (did := sorted(_brought(facts, event))) != sorted(entries[operation.id]):
            yield f"op {operation.op} brought {did}, its entries are {sorted(entries[operation.id])}"


def _done_means_done(facts):
    settled = {event.words[0]: event for event in facts.named("Settled")}
    skipped = {event.words[0] for event in facts.named("Skipped")}
    for operation in facts.operations:
        if operation.state in ("mined", "final") and operation.op in skipped:
            yield f"operation {operation.id} is called {operation.state}, and the chain skipped a burn of it"
        if operation.state == "final" and (operation.op not in settled or settled[operation.op].block_hash != operation.block_hash):
            yield f"operation {operation.id} is called final, and its block does not hold it"


def _all_is_final(facts):
    for switch in facts.switches:
        yield f"{switch.name} stands still: {switch.reason}"
    for operation in facts.operations:
        if operation.state != "final":
            yield f"operation {operation.id} is {operation.state}: {operation.error or 'no reason noted'}"


def _each_leg_is_covered(facts):
    for transfer, holder, amount, entry, _ in facts.legs():
        if entry is None:
            yield f"transfer {transfer.key} changes holder {holder} by {amount}, and no entry covers it"


def _holders_have_their_totals(facts):
    owned, held = Counter(), _balances(facts)
    for _, holder, amount, _, _ in facts.legs():
        owned[holder] += amount
    addresses = {row.holder_id: row.address for row in facts.wallets}
    for holder in facts.holders:
        address = addresses.get(holder.id)
        if owned[holder.id] != held[address]:
            yield f"holder {holder.id} owns {owned[holder.id]}, the chain holds {held[address]}"


def _supply_is_what_was_issued(facts):
    issuance = next(row.id for row in facts.accounts if row.name == "issuance")
    issued = sum(row.amount for row in facts.transfers if row.source_id == issuance)
    issued -= sum(row.amount for row in facts.transfers if row.target_id == issuance)
    if not facts.supply == issued == sum(_balances(facts).values()):
        yield f"issued {issued}, supply {facts.supply}, balances {sum(_balances(facts).values())}"


def _nothing_waits_in_a_lane(facts):
    for signer in facts.signers:
        if facts.counts[signer.address] != signer.next_nonce:
            yield f"signer {signer.address} has {facts.counts[signer.address]} mined and is at nonce {signer.next_nonce}"


ALWAYS = (_kept_balances, _each_op_once, _entries_are_their_legs, _legs_are_their_holders, _one_open_entry, _nonces_are_contiguous, _a_nonce_has_one_operation)
HISTORY = (_nothing_asked_is_lost, _what_is_sent_is_saved, _ops_did_what_their_entries_say, _done_means_done)
QUIET = (_all_is_final, _each_leg_is_covered, _holders_have_their_totals, _supply_is_what_was_issued, _nothing_waits_in_a_lane)


def _signed(entry):
    """What the entry adds to its holder's balance."""
    return {"mint": 1, "deposit": 1, "empty": 0}.get(entry.kind, -1) * entry.amount


def _brought(facts, settled):
    """(address, change) of each mint, burn and skipped burn of the transaction."""
    for event in facts.events:
        if event.tx_hash == settled.tx_hash and event.name == "Transfer":
            source, target, amount = _address(event.words[0]), _address(event.words[1]), event.words[2]
            yield (target, amount) if source == _NOBODY else (source, -amount)
        elif event.tx_hash == settled.tx_hash and event.name == "Skipped":
            yield _address(event.words[1]), -event.words[2]


def _balances(facts):
    held = Counter()
    for event in facts.named("Transfer"):
        held[_address(event.words[0])] -= event.words[2]
        held[_address(event.words[1])] += event.words[2]
    del held[_NOBODY]
    return held


def _address(word):
    return to_checksum_address(word.to_bytes(20))


def _event(log):
    data = log["data"][2:]
    words = [*log["topics"][1:], *(data[start : start + 64] for start in range(0, len(data), 64))]
    return Event(_NAMES[log["topics"][0]], tuple(int(word, 16) for word in words), log["transactionHash"], log["blockHash"])


def _transactions(anvil):
    for number in range(int(anvil.call("eth_blockNumber"), 16) + 1):
        yield from anvil.call("eth_getBlockByNumber", hex(number), True)["transactions"]
