"""Credit transfers in euros as a file that a bank takes: ISO 20022 pain.001.001.09, as the SEPA scheme of the European Payments Council uses it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from xml.etree import ElementTree

from sepaxml import SepaTransfer
from sepaxml.validation import try_valid_xml
from text_unidecode import unidecode

SCHEMA = "pain.001.001.09"
LONGEST_NAME, LONGEST_TEXT, LONGEST_ID = 70, 140, 35
# Whose accounts the scheme reaches (EPC409-09), by the two letters an IBAN begins with.
COUNTRIES = (
    *("AD", "AL", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GI", "GR", "HR", "HU", "IE", "IS"),
    *("IT", "LI", "LT", "LU", "LV", "MC", "MD", "ME", "MK", "MT", "NL", "NO", "PL", "PT", "RO", "RS", "SE", "SI", "SK", "SM", "VA"),
)
_NAMESPACE = {"": f"urn:iso:std:iso:20022:tech:xsd:{SCHEMA}"}
_KEPT = re.compile(r"[A-Za-z0-9/?:().,'+ -]")
_INSTEAD = {"&": "+", "_": "-", "[": "(", "]": ")", "{": "(", "}": ")", "\\": "/", "|": "/", "`": "'", '"': "'"}


@dataclass(frozen=True)
class Payer:
    """Whose account it is taken from; without spaces in IBAN and BIC."""

    name: str
    iban: str
    bic: str


@dataclass(frozen=True)
class CreditTransfer:
    """`amount` in cents; `end_to_end_id` comes back with all the bank says of it; `text` is what the payee reads on his statement."""

    end_to_end_id: str
    name: str
    iban: str
    amount: int
    text: str


def write(payer: Payer, transfers: Sequence[CreditTransfer], message_id: str, at: datetime) -> bytes:
    """The file as bytes, valid by its schema: the same for the same. `at` is when it was made; its day in UTC is when the bank shall pay.

    Names and texts become what `plain` makes of them. Raises ValueError for an id that is too long or has other letters, for no transfer and for no whole amount,
    and sepaxml's ValidationError for what the schema refuses."""
    _check(transfers, message_id)
    made = SepaTransfer({"name": plain(payer.name), "IBAN": payer.iban, "BIC": payer.bic, "batch": True, "currency": "EUR"}, schema=SCHEMA)
    day = at.astimezone(UTC).date()
    for transfer in transfers:
        made.add_payment(_payment(transfer, day))
    content = _named(made.export(validate=False), message_id, at)
    try_valid_xml(content, SCHEMA)
    return content


def plain(text: str, longest: int = LONGEST_NAME) -> str:
    """The text in the letters every bank of the scheme takes (EPC217-08), cut off after the longest there may be.

    Letters of others become those that sound like them, a sign that has none a full stop; no slash at an end, and no two in a row."""
    letters = "".join(_letters(letter) for letter in text)
    line = re.sub(r"/{2,}", "/", " ".join(letters.split())).strip("/ ")
    return line[:longest].strip("/ ") or "."


def _letters(letter: str) -> str:
    found = "".join(_INSTEAD.get(each, each) for each in unidecode(letter))
    return "".join(each if _KEPT.match(each) else "." for each in found) or "."


def _payment(transfer: CreditTransfer, day: date) -> dict[str, Any]:
    return dict(
        name=plain(transfer.name),
        IBAN=transfer.iban,
        amount=transfer.amount,
        execution_date=day,
        description=plain(transfer.text, LONGEST_TEXT),
        endtoend_id=transfer.end_to_end_id,
    )


def _named(content: bytes, message_id: str, at: datetime) -> bytes:
    """With our id and time instead of those that sepaxml makes up: a file that is made anew must be the same one to the bank."""
    root = ElementTree.fromstring(content)
    said = {"GrpHdr/MsgId": message_id, "GrpHdr/CreDtTm": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", "PmtInf/PmtInfId": message_id}
    for path, value in said.items():
        [element] = root.iterfind(f"CstmrCdtTrfInitn/{path}", _NAMESPACE)
        element.text = value
    named: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return named


def _check(transfers: Sequence[CreditTransfer], message_id: str) -> None:
    if not transfers:
        raise ValueError("a file has at least one transfer")
    for name in (message_id, *(transfer.end_to_end_id for transfer in transfers)):
        if not re.fullmatch(rf"[A-Za-z0-9-]{{1,{LONGEST_ID}}}", name):
            raise ValueError(f"an id has 1 to {LONGEST_ID} letters, digits and hyphens, not {name!r}")
    if any(type(transfer.amount) is not int or transfer.amount <= 0 for transfer in transfers):
        raise ValueError("an amount is a whole number of cents above zero")
