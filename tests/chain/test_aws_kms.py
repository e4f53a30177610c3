"""Keys in AWS KMS: what they sign is mined, what they wrap opens for its owner only."""

import os

import pytest
from eth_account import Account

from lms.chain import anvil, transactions
from lms.chain.aws_kms import _ORDER, KmsKek, KmsSigner
from lms.chain.custodial_keys import Key, new_key, open_key, rewrap
from lms.chain.eip1559 import encode
from lms.chain.errors import ChainError, KeyServiceDown, WrongKey
from lms.chain.key_encryption import Keks
from lms.chain.signers import open_signer
from tests.chain.conftest import local_keks

SOMEBODY = "0x00000000000000000000000000000000000A11cE"
TRANSACTION = {
    "type": 2,
    "chainId": 31337,
    "nonce": 7,
    "maxPriorityFeePerGas": 30 * 10**9,
    "maxFeePerGas": 90 * 10**9,
    "gas": 50_000,
    "to": SOMEBODY,
    "value": 0,
    "data": b"\x01\x02",
}


@pytest.fixture
def kms_signer(kms):
    return KmsSigner(kms.signing())


def test_a_transaction_signed_in_kms_is_mined(kms_signer, pool, mined):
    anvil.fund(pool, kms_signer.address, 10**21)
    for nonce in range(2):
        signed = transactions.sign(kms_signer, pool.chain_id, SOMEBODY, b"", nonce, transactions.fees(pool), 50_000)
        assert transactions.broadcast(pool, signed.raw).accepted
        assert mined(signed.tx_hash).succeeded


def test_a_contract_is_created_by_it(kms_signer, pool, mined):
    anvil.fund(pool, kms_signer.address, 10**21)
    signed = transactions.sign(kms_signer, pool.chain_id, None, bytes.fromhex("60016000f3"), 0, transactions.fees(pool), 100_000)
    transactions.broadcast(pool, signed.raw)
    assert mined(signed.tx_hash).contract_address == transactions.created_address(kms_signer.address, 0)


def test_each_signature_is_the_signers_with_a_low_s(kms_signer):
    """KMS gives a high s every other time, and neither tells which point it meant: forty, so that each case is met."""
    signed = [kms_signer.sign_transaction(TRANSACTION)[0] for _ in range(40)]
    assert {Account.recover_transaction(raw) for raw in signed} == {kms_signer.address}
    assert len(set(signed)) == 40, "other bytes each time: what is stored is what is resent"
    assert max(kms_signer._sign(os.urandom(32))[2] for _ in range(40)) <= _ORDER // 2


def test_the_bytes_are_those_eth_account_makes():
    signed = Account.sign_transaction(TRANSACTION, b"\x07" * 32)
    assert encode(TRANSACTION, signed.v, signed.r, signed.s) == bytes(signed.raw_transaction)
    created = Account.sign_transaction(TRANSACTION | {"to": b""}, b"\x07" * 32)
    assert encode(TRANSACTION | {"to": b""}, created.v, created.r, created.s) == bytes(created.raw_transaction)


def test_the_setting_names_it_beside_files(kms, keks):
    arn = kms.signing()
    assert open_signer(f"kms:{arn}", keks).address == KmsSigner(arn).address


def test_a_key_of_another_kind_is_refused(kms):
    for kind in ("ECC_NIST_P256", "RSA_2048"):
        with pytest.raises(WrongKey, match="of the kind ECC_SECG_P256K1"):
            KmsSigner(kms.signing(kind))


def test_a_key_that_kms_does_not_let_us_use_says_so_and_nothing_else(kms):
    signer, arn = KmsSigner(kms.signing()), kms.wrapping()
    gone = KmsKek(arn[:-1] + ("0" if arn[-1] != "0" else "1"))
    secret = os.urandom(32)
    with pytest.raises(KeyServiceDown) as refused:
        gone.wrap(secret, b"7")
    assert str(refused.value) == "AWS KMS refuses to encrypt: NotFoundException"
    assert refused.value.__context__ is None
    assert signer.address not in repr(signer)


def test_a_kms_that_does_not_answer_says_so(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with pytest.raises(KeyServiceDown, match="does not answer: EndpointConnectionError"):
        KmsSigner("arn:aws:kms:eu-north-1:111122223333:key/nowhere")


def test_a_data_key_wrapped_by_kms_opens_for_its_owner_only(kms):
    keks = Keks(1, {1: KmsKek(kms.wrapping())})
    sealed = new_key("7", keks)
    assert open_key(sealed, "7", keks).address == sealed.address
    with pytest.raises(WrongKey):
        open_key(sealed, "8", keks)
    with pytest.raises(ChainError):  # AWS says IncorrectKeyException, moto that it is none of ours
        open_key(sealed, "7", Keks(1, {1: KmsKek(kms.wrapping())}))


def test_a_local_kek_is_followed_by_one_in_kms(kms):
    old, remote = local_keks(1), KmsKek(kms.wrapping())
    sealed = new_key("7", old)
    again = rewrap(sealed, "7", Keks(2, old._by_version | {2: remote}))
    assert open_key(again, "7", Keks(2, {2: remote})).reveal() == open_key(sealed, "7", old).reveal()


def test_what_kms_signs_by_another_key_is_not_sent(kms_signer, monkeypatch):
    monkeypatch.setattr(kms_signer, "address", Key(b"\x05" * 32).address)
    with pytest.raises(WrongKey, match="not by the key"):
        kms_signer.sign_transaction(TRANSACTION)
