"""One transaction: priced, signed, sent, found again, final."""

from dataclasses import dataclass, field
from statistics import median_high

import rlp
from eth_account.typed_transactions import TypedTransaction
from eth_utils import keccak, to_canonical_address, to_checksum_address
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import ContractLogicError, TransactionNotFound, Web3RPCError

from lms.chain import plain
from lms.chain.anvil import CHAIN_ID as ANVIL
from lms.chain.contracts import explain
from lms.chain.contracts.abi import Log
from lms.chain.errors import FeeTooHigh, Reverted, RpcDisagreement, RpcDown, RpcRefused

GWEI = 10**9
LEAST_TIP = 30 * GWEI
MOST_CAP = 5_000 * GWEI
MOST_GAS = 33_554_432
FINAL_DEPTH = 500
_KNOWN = ("already known", "already imported", "known transaction", "already exists")


@dataclass(frozen=True)
class Fees:
    """Wei per gas: what the validator gets, and the most that is paid in all."""

    tip: int
    cap: int


@dataclass(frozen=True)
class Signed:
    """Bytes to be stored before they are first sent, and sent again as they are."""

    raw: bytes = field(repr=False)
    tx_hash: str
    nonce: int
    tip: int
    cap: int


@dataclass(frozen=True)
class Receipt:
    tx_hash: str
    status: int
    block_number: int
    block_hash: str
    gas_used: int
    effective_gas_price: int
    contract_address: str | None
    # They say what became of an operation, so two endpoints must agree on them too.
    logs: tuple = field(repr=False)

    @property
    def succeeded(self):
        return self.status == 1


@dataclass(frozen=True)
class Sent:
    """Whether an endpoint has the transaction now, and what the others said."""

    accepted: bool
    refusals: tuple


def fees(pool):
    """What a transaction should offer now; FeeTooHigh when that is more than we ever pay, or a node says so."""
    history = pool.read(lambda web3: web3.eth.fee_history(10, "latest", [60]))
    tips = [block[0] for block in history["reward"]] or [0]
    tip = max(LEAST_TIP, median_high(tips))
    return _affordable(Fees(tip, 2 * history["baseFeePerGas"][-1] + tip))


def bump(old, fresh):
    """What replaces a stuck transaction: nodes demand an eighth more on both fields."""
    return _affordable(Fees(max(_eighth_more(old.tip), fresh.tip), max(_eighth_more(old.cap), fresh.cap)))


def estimate_gas(pool, sender, to, data, likely=None):
    """The gas limit to sign: a fifth above the estimate, within what a transaction may use. Reverted when the contract would refuse.

    Where `likely` is given and is enough, that is the limit: one try costs a node a tenth of searching for the least that is."""
    if likely and pool.read(lambda web3: _is_enough(web3, _call(sender, to, data), likely)):
        return likely
    gas = _unless_reverted(pool, lambda web3: web3.eth.estimate_gas(_call(sender, to, data)))
    return min(gas + gas // 5, MOST_GAS)


def sign(signer, chain_id, to, data, nonce, fees, gas):
    """A type-2 transaction of no value; `to` None creates a contract. Store it before it is sent."""
    transaction = {
        "type": 2,
        "chainId": chain_id,
        "nonce": nonce,
        "maxPriorityFeePerGas": fees.tip,
        "maxFeePerGas": fees.cap,
        "gas": gas,
        "to": to if to is not None else b"",
        "value": 0,
        "data": data,
    }
    raw, tx_hash = signer.sign_transaction(transaction)
    return Signed(raw, tx_hash, nonce, fees.tip, fees.cap)


def sign_for_more(signer, raw, fresh):
    """The transaction of these bytes again under its nonce, for an eighth more or the fresh Fees. FeeTooHigh when that is more than we ever pay."""
    old = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
    fees = bump(Fees(old["maxPriorityFeePerGas"], old["maxFeePerGas"]), fresh)
    return sign(signer, old["chainId"], old["to"] or None, bytes(old["data"]), old["nonce"], fees, old["gas"])


def lacks_funds(refusal):
    """Whether a node refuses for want of money for gas, as geth, bor and anvil say it: who offers more then needs more."""
    return "insufficient funds" in refusal.lower()


def broadcast(pool, raw):
    """Give the bytes to every endpoint; the same bytes may be given any number of times.

    RpcDown when none answered: a node may have them nevertheless, so the same bytes are given again.
    """
    answers = pool.everywhere(lambda web3: _submit(web3, raw))
    problems = [problem for _, problem in answers if problem is not None]
    accepted = len(problems) < len(answers)
    refusals = tuple(str(problem) for problem in problems if isinstance(problem, RpcRefused))
    if not accepted and not refusals:
        raise RpcDown("; ".join(map(str, problems)) or "every endpoint rests after failures")
    return Sent(accepted, refusals)


def receipt(pool, tx_hash):
    """The receipt two endpoints agree on; None while it is not mined, or not yet seen by both."""
    try:
        return pool.agreed(lambda web3: _receipt(web3, tx_hash))
    except RpcDisagreement:
        return None


def confirmations(pool, receipt):
    """How many blocks stand on it, its own included; 0 when its block is no longer part of the chain. An operation that was mined tells as much as its receipt."""
    head, block = pool.head(), pool.block(receipt.block_number)
    if block is None or block.hash != receipt.block_hash:
        return 0
    return head.number - receipt.block_number + 1


def is_missing(pool, tx_hash):
    """Whether two endpoints know no receipt; RpcDisagreement while one does: a lagging one is no evidence that nothing happened."""
    return pool.agreed(lambda web3: _receipt(web3, tx_hash)) is None


def is_final(pool, receipt):
    """Finalized by the chain's own word, deep enough, and in the same block for two endpoints."""
    return receipt.block_number <= pool.finalized() and confirmations(pool, receipt) >= _final_depth(pool)


def final_block(pool):
    """The number of the newest block that is final as is_final has it; 0 before there is another."""
    return max(0, min(pool.finalized(), pool.head().number - _final_depth(pool) + 1))


def _final_depth(pool):
    return 1 if pool.chain_id == ANVIL else FINAL_DEPTH


def created_address(sender, nonce):
    """Where a contract lands that this sender creates with this nonce."""
    return to_checksum_address(keccak(rlp.encode([to_canonical_address(sender), nonce]))[12:])


def _affordable(fees):
    if fees.cap > MOST_CAP:
        raise FeeTooHigh(f"the chain asks for {fees.cap // GWEI} gwei, and {MOST_CAP // GWEI} is the most we pay")
    return fees


def _eighth_more(fee):
    return -(-fee * 9 // 8)


def _call(sender, to, data):
    call = {"from": sender, "data": data}
    return call if to is None else call | {"to": to}


def _is_enough(web3, call, gas):
    try:
        plain.ask(web3, "eth_call", call | {"data": f"0x{call['data'].hex()}", "gas": hex(gas)}, "latest")
    except Web3RPCError:
        return False
    return True


def _unless_reverted(pool, question):
    try:
        return pool.read(question)
    except ContractLogicError as revert:
        reason = _reason(revert)
    raise Reverted(reason)


def _reason(revert):
    if isinstance(revert.data, str) and revert.data.startswith("0x") and len(revert.data) > 2:
        return explain(bytes.fromhex(revert.data[2:]))
    return str(revert.message)


def _submit(web3, raw):
    try:
        plain.ask(web3, "eth_sendRawTransaction", f"0x{raw.hex()}")
    except Web3RPCError as refusal:
        if not _has_it(web3, raw, str(refusal)):
            raise


def _has_it(web3, raw, said):
    """A refused transaction may be there already, waiting or mined: texts differ, the hash does not."""
    if any(known in said.lower() for known in _KNOWN):
        return True
    try:
        web3.eth.get_transaction(Web3.keccak(raw))
    except TransactionNotFound:
        return False
    return True


def _receipt(web3, tx_hash):
    found = plain.ask(web3, "eth_getTransactionReceipt", tx_hash)
    if found is None:
        return None
    created = found.get("contractAddress")
    return Receipt(
        tx_hash=found["transactionHash"].lower(),
        status=int(found["status"], 16),
        block_number=int(found["blockNumber"], 16),
        block_hash=found["blockHash"].lower(),
        gas_used=int(found["gasUsed"], 16),
        effective_gas_price=int(found["effectiveGasPrice"], 16),
        contract_address=created and to_checksum_address(created),
        logs=tuple(map(Log.read, found["logs"])),
    )
