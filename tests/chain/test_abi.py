"""Our own short way with call data and logs gives what web3's general way gives."""

import secrets

import pytest
from eth_utils import to_checksum_address
from web3 import Web3

from lms.chain.contracts import abi, artifact
from lms.chain.contracts.abi import Log

SOMEBODY, OTHER = (to_checksum_address(secrets.token_bytes(20)) for _ in range(2))
WORD = secrets.token_bytes(32)


@pytest.mark.parametrize(
    ("contract", "name", "args"),
    [
        ("TeoCoin", "settle", (7, [WORD, WORD], [(WORD, WORD, WORD)])),
        ("TeoCoin", "settle", (2**256 - 1, [], [])),
        ("TeoCoin", "release", (7, SOMEBODY, OTHER, 5, 9, secrets.token_bytes(65))),
        ("TeoCoin", "void", (7,)),
        ("TeoCoin", "isUsed", (7,)),
        ("Certificate", "issue", (7, secrets.token_bytes(104))),
        ("Notary", "publish", (7, WORD, 20_000, WORD, 5)),
    ],
)
def test_call_data_is_what_web3_makes(contract, name, args):
    made = Web3().eth.contract(abi=artifact(contract)["abi"]).encode_abi(name, args=args)
    assert "0x" + abi.call_data(contract, name, args).hex() == made


@pytest.mark.parametrize("name", ["Settled", "Transfer"])
def test_events_are_what_web3_reads(pool, token, submit, name):
    receipt = submit(token.address, token.settle_data(3, [(SOMEBODY, 5), (OTHER, 2**39)], []))
    event = Web3().eth.contract(token.address, abi=artifact("TeoCoin")["abi"]).events[name]()
    logs = pool.read(lambda web3: web3.eth.get_transaction_receipt(receipt.tx_hash)).logs
    expected = [(dict(found.args), found.logIndex) for found in map(event.process_log, (log for log in logs if log.topics[0].to_0x_hex() == event.topic))]
    told = abi.events("TeoCoin", name, receipt.logs)
    assert [({field: found.args[field] for field in args}, found.index) for found, (args, _) in zip(told, expected, strict=True)] == expected


def words(*values):
    """As a node writes them."""
    return tuple("0x" + (value if isinstance(value, bytes) else value.to_bytes(32)).hex() for value in values)


def test_an_address_is_checksummed():
    for _ in range(50):
        bare = secrets.token_bytes(20)
        assert abi.address(bytes(12) + bare) == to_checksum_address(bare)


def test_a_value_has_its_name_and_nothing_else_has_one():
    (event,) = abi.events("TeoCoin", "Voided", [Log("0x", words(abi.topic("TeoCoin", "Voided"), 7), "0x", 4)])
    assert (event.args.op, event.args["op"], event.index) == (7, 7, 4)
    with pytest.raises(AttributeError):
        _ = event.args.amount


def test_numbers_are_the_words_of_an_event_the_indexed_ones_first():
    topics = words(abi.topic("TeoCoin", "Skipped"), 7, 2**159 + 5)
    other = Log("0x", words(abi.topic("TeoCoin", "Voided"), 7), "0x", 5)
    assert abi.numbers("TeoCoin", "Skipped", [Log("0x", topics, *words(9), 4), other]) == [(7, 2**159 + 5, 9)]
