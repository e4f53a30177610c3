"""One transaction: priced, signed, sent, found again, final."""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median_high
from typing import Any, TypeVar

import rlp
from eth_account.typed_transactions import TypedTransaction
from eth_utils import keccak, to_canonical_address, to_checksum_address
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import ContractLogicError, TransactionNotFound, Web3RPCError

from lms.chain import raw_answers, receipts
from lms.chain.anvil import CHAIN_ID as ANVIL
from lms.chain.block_cache import Glance
from lms.chain.contracts import explain
from lms.chain.errors import FeeTooHigh, Reverted, RpcDisagreement, RpcDown, RpcRefused
from lms.chain.receipts import Mined, Receipt
from lms.chain.rpc import Pool
from lms.chain.signers import Signer

T = TypeVar("T")
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
class Sent:
    """Whether an endpoint has the transaction now, and what the others said."""

    accepted: bool
    refusals: tuple[str, ...]


def fees(pool: Pool) -> Fees:
    """What a transaction should offer now; FeeTooHigh when that is more than we ever pay, or a node says so."""
    history = pool.read(lambda web3: web3.eth.fee_history(10, "latest", [60]))
    tips: list[int] = [block[0] for block in history["reward"]] or [0]
    tip = max(LEAST_TIP, median_high(tips))
    return _affordable(Fees(tip, 2 * history["baseFeePerGas"][-1] + tip))


def bump(old: Fees, fresh: Fees) -> Fees:
    """What replaces a stuck transaction: nodes demand an eighth more on both fields."""
    return _affordable(Fees(max(_eighth_more(old.tip), fresh.tip), max(_eighth_more(old.cap), fresh.cap)))


def estimate_gas(pool: Pool, sender: str, to: str | None, data: bytes, likely: int | None = None) -> int:
    """The gas limit to sign: a fifth above the estimate, within what a transaction may use. Reverted when the contract would refuse.

    Where `likely` is given and is enough, that is the limit: one try costs a node a tenth of searching for the least that is."""
    call: Any = _call(sender, to, data)  # web3 has a type of its own for addresses
    if likely and pool.read(lambda web3: _is_enough(web3, call, likely)):
        return likely
    gas = _unless_reverted(pool, lambda web3: web3.eth.estimate_gas(call))
    return min(gas + gas // 5, MOST_GAS)


def sign(signer: Signer, chain_id: int, to: str | None, data: bytes, nonce: int, fees: Fees, gas: int) -> Signed:
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


def sign_for_more(signer: Signer, raw: bytes, fresh: Fees) -> Signed:
    """The transaction of these bytes again under its nonce, for an eighth more or the fresh Fees. FeeTooHigh when that is more than we ever pay."""
    old = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
    fees = bump(Fees(old["maxPriorityFeePerGas"], old["maxFeePerGas"]), fresh)
    return sign(signer, old["chainId"], old["to"] or None, bytes(old["data"]), old["nonce"], fees, old["gas"])


def lacks_funds(refusal: str) -> bool:
    """Whether a node refuses for want of money for gas, as geth, bor and anvil say it: who offers more then needs more."""
    return "insufficient funds" in refusal.lower()


def broadcast(pool: Pool, raw: bytes) -> Sent:
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


def receipt(pool: Pool | Glance, tx_hash: str) -> Receipt | None:
    """The receipt two endpoints agree on; None while it is not mined, or not yet seen by both."""
    try:
        return pool.agreed(lambda web3: receipts.read(web3, tx_hash))
    except RpcDisagreement:
        return None


def confirmations(pool: Pool | Glance, receipt: Mined) -> int:
    """How many blocks stand on it, its own included; 0 when its block is no longer part of the chain. An operation that was mined tells as much as its receipt."""
    head, block = pool.head(), pool.block(receipt.block_number)
    if block is None or block.hash != receipt.block_hash:
        return 0
    return head.number - receipt.block_number + 1


def is_missing(pool: Pool | Glance, tx_hash: str) -> bool:
    """Whether two endpoints know no receipt; RpcDisagreement while one does: a lagging one is no evidence that nothing happened."""
    return pool.agreed(lambda web3: receipts.read(web3, tx_hash)) is None


def is_final(pool: Pool | Glance, receipt: Mined) -> bool:
    """Finalized by the chain's own word, deep enough, and in the same block for two endpoints."""
    return receipt.block_number <= pool.finalized() and confirmations(pool, receipt) >= _final_depth(pool)


def final_block(pool: Pool | Glance) -> int:
    """The number of the newest block that is final as is_final has it; 0 before there is another."""
    return max(0, min(pool.finalized(), pool.head().number - _final_depth(pool) + 1))


def _final_depth(pool: Pool | Glance) -> int:
    return 1 if pool.chain_id == ANVIL else FINAL_DEPTH


def created_address(sender: str, nonce: int) -> str:
    """Where a contract lands that this sender creates with this nonce."""
    return to_checksum_address(keccak(rlp.encode([to_canonical_address(sender), nonce]))[12:])


def _affordable(fees: Fees) -> Fees:
    if fees.cap > MOST_CAP:
        raise FeeTooHigh(f"the chain asks for {fees.cap // GWEI} gwei, and {MOST_CAP // GWEI} is the most we pay")
    return fees


def _eighth_more(fee: int) -> int:
    return -(-fee * 9 // 8)


def _call(sender: str, to: str | None, data: bytes) -> dict[str, Any]:
    call = {"from": sender, "data": data}
    return call if to is None else call | {"to": to}


def _is_enough(web3: Web3, call: dict[str, Any], gas: int) -> bool:
    try:
        raw_answers.ask(web3, "eth_call", call | {"data": f"0x{call['data'].hex()}", "gas": hex(gas)}, "latest")
    except Web3RPCError:
        return False
    return True


def _unless_reverted(pool: Pool, question: Callable[[Web3], T]) -> T:
    try:
        return pool.read(question)
    except ContractLogicError as revert:
        reason = _reason(revert)
    raise Reverted(reason)


def _reason(revert: ContractLogicError) -> str:
    if isinstance(revert.data, str) and revert.data.startswith("0x") and len(revert.data) > 2:
        return explain(bytes.fromhex(revert.data[2:]))
    return str(revert.message)


def _submit(web3: Web3, raw: bytes) -> None:
    try:
        raw_answers.ask(web3, "eth_sendRawTransaction", f"0x{raw.hex()}")
    except Web3RPCError as refusal:
        if not _has_it(web3, raw, str(refusal)):
            raise


def _has_it(web3: Web3, raw: bytes, said: str) -> bool:
    """A refused transaction may be there already, waiting or mined: texts differ, the hash does not."""
    if any(known in said.lower() for known in _KNOWN):
        return True
    try:
        web3.eth.get_transaction(Web3.keccak(raw))
    except TransactionNotFound:
        return False
    return True
