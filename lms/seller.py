"""Who sells, by the settings of this process: frozen in each invoice when it is issued."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Seller:
    name: str
    address: str
    tax_id: str


_seller = Seller("", "", "")


def use(name: str, address: str, tax_id: str) -> None:
    """From now on this one sells."""
    global _seller
    _seller = Seller(name, address, tax_id)


def facts() -> dict[str, str]:
    """Name, address and tax id as JSON keeps them."""
    return asdict(_seller)
