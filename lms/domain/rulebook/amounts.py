"""Units, bounds and rounding of amounts, whatever the version of the rulebook."""

MICRO = 1_000_000  # millionths in a TEO
MICRO_PER_CENT = 10_000  # 1 TEO is worth 1 EUR of discount
BASIS = 10_000  # basis points in a whole
HIGHEST_PRICE = 1_000_000  # cents a course may cost
HIGHEST_COUPON = 9_000  # basis points a coupon may take off


def vat(cash: int, rate_bp: int) -> int:
    """VAT on so many cents, half up to the cent. Its rate is the configuration's, not a version's."""
    return half_up(cash * rate_bp, BASIS)


def half_up(numerator: int, denominator: int) -> int:
    """The quotient of whole numbers, halves rounded up."""
    return (2 * numerator + denominator) // (2 * denominator)
