"""Tables as CSV that a spreadsheet opens as it is meant, and those that one has saved: RFC 4180 in UTF-8."""

import csv
import io
import re
from collections.abc import Iterable

from lms.errors import Invalid

# Without it Excel takes UTF-8 for the code page of the machine; every other reader skips it.
_BYTE_ORDER_MARK = "\ufeff"
# What a spreadsheet would take for a formula begins with one of these (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# One whose language has the comma for decimals parts cells by semicolons, and by tabs: what follows them begins a cell there.
_INSIDE = re.compile(r"([;\t]\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")


def write(rows: Iterable[Iterable[object]]) -> bytes:
    """Rows of cells as bytes. A text that would be read as a formula gets an apostrophe before it; numbers are written as they are.

    An amount is an Amount or an int: a text that only looks like a number stays a text."""
    sheet = io.StringIO()
    csv.writer(sheet, lineterminator="\r\n").writerows([_cell(value) for value in row] for row in rows)
    return (_BYTE_ORDER_MARK + sheet.getvalue()).encode()


def read(data: bytes) -> tuple[list[str], list[tuple[int, dict[str, str] | None]]]:
    """(column names in lower case, [(line number, {column: cell}, None where the line is not as its head says)]) of a table with a head, without its empty lines.

    UTF-8 with or without a byte order mark, cells parted by ; or , as the head has it, one line a row. Raises Invalid for bytes that are no text."""
    head, *lines = _lines(data)
    delimiter = ";" if ";" in head else ","
    names = [name.strip().lower() for name in _cells(head, delimiter) or ()]
    rows = [(number, _cells(line, delimiter)) for number, line in enumerate(lines, start=2) if line.strip(" \t;,")]
    return names, [(number, dict(zip(names, cells, strict=True)) if cells and len(cells) == len(names) else None) for number, cells in rows]


def _lines(data: bytes) -> list[str]:
    text = data.decode("utf-8-sig", "replace")
    if "\ufffd" in text or "\x00" in text:
        raise Invalid("This file is no text in UTF-8. Save the table as “CSV UTF-8”.")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _cells(line: str, delimiter: str) -> list[str] | None:
    """None where quotes are not closed, or stand where none may."""
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, strict=True), ())]
    except csv.Error:
        return None


class Amount(str):
    """A decimal we wrote ourselves, which may begin with a minus."""

    __slots__ = ()


def amount(units: int, digits: int) -> Amount:
    """A whole number of the smallest unit as an exact decimal with a point: amount(-1234, 2) is -12.34."""
    if type(units) is not int:
        raise TypeError(f"money is an int, not {units!r}")
    sign, whole = "-" if units < 0 else "", abs(units)
    return Amount(f"{sign}{whole // 10**digits}.{whole % 10**digits:0{digits}}")


def _cell(value: object) -> int | str:
    if value is None:
        return ""
    if isinstance(value, (int, Amount)):
        return value
    text = _INSIDE.sub(r"\1'", str(value).replace("\x00", ""))
    return f"'{text}" if text.startswith(_FORMULA) else text
