"""Amounts as people read them. An amount is an int of the smallest unit; anything else is a mistake."""

from lms.ui.language import language

THIN_SPACE = "\u202f"
MINUS = "\u2212"
_CENTS, _MICRO = 2, 6


def euros(cents, plus=False):
    """8000 → `80.00 €`, in Italian `80,00 €`."""
    return f"{_amount(cents, _CENTS, plus)} €"


def teo(micro, plus=False):
    """62_409_999 → `62.40`: what is not there is not shown. Dust is shown with the digits it takes."""
    return _amount(micro, _MICRO, plus)


def fine_euros(millionths):
    """Where hundredths would say too little, all digits there are: 4_200 → `0.0042 €`, 200_000 → `0.20 €`."""
    return f"{_fine(millionths, False)} €"


def fine_teo(micro, plus=False):
    """Where lines add up, all digits there are: 496_050 → `0.49605`, 62_400_000 → `62.40`."""
    return _fine(micro, plus)


def grouped(number):
    """A count: 48201 → `48 201`."""
    return f"{number:,}".replace(",", THIN_SPACE)


def _fine(millionths, plus):
    if not isinstance(millionths, int) or isinstance(millionths, bool):
        raise TypeError(f"money is an int, not {millionths!r}")
    whole, fraction = divmod(abs(millionths), 10**_MICRO)
    digits = f"{fraction:0{_MICRO}}"
    return f"{_sign(millionths, plus)}{grouped(whole)}{language().decimal}{digits[:_CENTS]}{digits[_CENTS:].rstrip('0')}"


def _amount(units, digits, plus):
    if not isinstance(units, int) or isinstance(units, bool):
        raise TypeError(f"money is an int, not {units!r}")
    whole, fraction = divmod(abs(units), 10**digits)
    return f"{_sign(units, plus)}{grouped(whole)}" + language().decimal + _shown(whole, f"{fraction:0{digits}}")


def _sign(units, plus):
    if units < 0:
        return MINUS
    return "+" if plus and units else ""


def _shown(whole, fraction):
    dust = not whole and fraction.startswith("00") and fraction.strip("0")
    return fraction.rstrip("0") if dust else fraction[:2]
