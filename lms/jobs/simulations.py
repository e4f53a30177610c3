"""What would become of a withdrawal in review: the release that would be signed for it, put before the node and never sent."""

from lms import clock
from lms.chain import node as reader
from lms.chain import transactions
from lms.chain.contracts import TeoCoin
from lms.chain.errors import ChainError, CodeMismatch, FeeTooHigh, Reverted
from lms.db import db, transaction
from lms.domain.desk import simulations
from lms.domain.desk.simulations import Answer
from lms.domain.ledger import queries as books
from lms.domain.onchain import queries as onchain
from lms.domain.onchain.models import Entry
from lms.domain.wallet import custody
from lms.domain.wallet import queries as wallets
from lms.domain.withdrawals import queries
from lms.jobs import announce, contract_calls, node

# Nobody has approved it yet, and its holder signs all the same: no longer than the question takes, and only our signers may bring what he signed.
LASTS = 300  # seconds


def run(withdrawal_id):
    """Ask, keep what was answered, and show it to the admins who have the case open."""
    withdrawal = queries.withdrawal(withdrawal_id)
    if withdrawal is None or withdrawal.state != "in review":
        return
    asked_for = withdrawal.amount, withdrawal.to
    answer = _answer(withdrawal)
    with transaction():
        simulations.keep(withdrawal_id, *asked_for, answer)
    announce.simulated(withdrawal_id)


def _answer(withdrawal):
    try:
        return _try(withdrawal)
    except ChainError as error:
        return Answer("unknown", type(error).__name__)


def _try(withdrawal):
    deployment, wallet, chain = onchain.deployment(), wallets.wallet_of(withdrawal.user_id), onchain.chain_state()
    if deployment is None or chain is None:
        return Answer("unknown", "no contract")
    if wallet is None:
        return Answer("unknown", "no wallet")
    holder = books.holder_of(withdrawal.user_id)
    entry = Entry(holder_id=holder.id, address=wallet.address, kind="release", amount=withdrawal.amount)
    target, data = contract_calls.release(deployment, deployment.next_op, entry, withdrawal.to, _deadline(chain))
    is_there = custody.settled(holder.id) >= withdrawal.amount and not custody.is_busy(holder.id)
    chain_id, signer = deployment.chain_id, _signer()
    db.session.rollback()  # a node may hang, and no transaction waits with us
    return _ask(_pool(chain_id, target), signer, target, data, entry.address, is_there)


def _deadline(chain):
    return max(chain.head_at, int(clock.now().timestamp())) + LASTS


def _signer():
    """The address of the lane that takes it first."""
    addresses = node.addresses()
    return next((address for address in addresses if not onchain.is_retired(address)), addresses[0])


def _pool(chain_id, target):
    pool = node.pool()
    if pool.chain_id != chain_id:
        raise CodeMismatch(f"the contract is on chain {chain_id}, and this is {pool.chain_id}")
    TeoCoin(target).check_code(pool)
    return pool


def _ask(pool, signer, target, data, address, is_there):
    """`is_there`: by our rows all of it stands at the address, and nothing of its holder's is on its way."""
    block = pool.head().number
    seen = dict(block_number=block, balance=reader.holdings(pool, target, [address], block).balances[address])
    try:
        gas = transactions.estimate_gas(pool, signer, target, data)
    except Reverted as refusal:
        waits = refusal.reason.startswith("ERC20InsufficientBalance") and not is_there
        return Answer("waits", "a batch", **seen) if waits else Answer("reverts", refusal.reason, **seen)
    try:
        fee = gas * transactions.fees(pool).cap
    except FeeTooHigh:
        return Answer("waits", "fees", gas=gas, **seen)
    has_funds = pool.balance(signer) >= fee
    return Answer("succeeds" if has_funds else "waits", "" if has_funds else "funds", gas=gas, fee_wei=fee, **seen)
