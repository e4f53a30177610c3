"""What follows from a price, in EUR cents."""

from typing import Protocol


class _Priced(Protocol):
    @property
    def price(self) -> int: ...
    @property
    def discount(self) -> int: ...
    @property
    def vat(self) -> int: ...
    @property
    def cash(self) -> int: ...


class Amounts:
    """Of what has a `price`, a `discount` off it for TEO, and the `vat`: an order, and the terms it asks for."""

    @property
    def cash(self: _Priced) -> int:
        """What is paid in euros, without VAT: rewards are of it."""
        return self.price - self.discount

    @property
    def total(self: _Priced) -> int:
        """What the card is charged: the cash with VAT."""
        return self.cash + self.vat
