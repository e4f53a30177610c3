"""Papers for members as PDF: a head, names and values, tables that go over pages. The same content is the same bytes."""

import builtins
from collections.abc import Container, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from fpdf import FPDF, FontFace
from fpdf.enums import TableBordersLayout

_FONTS = Path(__file__).parent.parent / "static" / "vendor"
_FAMILY = "DejaVu"
_INK, _QUIET, _TEAL, _LINE = (23, 32, 46), (92, 102, 117), (15, 118, 110), (216, 210, 198)
_MARGIN = 18  # mm
_SUM = FontFace(emphasis="BOLD")


class Paper(FPDF):
    """An A4 page after the other. `at` is the moment it stands for, which makes the bytes repeatable; `page_word` says "Page %(page)s of %(pages)s"."""

    def __init__(self, title: str, subtitle: str, at: datetime, language: str = "en", page_word: str = "%(page)s / %(pages)s") -> None:
        super().__init__(format="A4")
        self._heading, self._subtitle, self._page_word = title, subtitle, page_word
        self.set_creation_date(at)
        self.set_title(title)
        self.set_lang(language)
        self.set_producer("SchoolPlatform")
        for style, name in (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf")):
            self.add_font(_FAMILY, style, _FONTS / name)
        self.set_margins(_MARGIN, _MARGIN, _MARGIN)
        self.set_auto_page_break(True, margin=_MARGIN + 6)
        self.alias_nb_pages("{pages}")
        self.add_page()

    def header(self) -> None:
        """The name of the house on every page, the title on the first."""
        self._write("SchoolPlatform", 9, _TEAL, bold=True)
        self.ln(6)
        if self.page_no() == 1:
            self._write(self._heading, 18, _INK, bold=True)
            self.ln(9)
            if self._subtitle:
                self.set_text_color(*_QUIET)
                self.set_font(_FAMILY, "", 9)
                self.multi_cell(0, 5, self._subtitle, new_x="LMARGIN", new_y="NEXT")
            self.ln(3)

    def footer(self) -> None:
        self.set_y(-_MARGIN + 4)
        self.set_font(_FAMILY, "", 8)
        self.set_text_color(*_QUIET)
        self.cell(0, 4, self._page_word % {"page": self.page_no(), "pages": "{pages}"}, align="C")

    def heading(self, text: str) -> None:
        """A small heading above what follows, on its page."""
        if self.will_page_break(24):
            self.add_page()
        self.ln(4)
        self._write(text, 11, _INK, bold=True)
        self.ln(7)

    def facts(self, pairs: Sequence[tuple[object, object]], summed: bool = False) -> None:
        """Names and values, one a line; the values stand at the right. `summed`: the last is what the others come to, in bold."""
        with self.table(col_widths=(60, 40), text_align=("LEFT", "RIGHT"), first_row_as_headings=False, **self._look()) as table:
            for place, (name, value) in enumerate(pairs, 1):
                row, last = table.row(), _SUM if summed and place == len(pairs) else None
                row.cell(str(name), style=last or FontFace(color=_QUIET))
                row.cell(str(value), style=last)
        self.ln(2)

    def rows(
        self,
        head: Sequence[object],
        rows: Sequence[Iterable[object]],
        widths: Sequence[int],
        numbers: Container[int] = (),
        summed: bool = False,
    ) -> None:
        """A table whose head is repeated on each page. `widths` are parts of the page's, `numbers` the columns that stand at the right; `summed` as in facts."""
        align = tuple("RIGHT" if column in numbers else "LEFT" for column in range(len(head)))
        look = self._look() | {"headings_style": FontFace(emphasis="BOLD", color=_QUIET, size_pt=7.5)}
        with self.table(col_widths=widths, text_align=align, repeat_headings=1, **look) as table:
            for place, cells in enumerate((head, *rows)):
                row, last = table.row(), _SUM if summed and place == len(rows) else None
                for cell in cells:
                    row.cell(str(cell), style=last)
        self.ln(2)

    def note(self, text: str) -> None:
        """A sentence in grey."""
        self.set_font(_FAMILY, "", 8.5)
        self.set_text_color(*_QUIET)
        self.multi_cell(0, 4.6, text, new_x="LMARGIN", new_y="NEXT")
        self.ln(1)

    def bytes(self) -> builtins.bytes:
        """The paper, finished."""
        return bytes(self.output())

    def _look(self) -> dict[str, Any]:
        self.set_font(_FAMILY, "", 8.5)
        self.set_text_color(*_INK)
        self.set_draw_color(*_LINE)
        self.set_line_width(0.15)
        return dict(borders_layout=TableBordersLayout.HORIZONTAL_LINES, line_height=5, padding=1.2)

    def _write(self, text: str, size: float, colour: tuple[int, int, int], bold: bool = False) -> None:
        self.set_font(_FAMILY, "B" if bold else "", size)
        self.set_text_color(*colour)
        self.cell(0, size * 0.45, text)
