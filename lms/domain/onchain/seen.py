"""What the chain's part hands over to be kept. The rules know its shape alone: they import nothing of the chain."""

from typing import Protocol


class SignedCreation(Protocol):
    """The signed bytes that make a contract."""

    @property
    def raw(self) -> bytes: ...

    @property
    def tx_hash(self) -> str: ...

    @property
    def nonce(self) -> int: ...


class Signed(SignedCreation, Protocol):
    """The signed bytes of an operation. `tip` and `cap` are wei per gas."""

    @property
    def signer(self) -> str: ...

    @property
    def gas(self) -> int: ...

    @property
    def tip(self) -> int: ...

    @property
    def cap(self) -> int: ...


class Mined(Protocol):
    """The receipt of a transaction that was mined."""

    @property
    def tx_hash(self) -> str: ...

    @property
    def block_number(self) -> int: ...

    @property
    def block_hash(self) -> str: ...

    @property
    def gas_used(self) -> int: ...

    @property
    def effective_gas_price(self) -> int: ...


class Head(Protocol):
    """The newest block; `base_fee` is wei per gas."""

    @property
    def number(self) -> int: ...

    @property
    def timestamp(self) -> int: ...

    @property
    def base_fee(self) -> int: ...
