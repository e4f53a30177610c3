"""AES-256-GCM, as everything that is sealed here uses it."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lms.chain.errors import WrongKey

_NONCE_BYTES = 12


def seal(plain: bytes, key: bytes, bound_to: bytes) -> bytes:
    """A random nonce, then the ciphertext with its tag."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def open_sealed(sealed: bytes, key: bytes, bound_to: bytes) -> bytes:
    """WrongKey when key, bound data or stored bytes are not those it was sealed with; it carries no cause that could show one."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)
    except InvalidTag:
        problem = WrongKey("the key encryption key or the owner is not the one this was sealed with")
    raise problem
