"""A bank takes the file: it is valid by the schema, foots, and bears only letters that every bank of the scheme reads."""

from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from sepaxml.validation import ValidationError

from lms.formats import sepa

PAYER = sepa.Payer("School & Söhne GmbH", "DE02120300000000202051", "BYLADEM1001")
AT = datetime(2027, 3, 1, 23, 30, 5, tzinfo=UTC)
NAMESPACE = {"": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}


def transfer(number=1, name="Tea Rossi", iban="IT60X0542811101000000123456", amount=1234):
    return sepa.CreditTransfer(f"PAYOUT-{number}", name, iban, amount, f"SchoolPlatform payout {number}")


def write(*transfers, payer=PAYER, message_id="PAYOUTS-1"):
    return sepa.write(payer, transfers, message_id, AT)


def said(content, *paths):
    root = ElementTree.fromstring(content)
    return [[each.text for each in root.iterfind(f".//{path}", NAMESPACE)] for path in paths]


def test_each_transfer_stands_in_it_and_the_file_foots():
    content = write(transfer(1), transfer(2, "Ugo Bianchi", "DE89370400440532013000", 99_999_999_999), transfer(3, amount=5))
    assert said(content, "CdtTrfTxInf/PmtId/EndToEndId", "Cdtr/Nm", "CdtrAcct/Id/IBAN", "Amt/InstdAmt") == [
        ["PAYOUT-1", "PAYOUT-2", "PAYOUT-3"],
        ["Tea Rossi", "Ugo Bianchi", "Tea Rossi"],
        ["IT60X0542811101000000123456", "DE89370400440532013000", "IT60X0542811101000000123456"],
        ["12.34", "999999999.99", "0.05"],
    ]
    assert said(content, "NbOfTxs", "CtrlSum") == [["3", "3"], ["1000000012.38"] * 2]


def test_it_says_who_pays_when_and_under_which_id():
    content = write(transfer())
    assert said(content, "GrpHdr/MsgId", "PmtInf/PmtInfId", "GrpHdr/CreDtTm", "ReqdExctnDt/Dt") == [["PAYOUTS-1"], ["PAYOUTS-1"], ["2027-03-01T23:30:05Z"], ["2027-03-01"]]
    assert said(content, "Dbtr/Nm", "DbtrAcct/Id/IBAN", "DbtrAgt/FinInstnId/BICFI", "SvcLvl/Cd", "RmtInf/Ustrd") == [
        ["School + Sohne GmbH"],
        ["DE02120300000000202051"],
        ["BYLADEM1001"],
        ["SEPA"],
        ["SchoolPlatform payout 1"],
    ]


def test_the_same_is_written_as_the_same_bytes():
    assert write(transfer(1), transfer(2)) == write(transfer(1), transfer(2))


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("Tea Rossi-D'Amico", "Tea Rossi-D'Amico"),
        ("Jürgen Groß & Søn", "Jurgen Gross + Son"),
        ("Łucja Żółć", "Lucja Zolc"),
        ("Иван Петров", "Ivan Petrov"),
        ("</Nm><Nm>Mallory", "./Nm..Nm.Mallory"),
        ('=cmd|"x"@host_1', ".cmd/'x'.host-1"),
        ("//Tea // c/o Ugo/", "Tea / c/o Ugo"),
        ("🎉", "."),
        ("/", "."),
        ("x" * 71, "x" * 70),
        ("x" * 69 + "/yz", "x" * 69),
    ],
)
def test_a_name_is_written_in_the_letters_of_every_bank(name, read):
    assert sepa.plain(name) == read
    assert said(write(transfer(name=name)), "Cdtr/Nm") == [[read]]


def test_no_letter_makes_a_file_a_bank_refuses():
    text = "".join(chr(number) for number in (*range(0x250), *range(0x370, 0x530), 0x5D0, 0x4E2D, 0x1F600))
    assert set(sepa.plain(text, 10_000)) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")


@pytest.mark.parametrize("wrong", ["", "x" * 36, "PAYOUT/7", "PAYOUT 7", "PAYOUT<7", "PAYOUT-7\n"])
def test_an_id_is_short_and_plain(wrong):
    with pytest.raises(ValueError, match="an id has"):
        write(transfer(), message_id=wrong)
    with pytest.raises(ValueError, match="an id has"):
        write(transfer(wrong * 2 if wrong else "x" * 30))


@pytest.mark.parametrize("amount", [0, -1, 12.5, "12", True])
def test_an_amount_is_a_whole_number_of_cents(amount):
    with pytest.raises(ValueError, match="an amount is"):
        write(transfer(amount=amount))


def test_a_file_of_nothing_is_none():
    with pytest.raises(ValueError, match="at least one"):
        write()


@pytest.mark.parametrize(("iban", "amount"), [("IT60 X054", 1234), ("<IBAN>", 1234), ("IT60X0542811101000000123456", 100_000_000_000_000_000_000)])
def test_what_the_schema_refuses_is_not_written(iban, amount):
    with pytest.raises(ValidationError):
        write(transfer(iban=iban, amount=amount))
