"""Data keys wrapped by a vault's transit engine."""

import os

import pytest

from lms.chain.custodial_keys import new_key, open_key, rewrap
from lms.chain.errors import KeyServiceDown, WrongKey
from lms.chain.key_encryption import Keks
from lms.chain.vault_transit import VaultKek
from tests.chain.conftest import local_keks
from tests.transit import TOKEN


@pytest.fixture
def kek(vault):
    return VaultKek("transit/teo", vault, TOKEN)


def test_a_data_key_wrapped_by_a_vault_opens_for_its_owner_only(kek):
    keks = Keks(1, {1: kek})
    sealed = new_key("7", keks)
    assert sealed.wrapped_key.startswith(b"vault:v1:")
    assert open_key(sealed, "7", keks).address == sealed.address
    with pytest.raises(WrongKey) as refused:
        open_key(sealed, "8", keks)
    assert refused.value.__context__ is None


def test_another_key_of_the_same_vault_does_not_open_it(kek, vault):
    with pytest.raises(WrongKey):
        VaultKek("transit/other", vault, TOKEN).unwrap(kek.wrap(os.urandom(32), b"7"), b"7")


def test_what_no_vault_has_wrapped_does_not_open(kek):
    with pytest.raises(WrongKey):
        kek.unwrap(os.urandom(60), b"7")


def test_a_local_kek_is_followed_by_a_vault_and_back(kek):
    old, newest = local_keks(1), local_keks(3)
    sealed = new_key("7", old)
    remote = rewrap(sealed, "7", Keks(2, old._by_version | {2: kek}))
    local = rewrap(remote, "7", Keks(3, newest._by_version | {2: kek}))
    assert open_key(local, "7", newest).reveal() == open_key(remote, "7", Keks(2, {2: kek})).reveal() == open_key(sealed, "7", old).reveal()


@pytest.mark.parametrize(
    ("place", "token", "said"),
    [("transit/teo", "another-token", "Forbidden"), ("nowhere/teo", TOKEN, "InvalidPath")],
)
def test_a_vault_that_refuses_is_told_without_what_was_asked(vault, place, token, said):
    with pytest.raises(KeyServiceDown) as refused:
        VaultKek(place, vault, token).wrap(os.urandom(32), b"7")
    assert str(refused.value) == f"the vault refuses to encrypt data: {said}"
    assert refused.value.__context__ is None


def test_a_vault_that_is_down_is_told():
    with pytest.raises(KeyServiceDown, match="does not answer: ConnectionError"):
        VaultKek("transit/teo", "http://127.0.0.1:9", TOKEN).wrap(os.urandom(32), b"7")
