"""Sealed keys open for their owner, under their KEK, and never otherwise."""

import os
import pickle
from dataclasses import replace

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from lms.chain.custodial_keys import new_key, open_key, rewrap, shorten, sign_burn
from lms.chain.errors import KekMissing, WrongKey
from lms.chain.key_encryption import Keks, LocalKek
from lms.chain.signers import LocalSigner, kek_version
from lms.chain.signers import rewrap as rewrap_file
from tests.chain.conftest import local_keks

TOKEN = "0x5FbDB2315678afecb367f032d93F642f64180aa3"


@pytest.fixture
def sealed(keks):
    return new_key("7", keks)


def test_a_sealed_key_opens_to_its_address(sealed, keks):
    assert open_key(sealed, "7", keks).address == sealed.address


def test_another_kek_does_not_open_it(sealed):
    with pytest.raises(WrongKey):
        open_key(sealed, "7", local_keks(1))


def test_another_owner_does_not_open_it(sealed, keks):
    with pytest.raises(WrongKey):
        open_key(sealed, "8", keks)


@pytest.mark.parametrize("part", ["ciphertext", "wrapped_key"])
def test_a_changed_byte_does_not_open(sealed, keks, part):
    stored = bytearray(getattr(sealed, part))
    stored[-1] ^= 1
    with pytest.raises(WrongKey):
        open_key(replace(sealed, **{part: bytes(stored)}), "7", keks)


def test_a_key_moved_to_another_row_does_not_open(sealed, keks):
    other = new_key("7", keks)
    with pytest.raises(WrongKey):
        open_key(replace(sealed, address=other.address), "7", keks)


def test_a_newer_kek_version_is_bound_to_the_wrap(sealed, keks):
    both = Keks(1, dict.fromkeys((1, 2), keks._by_version[1]))
    with pytest.raises(WrongKey):
        open_key(replace(sealed, kek_version=2), "7", both)


def test_a_missing_kek_version_says_what_helps(sealed):
    with pytest.raises(KekMissing, match=r"under version 1 of the KEK.* KEK_OLD.* flask keys rotate"):
        open_key(sealed, "7", local_keks(2))


def test_a_rewrapped_key_opens_by_the_newest_kek_alone(sealed, keks):
    newest = local_keks(2)
    again = rewrap(sealed, "7", Keks(2, keks._by_version | newest._by_version))
    assert (again.kek_version, again.ciphertext) == (2, sealed.ciphertext)
    assert open_key(again, "7", newest).reveal() == open_key(sealed, "7", keks).reveal()


def test_a_kek_that_does_not_give_back_what_it_wrapped_replaces_nothing(sealed, keks):
    """As a key service would that answers for another key: the old wrap must stay."""

    class Forgetful(LocalKek):
        def unwrap(self, wrapped, bound_to):
            return os.urandom(32)

    with pytest.raises(WrongKey, match="does not give back"):
        rewrap(sealed, "7", Keks(2, keks._by_version | {2: Forgetful(os.urandom(32))}))


def test_a_key_never_shows_itself(sealed, keks):
    key = open_key(sealed, "7", keks)
    shown = f"{key} {key!r} {sealed!r} {vars(sealed)}"
    assert key.reveal().hex() not in shown
    assert repr(key.reveal()) not in shown
    assert shorten(key.address) in repr(key)
    with pytest.raises(TypeError):
        pickle.dumps(key)


def test_what_is_stored_does_not_hold_the_key(sealed, keks):
    secret = open_key(sealed, "7", keks).reveal()
    assert secret not in sealed.ciphertext + sealed.wrapped_key


def test_a_failure_to_open_carries_no_cause_with_it(sealed):
    with pytest.raises(WrongKey) as problem:
        open_key(sealed, "7", local_keks(1))
    assert problem.value.__context__ is None


def test_a_burn_is_signed_as_wallets_sign_typed_data(sealed, keks):
    key = open_key(sealed, "7", keks)
    signed = sign_burn(key, 31337, TOKEN, 20, 2)
    assert signed == Account.sign_message(_typed(key.address, 20, 2), key.reveal()).signature


def test_a_signer_file_opens_with_its_kek_only(tmp_path, keks):
    created = LocalSigner.create(tmp_path / "signer.json", keks)
    assert LocalSigner.load(tmp_path / "signer.json", keks).address == created.address
    with pytest.raises(WrongKey):
        LocalSigner.load(tmp_path / "signer.json", local_keks(1))


def test_a_signer_file_is_written_whole_or_not_at_all(tmp_path, keks, monkeypatch):
    def killed(_):
        raise SystemExit("killed")

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(SystemExit):
        LocalSigner.create(tmp_path / "signer.json", keks)
    assert list(tmp_path.iterdir()) == []


def test_a_signer_file_is_private_and_never_overwritten(tmp_path, keks):
    LocalSigner.create(tmp_path / "signer.json", keks)
    assert (tmp_path / "signer.json").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        LocalSigner.create(tmp_path / "signer.json", keks)


def test_a_signer_file_is_rewrapped_once_and_keeps_its_key(tmp_path, keks):
    path, newest = tmp_path / "signer.json", local_keks(2)
    created, both = LocalSigner.create(path, keks), Keks(2, keks._by_version | newest._by_version)
    assert [rewrap_file(path, both), rewrap_file(path, both)] == [True, False]
    assert (kek_version(path), LocalSigner.load(path, newest).address) == (2, created.address)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_rewrap_killed_before_its_end_leaves_the_older_file(tmp_path, keks, monkeypatch):
    path = tmp_path / "signer.json"
    created = LocalSigner.create(path, keks)

    def killed(*_):
        raise SystemExit("killed")

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(SystemExit):
        rewrap_file(path, Keks(2, keks._by_version | local_keks(2)._by_version))
    assert (list(tmp_path.iterdir()), LocalSigner.load(path, keks).address) == ([path], created.address)


def _typed(holder, amount, op):
    uint, address = "uint256", "address"
    return encode_typed_data(
        {"name": "TeoCoin", "version": "1", "chainId": 31337, "verifyingContract": TOKEN},
        {"Burn": [{"name": "holder", "type": address}, {"name": "amount", "type": uint}, {"name": "op", "type": uint}]},
        {"holder": holder, "amount": amount, "op": op},
    )
