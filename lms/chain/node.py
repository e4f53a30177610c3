"""What the chain holds, read with the block it belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from eth_abi import decode, encode
from eth_utils import keccak

from lms.chain import blocks, raw_answers
from lms.chain.contracts import artifact
from lms.chain.contracts.abi import address
from lms.chain.rpc import Pool

_TRANSFER = "0x" + keccak(text="Transfer(address,address,uint256)").hex()
_NOBODY = "0x" + "00" * 32
# The answer comes as the code of a contract, which may be 24,576 bytes: 32 for each holder.
_HOLDERS_A_CALL = 700


@dataclass(frozen=True)
class Holdings:
    """Balances and supply of a token in one block; `balances` maps address to millionths of a TEO."""

    block_number: int
    supply: int
    balances: dict[str, int]


class Transfer(NamedTuple):
    """`parties` are the topics of source and target: most transfers are mints of ours, whose addresses nobody asks for."""

    tx_hash: str
    log_index: int
    block_number: int
    block_hash: str
    parties: tuple[str, ...]
    amount: int

    @property
    def source(self) -> str:
        return address(bytes.fromhex(self.parties[0][2:]))

    @property
    def target(self) -> str:
        return address(bytes.fromhex(self.parties[1][2:]))

    @property
    def is_mint(self) -> bool:
        return self.parties[0] == _NOBODY

    @property
    def is_burn(self) -> bool:
        return self.parties[1] == _NOBODY


def holdings(pool: Pool, token: str, addresses: Sequence[str], block_number: int | None = None) -> Holdings:
    """What these addresses hold, all at one block: the newest, or the one asked for."""
    number = pool.head().number if block_number is None else block_number
    balances: dict[str, int] = {}
    supply = 0
    for start in range(0, max(len(addresses), 1), _HOLDERS_A_CALL):
        part = addresses[start : start + _HOLDERS_A_CALL]
        number, supply, amounts = _ask(pool, token, part, number)
        balances.update(zip(part, amounts, strict=True))
    return Holdings(number, supply, balances)


def transfers(pool: Pool, token: str, first_block: int, last_block: int) -> list[Transfer]:
    """The token's Transfer logs of these blocks, both included, in the chain's order."""
    return [transfer for part in blocks.parts(first_block, last_block) for transfer in _transfers(pool, token, *part)]


def _transfers(pool: Pool, token: str, first_block: int, last_block: int) -> list[Transfer]:
    wanted = {"address": token, "topics": [_TRANSFER], "fromBlock": hex(first_block), "toBlock": hex(last_block)}
    return pool.agreed(lambda web3: [_transfer(log) for log in raw_answers.ask(web3, "eth_getLogs", wanted)])


def _ask(pool: Pool, token: str, addresses: Sequence[str], block_number: int) -> tuple[int, int, tuple[int, ...]]:
    code = bytes.fromhex(artifact("Holdings")["bytecode"]["object"][2:])
    data = code + encode(["address", "address[]"], [token, addresses])
    answer = pool.read(lambda web3: web3.eth.call({"data": data}, block_number))
    return decode(["uint256", "uint256", "uint256[]"], answer)


def _transfer(log: Mapping[str, Any]) -> Transfer:
    return Transfer(
        tx_hash=log["transactionHash"].lower(),
        log_index=int(log["logIndex"], 16),
        block_number=int(log["blockNumber"], 16),
        block_hash=log["blockHash"].lower(),
        parties=tuple(topic.lower() for topic in log["topics"][1:3]),
        amount=int(log["data"], 16),
    )
