"""AWS KMS: keys that never leave it. It signs transactions, and wraps data keys.

A call may fail in many ways; none of them is told with what was asked.
"""

import os
from functools import lru_cache
from typing import Any

from coincurve import PublicKey
from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from eth_utils import keccak, to_checksum_address

from lms.chain.custodial_keys import shorten
from lms.chain.eip1559 import encode, to_sign
from lms.chain.errors import KeyServiceDown, WrongKey

_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # of secp256k1
_NOT_OURS = ("InvalidCiphertextException", "IncorrectKeyException")


class KmsSigner:
    """A key of the kind ECC_SECG_P256K1. It signs the same transaction with other bytes each time."""

    def __init__(self, arn: str) -> None:
        self._arn, self.address = arn, _address(arn)

    def __repr__(self) -> str:
        return f"<KmsSigner {shorten(self.address)}>"

    def sign_transaction(self, transaction: dict[str, Any]) -> tuple[bytes, str]:
        digest = keccak(to_sign(transaction))
        raw = encode(transaction, *self._sign(digest))
        return raw, "0x" + keccak(raw).hex()

    def _sign(self, digest: bytes) -> tuple[int, int, int]:
        """(y parity, r, s): nodes take a low s only, and KMS does not say which of two points it meant."""
        answer = _ask(self._arn, "sign", Message=digest, MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256")
        r, s = decode_dss_signature(answer["Signature"])
        s = min(s, _ORDER - s)
        for parity in (0, 1):
            point = PublicKey.from_signature_and_message(r.to_bytes(32) + s.to_bytes(32) + bytes([parity]), digest, hasher=None)
            if _address_of(point.format(compressed=False)) == self.address:
                return parity, r, s
        raise WrongKey(f"what AWS KMS signed is not by the key of {shorten(self.address)}")


class KmsKek:
    """A symmetric key. What a data key is bound to is its encryption context, which stands readable in AWS's own log."""

    def __init__(self, arn: str) -> None:
        self._arn = arn

    def wrap(self, data_key: bytes, bound_to: bytes) -> bytes:
        wrapped: bytes = _ask(self._arn, "encrypt", Plaintext=data_key, EncryptionContext=_context(bound_to))["CiphertextBlob"]
        return wrapped

    def unwrap(self, wrapped: bytes, bound_to: bytes) -> bytes:
        data_key: bytes = _ask(self._arn, "decrypt", CiphertextBlob=wrapped, EncryptionContext=_context(bound_to))["Plaintext"]
        return data_key


def _context(bound_to: bytes) -> dict[str, str]:
    return {"key": bound_to.decode()}


@lru_cache
def _address(arn: str) -> str:
    """A key never changes, and each job asks."""
    public = load_der_public_key(_ask(arn, "get_public_key")["PublicKey"])
    if not isinstance(getattr(public, "curve", None), SECP256K1):
        raise WrongKey("a signer's key in AWS KMS must be of the kind ECC_SECG_P256K1, and this is another")
    return _address_of(public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def _address_of(point: bytes) -> str:
    return to_checksum_address(keccak(point[1:])[12:])


def _ask(arn: str, name: str, **request: Any) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return getattr(_client(arn.split(":")[3], os.getpid()), name)(KeyId=arn, **request)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        problem = WrongKey("AWS KMS did not wrap this, or not for this owner") if code in _NOT_OURS else KeyServiceDown(f"AWS KMS refuses to {name}: {code}")
    except BotoCoreError as error:
        problem = KeyServiceDown(f"AWS KMS does not answer: {type(error).__name__}")
    raise problem


@lru_cache
def _client(region: str, pid: int) -> Any:
    """One for each process: a fork must not share its parent's connections. Imported only where a key is in KMS."""
    import boto3
    from botocore.config import Config

    patience = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "max_attempts": 3})
    return boto3.client("kms", region_name=region, config=patience)
