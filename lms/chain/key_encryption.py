"""Key encryption keys: what wraps the data key of each stored key, in versions, so that one can follow another."""

from collections.abc import Mapping
from typing import Protocol

from lms.chain.errors import KekMissing
from lms.chain.sealing import open_sealed, seal


class Kek(Protocol):
    """The same data key may be wrapped to other bytes each time."""

    def wrap(self, data_key: bytes, bound_to: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes, bound_to: bytes) -> bytes:
        """WrongKey when it was wrapped by another, for another, or changed."""


class LocalKek:
    """32 bytes from the environment."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def wrap(self, data_key: bytes, bound_to: bytes) -> bytes:
        return seal(data_key, self._secret, bound_to)

    def unwrap(self, wrapped: bytes, bound_to: bytes) -> bytes:
        return open_sealed(wrapped, self._secret, bound_to)


class Keks:
    """Those at hand by version: `version` is the one that wraps, the others only unwrap what they have wrapped."""

    def __init__(self, version: int, by_version: Mapping[int, Kek]) -> None:
        self.version, self._by_version = version, by_version

    @property
    def versions(self) -> set[int]:
        return set(self._by_version)

    def wrap(self, data_key: bytes, bound_to: bytes) -> bytes:
        return self._by_version[self.version].wrap(data_key, bound_to)

    def unwrap(self, wrapped: bytes, version: int, bound_to: bytes) -> bytes:
        if version not in self._by_version:
            raise KekMissing([version])
        return self._by_version[version].unwrap(wrapped, bound_to)
