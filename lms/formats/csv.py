"""Tables as CSV that a spreadsheet opens as it is meant: RFC 4180 in UTF-8."""

import csv
import io

# Without it Excel takes UTF-8 for the code page of the machine; every other reader skips it.
_BYTE_ORDER_MARK = "\ufeff"
# What a spreadsheet would take for a formula begins with one of these (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def write(rows):
    """Rows of cells as bytes. A text that would be read as a formula gets an apostrophe before it; numbers are written as they are.

    An amount is an Amount or an int: a text that only looks like a number stays a text."""
    sheet = io.StringIO()
    csv.writer(sheet, lineterminator="\r\n").writerows([_cell(value) for value in row] for row in rows)
    return (_BYTE_ORDER_MARK + sheet.getvalue()).encode()


def amount(units, digits):
    """A whole number of the smallest unit as an exact decimal with a point: amount(-1234, 2) is -12.34."""
    if type(units) is not int:
        raise TypeError(f"money is an int, not {units!r}")
    sign, whole = "-" if units < 0 else "", abs(units)
    return Amount(f"{sign}{whole // 10**digits}.{whole % 10**digits:0{digits}}")


class Amount(str):
    """A decimal we wrote ourselves, which may begin with a minus."""


def _cell(value):
    if value is None:
        return ""
    if isinstance(value, (int, Amount)):
        return value
    text = str(value).replace("\x00", "")
    return f"'{text}" if text.startswith(_FORMULA) else text
