"""Who signs the platform's transactions."""

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, Self

from eth_account import Account

from lms.chain import custodial_keys
from lms.chain.aws_kms import KmsSigner
from lms.chain.custodial_keys import Key, SealedKey, new_key, open_key, shorten
from lms.chain.key_encryption import Keks

_OWNER = "signer"
KMS = "kms:"


class Signer(Protocol):
    """The same signer may answer other bytes for the same transaction: what is stored is what is resent."""

    address: str

    def sign_transaction(self, transaction: dict[str, Any]) -> tuple[bytes, str]:
        """(raw bytes, transaction hash)"""


def open_signer(place: str, keks: Keks) -> Signer:
    """The signer at a place of the setting: kms:ARN, or the path of a file."""
    return KmsSigner(place.removeprefix(KMS)) if is_in_kms(place) else LocalSigner.load(place, keks)


def address_at(place: str) -> str:
    """The address of the signer at a place, without opening its key: each job asks, and a KEK may be far away."""
    return KmsSigner(place.removeprefix(KMS)).address if is_in_kms(place) else _from_json(Path(place).read_text()).address


def is_in_kms(place: str) -> bool:
    return place.startswith(KMS)


class LocalSigner:
    """A key in a file, sealed by the KEK."""

    def __init__(self, key: Key) -> None:
        self._key = key
        self.address = key.address

    def __repr__(self) -> str:
        return f"<LocalSigner {shorten(self.address)}>"

    @classmethod
    def create(cls, path: str | Path, keks: Keks) -> Self:
        """A signer with a new key; an existing file is never overwritten (FileExistsError)."""
        sealed = new_key(_OWNER, keks)
        _write(Path(path), _to_json(sealed))
        return cls(open_key(sealed, _OWNER, keks))

    @classmethod
    def load(cls, path: str | Path, keks: Keks) -> Self:
        """The signer of a file; WrongKey when the KEK is another."""
        return cls(open_key(_from_json(Path(path).read_text()), _OWNER, keks))

    def sign_transaction(self, transaction: dict[str, Any]) -> tuple[bytes, str]:
        signed = Account.sign_transaction(transaction, self._key.reveal())
        return bytes(signed.raw_transaction), signed.hash.to_0x_hex()


def kek_version(path: str | Path) -> int:
    """The version of the KEK that a signer's file is wrapped by."""
    return _from_json(Path(path).read_text()).kek_version


def rewrap(path: str | Path, keks: Keks) -> bool:
    """Wrap a signer's file by the newest KEK; False when it is already."""
    sealed = _from_json(Path(path).read_text())
    if sealed.kek_version == keks.version:
        return False
    _write(Path(path), _to_json(custodial_keys.rewrap(sealed, _OWNER, keks)), place=os.replace)
    return True


# A link refuses when the name is taken, which a replacement does not.
def _write(path: Path, text: str, place: Callable[[Path, Path], None] = os.link) -> None:
    """Whole or not at all: a file cut short by a kill would be taken for the key at the next start."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}.draft")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)
        place(draft, path)
        _keep_names(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _keep_names(directory: Path) -> None:
    """On the disk before anybody is told: the KEK that opens the older file may be thrown away after."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _to_json(sealed: SealedKey) -> str:
    return json.dumps(
        {
            "address": sealed.address,
            "ciphertext": sealed.ciphertext.hex(),
            "wrapped_key": sealed.wrapped_key.hex(),
            "kek_version": sealed.kek_version,
        },
        indent=1,
    )


def _from_json(text: str) -> SealedKey:
    stored = json.loads(text)
    return SealedKey(
        address=stored["address"],
        ciphertext=bytes.fromhex(stored["ciphertext"]),
        wrapped_key=bytes.fromhex(stored["wrapped_key"]),
        kek_version=stored["kek_version"],
    )
