"""Papers: what stands in them, over how many pages, and always in the same bytes."""

import io
from datetime import UTC, datetime

from pypdf import PdfReader

from lms.formats.pdf import Paper

AT = datetime(2026, 11, 27, 12, tzinfo=UTC)


def text(data):
    """What a reader of all its pages sees."""
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


def in_bold(data):
    """The words printed in bold."""
    words = set()
    for page in PdfReader(io.BytesIO(data)).pages:
        page.extract_text(visitor_text=lambda said, _, __, font, ___: words.update(said.split()) if font and "Bold" in font["/BaseFont"] else None)
    return words


def paper(rows=3, title="Statement", name="Città è più bella"):
    made = Paper(title, "November 2026", AT, "it", "Page %(page)s of %(pages)s")
    made.facts([("Name", name), ("Opening", "10.00 TEO")])
    made.heading("Movements")
    made.rows(["Day", "What", "Amount"], [[f"{number} Nov", name, "1.00"] for number in range(rows)], (20, 60, 20), numbers=(2,))
    made.note("All of it adds up.")
    return made


def test_the_same_content_is_the_same_bytes():
    assert paper().bytes() == paper().bytes()


def test_another_content_is_not():
    assert paper().bytes() != paper(rows=4).bytes()


def test_it_has_a_title_a_language_and_the_moment_it_stands_for():
    read = PdfReader(io.BytesIO(paper().bytes()))
    assert (read.metadata.title, read.metadata.creation_date) == ("Statement", AT)
    assert read.trailer["/Root"]["/Lang"] == "it"


def test_names_values_and_pages_are_written():
    said = text(paper().bytes())
    for part in ("SchoolPlatform", "Statement", "November 2026", "Opening", "10.00 TEO", "2 Nov", "All of it adds up.", "Page 1 of 1"):
        assert part in said


def test_many_rows_go_over_pages_and_repeat_their_head():
    said = text(paper(rows=500).bytes())
    pages = paper(rows=500).pages_count
    assert pages > 10
    assert said.count("Amount") == pages
    assert "499 Nov" in said and f"Page {pages} of {pages}" in said


def test_a_sum_stands_out():
    made = Paper("Invoice", "", AT)
    made.facts([("Fee", "1.00"), ("Together", "2.00")], summed=True)
    made.rows(["What", "EUR"], [("Course", "3.00"), ("Total", "4.00")], (75, 25), numbers=(1,), summed=True)
    bold = in_bold(made.bytes())
    assert {"Together", "2.00", "Total", "4.00"} <= bold and not {"Fee", "1.00", "Course", "3.00"} & bold


def test_a_name_longer_than_its_place_breaks_and_loses_nothing():
    name = "Wolfeschlegelsteinhausenbergerdorff " * 8
    assert text(paper(rows=0, name=name).bytes()).count("Wolfeschlegelsteinhausenbergerdorff") == 8


def test_letters_of_many_languages_are_there():
    name = "Łódź Ångström Ελλάδα Москва €−"
    assert name in text(paper(name=name).bytes())
