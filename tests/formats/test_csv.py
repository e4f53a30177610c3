"""Tables that a spreadsheet opens as they are meant."""

import csv as reader
import io

import pytest

from lms.formats import csv


def read(data):
    return list(reader.reader(io.StringIO(data.decode("utf-8-sig"))))


def test_what_is_written_is_read():
    rows = [["Day", "What", "Amount"], ["2026-11-27", 'A "quoted", long\ntitle: Città', 5], ["", None, csv.amount(-1_234, 2)]]
    assert read(csv.write(rows)) == [["Day", "What", "Amount"], ["2026-11-27", 'A "quoted", long\ntitle: Città', "5"], ["", "", "-12.34"]]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_what_would_be_a_formula_is_a_text(begin):
    (cell,) = read(csv.write([[f"{begin}cmd|' /C calc'!A0"]]))[0]
    assert cell.startswith("'")


@pytest.mark.parametrize("title", ["x;=cmd|' /C calc'!A0", "x; +1", "x;\t@SUM(A1)", "x\t-1", "x;＝1"])
def test_nor_is_one_where_cells_are_parted_by_semicolons(title):
    (line,) = csv.write([["1", title]]).decode("utf-8-sig").splitlines()
    cells = [cell.strip() for part in line.split(";") for cell in part.split("\t")]
    assert not any(cell.startswith(("=", "+", "-", "@", "＝")) for cell in cells), cells


def test_a_number_typed_by_a_person_stays_a_text():
    assert read(csv.write([["-5"], ["5"]])) == [["'-5"], ["5"]]


def test_excel_is_told_that_it_is_utf8_and_lines_end_as_the_standard_says():
    data = csv.write([["à"], ["b"]])
    assert data == b"\xef\xbb\xbf\xc3\xa0\r\nb\r\n"


@pytest.mark.parametrize(("units", "digits", "written"), [(0, 2, "0.00"), (5, 2, "0.05"), (-5, 6, "-0.000005"), (12_345_678_901_234_567, 6, "12345678901.234567")])
def test_amounts_are_exact(units, digits, written):
    assert csv.amount(units, digits) == written


@pytest.mark.parametrize("wrong", [1.5, True, "5", None])
def test_an_amount_is_a_whole_number(wrong):
    with pytest.raises(TypeError):
        csv.amount(wrong, 2)
