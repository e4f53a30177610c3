"""The text a wallet signs, by EIP-4361, and whose signature it is."""

from datetime import UTC, datetime

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from lms.formats import sign_in_message as messages

KEY = "0x" + "11" * 32
ADDRESS = Account.from_key(KEY).address
MESSAGE = messages.Message(
    domain="learn.example.org:8000",
    address=ADDRESS,
    statement="Link this wallet to your account.",
    uri="https://learn.example.org:8000/wallet/addresses",
    chain_id=137,
    nonce="abcdefgh12345678",
    issued_at=datetime(2026, 11, 27, 12, 0, 0, tzinfo=UTC),
    expires_at=datetime(2026, 11, 27, 12, 10, 0, tzinfo=UTC),
)
TEXT = MESSAGE.text()
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def sign(text=TEXT, key=KEY):
    return "0x" + Account.sign_message(encode_defunct(text=text), key).signature.hex().removeprefix("0x")


def test_it_is_written_as_the_standard_says():
    assert TEXT.splitlines() == [
        "learn.example.org:8000 wants you to sign in with your Ethereum account:",
        ADDRESS,
        "",
        "Link this wallet to your account.",
        "",
        "URI: https://learn.example.org:8000/wallet/addresses",
        "Version: 1",
        "Chain ID: 137",
        "Nonce: abcdefgh12345678",
        "Issued At: 2026-11-27T12:00:00Z",
        "Expiration Time: 2026-11-27T12:10:00Z",
    ]


def test_the_signer_is_known_by_his_signature():
    assert messages.signer(TEXT, sign()) == ADDRESS
    assert messages.signer(TEXT + " ", sign()) != ADDRESS


@pytest.mark.parametrize("v", [0, 1])
def test_hardware_wallets_count_v_from_zero(v):
    signature = bytes.fromhex(sign()[2:])
    other = signature[:64] + bytes([signature[64] - 27])
    assert messages.signer(TEXT, "0x" + other.hex()) == ADDRESS


def test_the_twin_of_a_signature_is_refused():
    raw = bytes.fromhex(sign()[2:])
    twin = raw[:32] + (ORDER - int.from_bytes(raw[32:64])).to_bytes(32) + bytes([55 - raw[64]])
    with pytest.raises(messages.BadMessage):
        messages.signer(TEXT, "0x" + twin.hex())


@pytest.mark.parametrize("signature", ["", "0x", "0x" + "00" * 65, "0x" + "ff" * 65, "0x" + "11" * 64, sign()[2:], sign() + "00", "0x" + "zz" * 65])
def test_nonsense_is_no_signature(signature):
    with pytest.raises(messages.BadMessage):
        messages.signer(TEXT, signature)


def test_an_address_gets_its_capitals():
    assert messages.checksummed(ADDRESS.lower()) == messages.checksummed("0x" + ADDRESS[2:].upper()) == messages.checksummed(ADDRESS) == ADDRESS


@pytest.mark.parametrize("wrong", ["", "0x", ADDRESS[:-1], ADDRESS + "0", ADDRESS.swapcase().replace("0X", "0x"), "0x" + "g" * 40])
def test_what_is_no_address_or_has_wrong_capitals_is_refused(wrong):
    with pytest.raises(messages.BadMessage):
        messages.checksummed(wrong)
