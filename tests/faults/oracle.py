"""Says what is wrong, in words. It shares nothing with the code it judges: rows by plain SQL, events by plain JSON-RPC.

ALWAYS holds at any moment, HISTORY as long as the database remembers what the chain did, QUIET once nothing is under way.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass

import psycopg
from eth_utils import keccak, to_checksum_address
from psycopg.rows import namedtuple_row

_TABLES = ("users", "accounts", "transfers", "holders", "wallets", "deployments", "contracts", "creations", "operations", "entries", "attempts", "nonces", "signers",
           "switches", "incidents", "withdrawals", "deposits", "solvency_trees", "solvency_leaves", "certificates", "courses")  # fmt: skip
_EVENTS = ("Transfer(address,address,uint256)", "Settled(uint256,bytes32)", "Skipped(uint256,address,uint256)",
           "Released(uint256,address,address,uint256)", "Voided(uint256)", "Published(uint256,bytes32,uint256,bytes32,uint256)",
           "Issued(uint256,bytes32)")  # fmt: skip
_NAMES = {"0x" + keccak(text=event).hex(): event.partition("(")[0] for event in _EVENTS}
_NAMES["0x" + keccak(text="Skipped(uint256,uint256,address)").hex()] = "Existed"  # the token has another event of the name
_NOBODY = "0x" + "00" * 20
_SOLVENCY = int.from_bytes(b"solvency".ljust(32, b"\0"))
_USES = ("Settled", "Released", "Voided", "Published", "Issued")
_HOME = {"root": "Notary", "certificates": "Certificate", "revocation": "Certificate"}  # kind of operation → its contract, where that is not the token
SMALL = 10_000  # millionths of TEO: a deposit below it is credited with the day's others
_TOLD = ("burn skipped", "address lost", "certificate lost", "funds low", "funds very low")  # open because of what the world did, or nothing that waits
_PAUSE = "0x" + keccak(text="pause()").hex()[:8]
_PARTS = ("available", "maturing", "staked", "unbonding", "reserved")
_TOTAL_SUPPLY = "0x" + keccak(text="totalSupply()").hex()[:8]


@dataclass(frozen=True)
class Event:
    """`words` are the indexed values and the data as numbers; in the chain's order. `contract` is the name of whose event it is."""

    contract: str
    name: str
    words: tuple
    tx_hash: str
    block_hash: str


class Facts:
    """What the database holds and what the chain says; `posted` maps the key of each transfer asked for to its amount, `suspended` the name of each
    member who is kept out to the newest attempt that was signed before, `credits` the key of each transfer ever asked for to who got it and how much.

    Only a database that was restored may have lost the rows of what our signers sent to the token."""

    def __init__(self, anvil, database, posted, suspended, is_restored=False, credits=None):
        self.posted, self.suspended, self.is_restored, self.credits = posted, suspended, is_restored, credits or {}
        with psycopg.connect(database, row_factory=namedtuple_row) as connection:
            for table in _TABLES:
                setattr(self, table, connection.execute(f"SELECT * FROM {table}").fetchall())
        named = {row.address.lower(): row.name for row in self.contracts}
        (self.token,) = [row.address for row in self.contracts if row.name == "TeoCoin"]
        self.contracts_called = {None, *named}
        logs = anvil.call("eth_getLogs", {"address": list(named), "fromBlock": "0x0"})
        self.events = [_event(named[log["address"].lower()], log) for log in logs if log["topics"][0] in _NAMES]
        self.used = {(event.contract, event.words[0]): event for event in self.events if event.name in _USES}  # by (contract, op)
        self.supply = int(anvil.call("eth_call", {"to": self.token, "data": _TOTAL_SUPPLY}, "latest"), 16)
        ours = {row.address.lower() for row in self.signers}
        self.sent = [each for each in _transactions(anvil) if each["from"].lower() in ours]
        self.ours = {each["hash"] for each in self.sent}
        self.reverted = {tx_hash for tx_hash in self.ours if int(anvil.call("eth_getTransactionReceipt", tx_hash)["status"], 16) == 0}
        self.owners = {row.address: row.holder_id for row in self.wallets}  # of replaced addresses too
        self.done = {event.tx_hash: operation for operation in self.operations if (event := self.used_by(operation))}
        self.counts = {row.address: int(anvil.call("eth_getTransactionCount", row.address, "latest"), 16) for row in self.signers}

    def named(self, name, contract="TeoCoin"):
        return [event for event in self.events if (event.contract, event.name) == (contract, name)]

    def used_by(self, operation):
        """The event that used up the operation's number on its contract, or None."""
        return self.used.get(_place(operation))

    def moved(self):
        """The transfers that neither mint nor burn."""
        return [event for event in self.named("Transfer") if _NOBODY not in map(_address, event.words[:2])]

    def stolen(self, holder):
        """What left a holder's addresses without us."""
        return sum(event.words[2] for event in self.moved() if self.owners.get(_address(event.words[0])) == holder and event.tx_hash not in self.ours)

    def came(self):
        """(target, amount) of what others sent to a holder of ours; what a move brings there was his before."""
        for event in self.moved():
            target, operation = _address(event.words[1]), self.done.get(event.tx_hash)
            if target in self.owners and not (operation and operation.kind == "move"):
                yield target, event.words[2]

    def incidents_of(self, kind):
        """What the open incidents of a kind are about."""
        return {row.subject for row in self.incidents if row.kind == kind and row.closed_at is None}

    def legs(self):
        """(transfer, holder, amount, entry, the holder the row names) of each side that changes what a holder holds."""
        holder = {row.id: row.holder_id for row in self.accounts}
        for row in self.transfers:
            source, target = holder[row.source_id], holder[row.target_id]
            if source != target and source is not None:
                yield row, source, -row.amount, row.source_entry_id, row.source_holder_id
            if source != target and target is not None:
                yield row, target, row.amount, row.target_entry_id, row.target_holder_id


def violations(facts, is_quiet=True):
    """Sentences; while something is under way, of what holds all the same."""
    return [sentence for check in (*ALWAYS, *HISTORY, *(QUIET if is_quiet else ())) for sentence in check(facts)]


def _kept_balances(facts):
    sums = Counter()
    for row in facts.transfers:
        sums[row.source_id] -= row.amount
        sums[row.target_id] += row.amount
    for row in facts.accounts:
        if row.balance != sums[row.id]:
            yield f"account {row.id} ({row.name}) keeps {row.balance}, its transfers make {sums[row.id]}"


def _each_op_once(facts):
    for op, times in Counter((event.contract, event.words[0]) for event in facts.events if event.name in _USES).items():
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
    """Each is in our rows once, or is somebody else's by the chain, or of a transaction whose rows a restored database has lost."""
    used, known = defaultdict(list), _known_hashes(facts)
    (deployer,) = [row.signer for row in facts.deployments]
    used[deployer] = sorted({row.nonce for row in facts.creations})
    for row in facts.nonces:
        used[row.signer].append(row.nonce)
    for signer in facts.signers:
        foreign = _foreign_nonces(facts, signer.address, known) - set(used[signer.address])
        if sorted([*used[signer.address], *(nonce for nonce in foreign if nonce < signer.next_nonce)]) != list(range(signer.next_nonce)):
            yield f"signer {signer.address} is at nonce {signer.next_nonce}, its rows are {sorted(used[signer.address])}"


def _a_nonce_has_one_operation(facts):
    operations = defaultdict(set)
    for row in facts.attempts:
        operations[row.signer, row.nonce].add(row.operation_id)
    for (_, nonce), sharing in operations.items():
        if len(sharing) > 1:
            yield f"nonce {nonce} was signed for operations {sorted(sharing)}"


def _nothing_asked_is_lost(facts):
    found = Counter({row.key: row.amount for row in (*facts.transfers, *facts.withdrawals)} | dict.fromkeys(_certified(facts), 1))
    for row in facts.transfers:
        if row.reason == "refund":  # part by part, the debt among them
            found[row.key.rpartition(":")[0]] += row.amount
    for key, amount in facts.posted.items():
        if found[key] != amount:
            yield f"{key} of {amount} was acknowledged, the rows have {found.get(key)}"


def _recoveries_issue_what_was_lost(facts):
    """What a recovery issues to a holder, beyond what was to be taken from him, he was to get by transfers that the rows have lost: what they have is owed once."""
    operations = {row.id for row in facts.operations if row.key.startswith("recovered:")}
    taken = {entry.id for entry in facts.entries if entry.operation_id in operations and entry.kind in ("mint", "burn")}
    issued, lost, known = Counter(), Counter(), {row.key for row in facts.transfers}
    for transfer, holder, amount, entry, _ in facts.legs():
        if entry in taken and (amount > 0) == (transfer.reason == "recovered"):
            issued[holder] += amount
    for key, (owner, amount) in facts.credits.items():
        lost[owner] += amount if key not in known else 0
    names = {row.id: row.email.partition("@")[0] for row in facts.users}
    for holder in facts.holders:
        if issued[holder.id] > (most := lost[names.get(holder.user_id, "treasury")]):
            yield f"holder {holder.id} was issued {issued[holder.id]} by recoveries, and {most} that he was to get are lost"


def _debts_are_what_could_not_be_taken(facts):
    """A refund leaves a debt only where the parts it takes from are empty, and whatever is credited then repays first. By the ids, as all of a member's locks his debt."""
    accounts, paid = {row.id: row for row in facts.accounts}, {row.key: row.amount for row in facts.transfers if row.reason == "repaid"}
    stands = Counter()  # by (member, part); a debt below zero
    for row in sorted(facts.transfers, key=lambda row: row.id):
        source, target = accounts[row.source_id], accounts[row.target_id]
        owed, repaid = -stands[target.user_id, "debt"], paid.get(f"{row.key}:debt", 0)
        if _is_credit(row, source, target) and repaid != min(row.amount, owed):
            yield f"transfer {row.key} of {row.amount} repaid {repaid}, and {owed} were owed"
        stands[source.user_id, source.name] -= row.amount
        stands[target.user_id, target.name] += row.amount
        left = {name: stands[source.user_id, name] for name in ("maturing", "available")}
        if source.name == "debt" and any(left.values()):
            yield f"transfer {row.key} made a debt of {row.amount} and left {left}"


def _is_credit(row, source, target):
    """Something comes to a member from elsewhere, or is his for good now; what a recovery issues anew was spent already."""
    is_his = target.user_id is not None and target.asset == "TEO" and target.name in _PARTS
    return is_his and (source.user_id != target.user_id or source.name == "maturing") and not row.key.endswith(":spent")


def _suspended_get_no_new_release(facts):
    """What was signed before goes on; what was not is given back or waits."""
    signed, operations = {}, {row.id: row for row in facts.operations}
    for row in facts.attempts:
        signed[row.operation_id] = min(row.id, signed.get(row.operation_id, row.id))
    members = {row.email.partition("@")[0]: row for row in facts.users}
    for name, newest in facts.suspended.items():
        if members[name].suspended_at is None:
            yield f"{name} was suspended and is let in"
        for withdrawal in facts.withdrawals:
            operation = operations.get(withdrawal.operation_id)
            if operation and withdrawal.user_id == members[name].id and not operation.is_void and signed.get(operation.id, 0) > newest:
                yield f"withdrawal {withdrawal.key} was signed after its member was suspended"
    for operation in facts.operations:
        if (operation.error or "").startswith("the member was suspended") and operation.id in signed:
            yield f"operation {operation.id} was signed, and is given back as its member was suspended"

def _what_is_sent_is_saved(facts):
    saved = _known_hashes(facts)
    if facts.is_restored:  # of the rows that were lost: what the chain did is taken over, and what it refused has done nothing
        saved |= {row.tx_hash for row in facts.operations} | facts.reverted
    for sent in facts.sent:
        if _is_our_call(facts, sent) and sent["hash"] not in saved:
            yield f"transaction {sent['hash']} (nonce {int(sent['nonce'], 16)}) is on the chain and in no row"


def _ops_did_what_their_entries_say(facts):
    ops, entries = {_place(row): row for row in facts.operations}, defaultdict(list)
    for entry in facts.entries:
        entries[entry.operation_id].append(entry)
    lost = facts.incidents_of("address lost")
    for event in facts.used.values():
        operation = ops.get((event.contract, event.words[0]))
        if operation is None:
            if not (facts.is_restored and event.name == "Published"):  # nothing hangs on a root whose rows are lost
                yield f"op {event.words[0]} is on the chain and in no row"
            continue
        did, said = sorted(_DID[event.name](facts, event)), sorted(_SAID[event.name](operation, entries[operation.id]))
        if [each for each in did if each[0] in facts.owners or each[0] not in lost] != said:
            yield f"op {operation.op} did {did}, its entries are {said}"


def _moves_go_home(facts):
    """From an address that was replaced to the one the same holder had when the move was asked for: one of those he got later."""
    wallets = {row.address: row for row in facts.wallets}
    for operation in facts.operations:
        event = facts.used_by(operation)
        if operation.kind != "move" or event is None or event.name != "Released":
            continue
        source, target = (wallets.get(_address(word)) for word in event.words[1:3])
        is_home = source and target and source.holder_id == target.holder_id and source.id < target.id and source.replaced_at
        if not is_home or operation.payload["to"] != target.address:
            yield f"op {operation.op} moved what stood at {_address(event.words[1])} to {_address(event.words[2])}"


def _releases_go_where_asked(facts):
    """To the address of the withdrawal; a restored database may have lost the row."""
    asked = {row.operation_id: row.to for row in facts.withdrawals}
    for operation in facts.operations:
        event = facts.used_by(operation)
        if operation.kind != "release" or event is None or event.name != "Released" or (facts.is_restored and operation.id not in asked):
            continue
        if _address(event.words[2]).lower() != asked.get(operation.id, "nowhere").lower():
            yield f"op {operation.op} released to {_address(event.words[2])}, asked was {asked.get(operation.id)}"


def _roots_are_of_their_trees(facts):
    """What the Notary was told is root and total of the tree, and the total is what the tree's leaves make."""
    trees, totals = {row.operation_id: row for row in facts.solvency_trees}, Counter()
    for leaf in facts.solvency_leaves:
        totals[leaf.tree_id] += leaf.amount
    for tree in facts.solvency_trees:
        if tree.total != totals[tree.id]:
            yield f"the tree of {tree.day} counts {tree.total}, its leaves make {totals[tree.id]}"
    for operation in facts.operations:
        event, tree = facts.used_by(operation), trees.get(operation.id)
        if event is None or event.name != "Published" or (tree is None and facts.is_restored):
            continue
        told = (_SOLVENCY, int(tree.day.strftime("%Y%m%d")), int.from_bytes(tree.root), tree.total) if tree else None
        if event.words[1:] != told:
            yield f"op {operation.op} published {event.words[1:]}, its tree says {told}"


def _batches_issue_what_they_say(facts):
    """Each (address, id) of a batch, those included that the chain had already."""
    said = {_place(row): sorted((address, int(digest, 16)) for address, digest in row.payload.get("entries", ())) for row in facts.operations}
    for issued in facts.named("Issued", "Certificate"):
        events = [event for event in facts.events if event.contract == "Certificate" and event.tx_hash == issued.tx_hash]
        did = sorted((_address(event.words[_HOLDER[event.name]]), event.words[_ID[event.name]]) for event in events if event.name in _ID)
        if did != said.get(("Certificate", issued.words[0])):
            yield f"op {issued.words[0]} issued {did}, its row says {said.get(('Certificate', issued.words[0]))}"


def _certificates_are_where_the_chain_has_them(facts):
    """Each in one row with its holder and the address it is at, unless its rows and its address were lost; each of a final batch is there."""
    issued = Counter((event.words[2], _address(event.words[1])) for event in facts.named("Transfer", "Certificate"))
    rows = {int.from_bytes(row.digest): row for row in facts.certificates}
    lost, final = facts.incidents_of("certificate lost"), {row.id for row in facts.operations if row.state == "final"}
    for (number, address), times in issued.items():
        row = rows.get(number)
        is_lost = f"{number:064x}" in lost and address not in facts.owners
        if times > 1 or (row is None and not is_lost) or (row and (row.address, row.holder_id) != (address, facts.owners.get(address))):
            yield f"certificate {number:064x} was issued to {address} {times} times, its row is {row}"
    there = {number for number, _ in issued}
    for number, row in rows.items():
        if row.operation_id in final and number not in there:
            yield f"certificate {row.id} is called final, and the chain has none"


def _done_means_done(facts):
    skipped = _skipped(facts)
    for operation in facts.operations:
        refused = {entry.address for entry in facts.entries if entry.operation_id == operation.id and entry.kind == "refused"}
        event = facts.used_by(operation)
        if operation.state == "final" and (event is None or event.block_hash != operation.block_hash):
            yield f"operation {operation.id} is called final, and its block does not hold it"
        if operation.state == "final" and refused != skipped[_place(operation)]:
            yield f"operation {operation.id} is final, the chain skipped {sorted(skipped[_place(operation)])}, and {sorted(refused)} are refused"
        if operation.state == "failed" and event is not None and event.name != "Voided":
            yield f"operation {operation.id} is called failed, and the chain did it"


def _skips_wait(facts):
    """What a skipped burn covers stays covered until the skip is final."""
    skipped = _skipped(facts)
    for operation in facts.operations:
        for entry in facts.entries:
            is_skipped = entry.operation_id == operation.id and entry.address in skipped[_place(operation)]
            if is_skipped and operation.state == "mined" and not entry.is_open:
                yield f"operation {operation.id} is mined, entry {entry.id} was skipped, and it is closed already"


def _all_is_done(facts):
    for switch in facts.switches:
        yield f"{switch.name} stands still: {switch.reason}"
    for operation in facts.operations:
        if operation.state != "final" and not (operation.state == "failed" and _may_fail(facts, operation)):
            yield f"operation {operation.id} is {operation.state}: {operation.error or 'no reason noted'}"
    waiting = {holder.user_id for holder in facts.holders if str(holder.id) in facts.incidents_of("burn skipped")}
    waiting |= {user.id for user in facts.users if user.suspended_at}
    for withdrawal in facts.withdrawals:
        if withdrawal.state not in ("sent", "failed") and not (withdrawal.state == "approved" and withdrawal.user_id in waiting):
            yield f"withdrawal {withdrawal.key} is {withdrawal.state}"


def _no_certificate_waits(facts):
    for row in facts.certificates:
        if row.operation_id is None:
            yield f"certificate {row.id} is in no batch"


def _nobody_waits_for_an_operator(facts):
    for row in facts.incidents:
        if row.closed_at is None and row.kind not in _TOLD:
            yield f"incident {row.kind!r} about {row.subject} is open: {row.details}"


def _each_leg_is_covered(facts):
    waiting, newest = facts.incidents_of("burn skipped"), _newest_settled(facts)
    for transfer, holder, amount, entry, _ in facts.legs():
        if entry is None and str(holder) not in waiting:
            later = ", though one covers what came later" if transfer.id < newest[holder] else ""
            yield f"transfer {transfer.key} changes holder {holder} by {amount}, and no entry covers it{later}"


def _newest_settled(facts):
    """{holder: the id of his newest transfer that a settlement covers}"""
    settled, newest = {entry.id for entry in facts.entries if entry.kind in ("mint", "burn", "empty")}, Counter()
    for transfer, holder, _, entry, _ in facts.legs():
        if entry in settled:
            newest[holder] = max(newest[holder], transfer.id)
    return newest


def _holders_have_their_totals(facts):
    """What they own, less what waits for an operator's look, with what is not credited, without what was stolen from their addresses."""
    owned, held = Counter(), _balances(facts)
    for _, holder, amount, entry, _ in facts.legs():
        owned[holder] += amount if entry is not None else 0
    for row in facts.deposits:
        owned[row.holder_id] += row.amount if row.entry_id is None else 0
    for holder in facts.holders:
        stolen, there = facts.stolen(holder.id), sum(held[address] for address, owner in facts.owners.items() if owner == holder.id)
        if owned[holder.id] - stolen != there:
            yield f"holder {holder.id} owns {owned[holder.id]}, {stolen} were stolen, the chain holds {there}"


def _replaced_addresses_are_empty(facts):
    """Except for what came and is not credited: only what the ledger knows is moved."""
    held, waiting = _balances(facts), Counter()
    for row in facts.deposits:
        waiting[row.address] += row.amount if row.entry_id is None else 0
    for wallet in facts.wallets:
        if wallet.replaced_at and held[wallet.address] != waiting[wallet.address]:
            yield f"{held[wallet.address]} stand at the replaced address {wallet.address}, where {waiting[wallet.address]} wait for their credit"


def _deposits_are_what_came(facts):
    came = Counter((facts.owners[target], target, amount) for target, amount in facts.came())
    known = Counter((row.holder_id, row.address, row.amount) for row in facts.deposits)
    if came != known:
        yield f"from outside came {sorted(came.items())}, the deposits are {sorted(known.items())}"


def _deposits_are_credited(facts):
    """Except a small one of today, which waits for the day's others."""
    credited = {entry.id: entry for entry in facts.entries if entry.kind == "deposit"}
    for row in facts.deposits:
        if row.entry_id not in credited and row.amount >= SMALL:
            yield f"deposit {row.id} of {row.amount} is {'parked' if row.is_parked else 'not credited'}"
    for entry in credited.values():
        if sum(row.amount for row in facts.deposits if row.entry_id == entry.id) != entry.amount:
            yield f"entry {entry.id} credits {entry.amount}, which is not what its deposits are"


def _outside_is_what_left(facts):
    """The ledger's outside is what the addresses of others hold, less what is stolen and what came back and is not credited."""
    abroad = sum(amount for address, amount in _balances(facts).items() if address not in facts.owners)  # as is one that was lost with a database
    stolen = sum(map(facts.stolen, set(facts.owners.values())))
    waiting = sum(row.amount for row in facts.deposits if row.entry_id is None)
    outside = sum(row.balance for row in facts.accounts if row.user_id is None and row.name in ("outside", "releasing"))
    if outside != abroad - stolen + waiting:
        yield f"outside and releasing are {outside}; others hold {abroad}, {stolen} of it stolen, and {waiting} came back"


def _supply_is_what_was_issued(facts):
    """Apart from what is owed to holders who wait for a look; what members owe came back in the ledger alone."""
    issuance = next(row.id for row in facts.accounts if row.name == "issuance")
    issued = sum(row.amount for row in facts.transfers if row.source_id == issuance)
    issued -= sum(row.amount for row in facts.transfers if row.target_id == issuance)
    issued -= sum(amount for _, _, amount, entry, _ in facts.legs() if entry is None)
    issued -= sum(row.balance for row in facts.accounts if row.name == "debt" and row.asset == "TEO")
    held = _balances(facts)
    if not facts.supply == issued == sum(held.values()):
        yield f"issued {issued}, supply {facts.supply}, balances {sum(held.values())}"


def _nothing_waits_in_a_lane(facts):
    for signer in facts.signers:
        if facts.counts[signer.address] != signer.next_nonce:
            yield f"signer {signer.address} has {facts.counts[signer.address]} mined and is at nonce {signer.next_nonce}"


ALWAYS = (_kept_balances, _each_op_once, _entries_are_their_legs, _legs_are_their_holders, _one_open_entry, _nonces_are_contiguous, _a_nonce_has_one_operation)
HISTORY = (_nothing_asked_is_lost, _debts_are_what_could_not_be_taken, _suspended_get_no_new_release, _what_is_sent_is_saved, _ops_did_what_their_entries_say, _moves_go_home, _releases_go_where_asked,
           _recoveries_issue_what_was_lost, _roots_are_of_their_trees, _batches_issue_what_they_say, _certificates_are_where_the_chain_has_them, _done_means_done, _skips_wait)  # fmt: skip
QUIET = (_all_is_done, _no_certificate_waits, _nobody_waits_for_an_operator, _each_leg_is_covered, _holders_have_their_totals, _replaced_addresses_are_empty, _deposits_are_what_came,
         _deposits_are_credited, _outside_is_what_left, _supply_is_what_was_issued, _nothing_waits_in_a_lane)  # fmt: skip


def _signed(entry):
    """What the entry adds to what its holder has, at whichever of his addresses."""
    return {"mint": 1, "deposit": 1, "move": 0, "empty": 0, "refused": 0}.get(entry.kind, -1) * entry.amount


def _place(operation):
    return _HOME.get(operation.kind, "TeoCoin"), operation.op


def _may_fail(facts, operation):
    """What was dropped, a withdrawal or move that was refused, what stood in the way of a restored database, and a root the chain has of that day already."""
    is_set_aside = (operation.error or "").startswith("set aside")
    return operation.is_void or operation.kind in ("release", "move") or is_set_aside or (facts.is_restored and operation.kind == "root")


def _certified(facts):
    """What was asked for, by the names of the schedule."""
    holders, names = {row.id: row.user_id for row in facts.holders}, {row.id: row.email.partition("@")[0] for row in facts.users}
    slugs = {row.id: row.slug for row in facts.courses}
    return [f"certificate:{names[holders[row.holder_id]]}:{slugs[row.course_id]}" for row in facts.certificates if row.course_id]


def _known_hashes(facts):
    return {row.tx_hash for row in (*facts.attempts, *facts.creations)}


def _foreign_nonces(facts, signer, known):
    sent = [each for each in facts.sent if each["from"].lower() == signer.lower() and each["hash"] not in known]
    return {int(each["nonce"], 16) for each in sent if facts.is_restored or not _is_our_call(facts, each)}


def _is_our_call(facts, sent):
    """To one of our contracts, and for an operation: a signer may pause the contract without one."""
    return sent["to"] in facts.contracts_called and not sent["input"].startswith(_PAUSE)


def _skipped(facts):
    """Addresses whose burn the chain skipped, by (contract, op)."""
    found = defaultdict(set)
    for event in facts.named("Skipped"):
        found[event.contract, event.words[0]].add(_address(event.words[1]))
    return found


def _settle_says(_, entries):
    """A refused one was a burn, which the chain told as skipped."""
    return [(entry.address, entry.amount if entry.kind == "mint" else -entry.amount) for entry in entries]


def _release_says(operation, entries):
    return [(entry.address, -entry.amount) for entry in entries]


def _brought(facts, settled):
    """(address, change) of each mint, burn and skipped burn of the transaction."""
    for event in facts.events:
        if event.tx_hash == settled.tx_hash and event.name == "Transfer":
            source, target, amount = _address(event.words[0]), _address(event.words[1]), event.words[2]
            yield (target, amount) if source == _NOBODY else (source, -amount)
        elif event.tx_hash == settled.tx_hash and event.name == "Skipped":
            yield _address(event.words[1]), -event.words[2]


def _released(_, event):
    return [(_address(event.words[1]), -event.words[3])]


_DID = dict.fromkeys(_USES, lambda *_: []) | {"Settled": _brought, "Released": _released}
_HOLDER, _ID = {"Transfer": 1, "Existed": 2}, {"Transfer": 2, "Existed": 1}  # which words of a Certificate's events
_SAID = dict.fromkeys(_USES, lambda *_: []) | {"Settled": _settle_says, "Released": _release_says}


def _balances(facts):
    held = Counter()
    for event in facts.named("Transfer"):
        held[_address(event.words[0])] -= event.words[2]
        held[_address(event.words[1])] += event.words[2]
    del held[_NOBODY]
    return held


def _address(word):
    return to_checksum_address(word.to_bytes(20))


def _event(contract, log):
    data = log["data"][2:]
    words = [*log["topics"][1:], *(data[start : start + 64] for start in range(0, len(data), 64))]
    return Event(contract, _NAMES[log["topics"][0]], tuple(int(word, 16) for word in words), log["transactionHash"], log["blockHash"])


def _transactions(anvil):
    for number in range(int(anvil.call("eth_blockNumber"), 16) + 1):
        yield from anvil.call("eth_getBlockByNumber", hex(number), True)["transactions"]
