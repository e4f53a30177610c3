"""The transit engine of HashiCorp Vault, or of OpenBao, which speaks the same: it wraps data keys by a key that never leaves it."""

from base64 import b64decode, b64encode
from typing import Any

from lms.chain.errors import ChainError, KeyServiceDown, WrongKey

_PATIENCE = 5  # seconds


class VaultKek:
    """`place` is MOUNT/KEY. What a data key is bound to is its associated data."""

    def __init__(self, place: str, url: str, token: str) -> None:
        self._mount, _, self._name = place.rpartition("/")
        self._url, self._token = url, token

    def wrap(self, data_key: bytes, bound_to: bytes) -> bytes:
        wrapped: str = self._ask("encrypt_data", bound_to, plaintext=_text(data_key))["ciphertext"]
        return wrapped.encode()

    def unwrap(self, wrapped: bytes, bound_to: bytes) -> bytes:
        return b64decode(self._ask("decrypt_data", bound_to, ciphertext=wrapped.decode("ascii", "replace"))["plaintext"])

    def _ask(self, name: str, bound_to: bytes, **request: Any) -> Any:
        """What is wrong is told without what was asked."""
        import hvac  # only where a key is in a vault
        import requests

        try:
            transit = hvac.Client(url=self._url, token=self._token, timeout=_PATIENCE, allow_redirects=False).secrets.transit
            answer = getattr(transit, name)(name=self._name, mount_point=self._mount, associated_data=_text(bound_to), **request)
            if isinstance(answer, dict):
                return answer["data"]
            problem: ChainError = KeyServiceDown(f"the vault answers something else: {answer.status_code}")  # or sends us on, where we do not go
        except hvac.exceptions.InvalidRequest:
            problem = WrongKey("the vault did not wrap this, or not for this owner")
        except hvac.exceptions.VaultError as error:
            problem = KeyServiceDown(f"the vault refuses to {name.replace('_', ' ')}: {type(error).__name__}")
        except requests.RequestException as error:
            problem = KeyServiceDown(f"the vault does not answer: {type(error).__name__}")
        raise problem


def _text(octets: bytes) -> str:
    return b64encode(octets).decode()
