import os
import pickle
from dataclasses import replace

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from lms.chain.errors import WrongKey
from lms.chain.signers import LocalSigner
from lms.chain.vault import new_key, open_key, shorten, sign_burn

TOKEN = "0x5FbDB2315678afecb367f032d93F642f64180aa3"


@pytest.fixture
def sealed(kek):
    return new_key("7", kek)


def test_a_sealed_key_opens_to_its_address(sealed, kek):
    assert open_key(sealed, "7", kek).address == sealed.address


def test_another_kek_does_not_open_it(sealed):
    with pytest.raises(WrongKey):
        open_key(sealed, "7", os.urandom(32))


def test_another_owner_does_not_open_it(sealed, kek):
    with pytest.raises(WrongKey):
        open_key(sealed, "8", kek)


@pytest.mark.parametrize("part", ["ciphertext", "wrapped_key"])
def test_a_changed_byte_does_not_open(sealed, kek, part):
    stored = bytearray(getattr(sealed, part))
    stored[-1] ^= 1
    with pytest.raises(WrongKey):
        open_key(replace(sealed, **{part: bytes(stored)}), "7", kek)


def test_a_key_moved_to_another_row_does_not_open(sealed, kek):
    other = new_key("7", kek)
    with pytest.raises(WrongKey):
        open_key(replace(sealed, address=other.address), "7", kek)


def test_a_newer_kek_version_is_bound_to_the_wrap(sealed, kek):
    with pytest.raises(WrongKey):
        open_key(replace(sealed, kek_version=2), "7", kek)


def test_a_key_never_shows_itself(sealed, kek):
    key = open_key(sealed, "7", kek)
    shown = f"{key} {key!r} {sealed!r} {vars(sealed)}"
    assert key.reveal().hex() not in shown
    assert repr(key.reveal()) not in shown
    assert shorten(key.address) in repr(key)
    with pytest.raises(TypeError):
        pickle.dumps(key)


def test_what_is_stored_does_not_hold_the_key(sealed, kek):
    secret = open_key(sealed, "7", kek).reveal()
    assert secret not in sealed.ciphertext + sealed.wrapped_key


def test_a_failure_to_open_carries_no_cause_with_it(sealed):
    with pytest.raises(WrongKey) as problem:
        open_key(sealed, "7", os.urandom(32))
    assert problem.value.__context__ is None


def test_a_burn_is_signed_as_wallets_sign_typed_data(sealed, kek):
    key = open_key(sealed, "7", kek)
    signed = sign_burn(key, 31337, TOKEN, 20, 2)
    assert signed == Account.sign_message(_typed(key.address, 20, 2), key.reveal()).signature


def test_a_signer_file_opens_with_its_kek_only(tmp_path, kek):
    created = LocalSigner.create(tmp_path / "signer.json", kek)
    assert LocalSigner.load(tmp_path / "signer.json", kek).address == created.address
    with pytest.raises(WrongKey):
        LocalSigner.load(tmp_path / "signer.json", os.urandom(32))


def test_a_signer_file_is_written_whole_or_not_at_all(tmp_path, kek, monkeypatch):
    def killed(_):
        raise SystemExit("killed")

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(SystemExit):
        LocalSigner.create(tmp_path / "signer.json", kek)
    assert list(tmp_path.iterdir()) == []


def test_a_signer_file_is_private_and_never_overwritten(tmp_path, kek):
    LocalSigner.create(tmp_path / "signer.json", kek)
    assert (tmp_path / "signer.json").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        LocalSigner.create(tmp_path / "signer.json", kek)


def _typed(holder, amount, op):
    uint, address = "uint256", "address"
    return encode_typed_data(
        {"name": "TeoCoin", "version": "1", "chainId": 31337, "verifyingContract": TOKEN},
        {"Burn": [{"name": "holder", "type": address}, {"name": "amount", "type": uint}, {"name": "op", "type": uint}]},
        {"holder": holder, "amount": amount, "op": op},
    )
