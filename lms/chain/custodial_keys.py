"""Custodial keys: sealed under a key of their own, which is wrapped by a key encryption key (key_encryption.py).

The associated data binds each sealed text to its owner and address: a row copied to another member does not open.
"""

import os
from dataclasses import dataclass, field
from typing import NoReturn

from coincurve import PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eth_abi import encode
from eth_utils import keccak, to_checksum_address

from lms.chain.errors import WrongKey
from lms.chain.key_encryption import Keks
from lms.chain.sealing import open_sealed, seal

_FORMAT = 1
_DOMAIN_TYPE = keccak(text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_BURN_TYPE = keccak(text="Burn(address holder,uint256 amount,uint256 op)")
_RELEASE_TYPE = keccak(text="Release(address from,address to,uint256 amount,uint256 op,uint256 deadline)")


@dataclass(frozen=True)
class SealedKey:
    """What the database keeps of a key."""

    address: str
    ciphertext: bytes = field(repr=False)
    wrapped_key: bytes = field(repr=False)
    kek_version: int


class Key:
    """A private key in the clear: it signs, and never shows itself."""

    __slots__ = ("_secret", "address")

    def __init__(self, secret: bytes) -> None:
        self._secret = PrivateKey(secret)
        self.address = _address(self._secret)

    def __repr__(self) -> str:
        return f"<Key of {shorten(self.address)}>"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is not pickled")

    def sign(self, digest: bytes) -> bytes:
        """65 bytes r, s, v (27 or 28) over a digest; s is low."""
        signature = self._secret.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([signature[64] + 27])

    def reveal(self) -> bytes:
        """The 32 bytes, for sealing and for signing transactions in this layer only."""
        return self._secret.secret


def new_key(owner: str, keks: Keks) -> SealedKey:
    """A fresh key, sealed at once: the plain one is not handed out."""
    return seal_key(Key(os.urandom(32)), owner, keks)


def seal_key(key: Key, owner: str, keks: Keks) -> SealedKey:
    data_key = AESGCM.generate_key(256)
    return SealedKey(
        address=key.address,
        ciphertext=seal(key.reveal(), data_key, _bound_to(owner, key.address, _FORMAT)),
        wrapped_key=keks.wrap(data_key, _bound_to(owner, key.address, keks.version)),
        kek_version=keks.version,
    )


def open_key(sealed: SealedKey, owner: str, keks: Keks) -> Key:
    """The key in the clear; WrongKey when the KEK, the owner, or the stored bytes are not those it was sealed with."""
    key = Key(open_sealed(sealed.ciphertext, _data_key(sealed, owner, keks), _bound_to(owner, sealed.address, _FORMAT)))
    if key.address != sealed.address:
        raise WrongKey(f"what is sealed is not the key of {shorten(sealed.address)}")
    return key


def rewrap(sealed: SealedKey, owner: str, keks: Keks) -> SealedKey:
    """The same key with its data key wrapped by the newest KEK, once that is seen to open: the old wrap will be written over."""
    data_key = _data_key(sealed, owner, keks)
    wrapped = keks.wrap(data_key, _bound_to(owner, sealed.address, keks.version))
    again = SealedKey(sealed.address, sealed.ciphertext, wrapped, keks.version)
    if _data_key(again, owner, keks) != data_key:
        raise WrongKey(f"the newest KEK does not give back the data key of {shorten(sealed.address)}")
    return again


def sign_burn(key: Key, chain_id: int, token: str, amount: int, op: int) -> bytes:
    """The holder's EIP-712 consent to lose `amount` in operation `op`, 65 bytes."""
    burn = encode(["bytes32", "address", "uint256", "uint256"], [_BURN_TYPE, key.address, amount, op])
    return key.sign(keccak(b"\x19\x01" + _domain(chain_id, token) + keccak(burn)))


def sign_release(key: Key, chain_id: int, token: str, to: str, amount: int, op: int, deadline: int) -> bytes:
    """The holder's EIP-712 consent to send `amount` to `to` in operation `op`, until `deadline` (seconds of the chain), 65 bytes."""
    fields = ["bytes32", "address", "address", "uint256", "uint256", "uint256"]
    release = encode(fields, [_RELEASE_TYPE, key.address, to, amount, op, deadline])
    return key.sign(keccak(b"\x19\x01" + _domain(chain_id, token) + keccak(release)))


def shorten(address: str) -> str:
    """0x12ab…90ef: enough to recognise an address in a log."""
    return f"{address[:6]}…{address[-4:]}"


def _data_key(sealed: SealedKey, owner: str, keks: Keks) -> bytes:
    return keks.unwrap(sealed.wrapped_key, sealed.kek_version, _bound_to(owner, sealed.address, sealed.kek_version))


def _bound_to(owner: str, address: str, version: int) -> bytes:
    return f"{owner}|{address}|{version}".encode()


def _address(secret: PrivateKey) -> str:
    point = secret.public_key.format(compressed=False)
    return to_checksum_address(keccak(point[1:])[12:])


def _domain(chain_id: int, token: str) -> bytes:
    fields = [_DOMAIN_TYPE, keccak(text="TeoCoin"), keccak(text="1"), chain_id, token]
    return keccak(encode(["bytes32", "bytes32", "bytes32", "uint256", "address"], fields))
