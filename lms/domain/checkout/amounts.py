"""What follows from a price, in EUR cents."""


class Amounts:
    """Of what has a `price`, a `discount` off it for TEO, and the `vat`: an order, and the terms it asks for."""

    @property
    def cash(self):
        """What is paid in euros, without VAT: rewards are of it."""
        return self.price - self.discount

    @property
    def total(self):
        """What the card is charged: the cash with VAT."""
        return self.cash + self.vat
