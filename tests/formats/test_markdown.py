"""Markdown of people nobody need trust."""

import re
import time

import pytest

from lms.domain.courses.checks import MOST_BRACKETS
from lms.formats.markdown import LARGEST, line, render


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <b onclick=alert(1)>b</b>",
        "<img src=x onerror=alert(1)>",
        "<iframe src='https://evil.example'></iframe>",
        "<svg/onload=alert(1)>",
        "<p style='position:fixed' id='content' class='notice'>x</p>",
        "<!-- --><form action='https://evil.example'><button>",
        "<hx-partial hx-target='body'>x</hx-partial>",
    ],
)
def test_html_in_the_text_is_shown_as_text(text):
    html = render(text)
    assert set(re.findall(r"<(/?\w+)", html)) <= {"p", "/p"}


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java&#10;script:alert(1)",
        "&#106;avascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "data:image/svg+xml;base64,PHN2Zy8+",
        "vbscript:x",
        "file:///etc/passwd",
    ],
)
def test_a_link_or_picture_never_runs_anything(address):
    html = render(f"[a](<{address}>) ![b](<{address}>) <{address}>\n\n[c]\n\n[c]: <{address}>")
    assert re.findall(r"""(?:href|src)="[\s\x00-\x1f]*[a-z][a-z0-9+.-]*:""", html, re.IGNORECASE) == []


def test_links_tell_nothing_to_where_they_lead():
    assert render("[x](https://example.org)") == '<p><a href="https://example.org" rel="noopener nofollow">x</a></p>\n'


def test_a_title_cannot_break_out_of_its_attribute():
    html = render("""[x](https://e.org '"><script>alert(1)</script>')""")
    assert "<script" not in html
    assert "onmouseover" not in render("""![x](/a.png '" onmouseover="alert(1)')""").replace("&quot; onmouseover", "")


@pytest.mark.parametrize("address", ["https://e.org/x.png", "//e.org/x.png", "http:e.org/x.png", "x.png"])
def test_a_picture_from_elsewhere_becomes_its_words(address):
    html = render(f"![a *view*](<{address}>)")
    assert "<img" not in html
    assert "a view" in html


def test_a_picture_of_our_own_is_shown():
    assert '<img src="/static/x.png" alt="a view">' in render("![a view](/static/x.png)")


@pytest.mark.parametrize("path", ["/live?show=balance", "/static/../live", "/static/%2e%2e/live", "/wallet", "//evil.example/x.png"])
def test_a_picture_of_any_other_address_is_only_its_words(path):
    assert "<img" not in render(f"![a view]({path})")


def test_headings_stand_under_the_title_of_the_page():
    assert render("# One\n## Two\n###### Six") == "<h2>One</h2>\n<h3>Two</h3>\n<h6>Six</h6>\n"
    assert render("## Two") == "<h2>Two</h2>\n"


def test_headings_stand_under_the_one_they_are_told():
    assert "<h4>One</h4>" in render("# One", below=3)
    assert "<h4>Two</h4>" in render("## Two", below=3)


def test_tables_keep_their_alignment_without_style():
    html = render("|a|b|\n|-|-:|\n|1|2|")
    assert '<td align="right">2</td>' in html
    assert "style" not in html


@pytest.mark.parametrize(
    "piece", ["[", "![", "](", "[a](", "> ", ">", "- ", "* ", "**a*", "_", "`", "``a", "<", "<a ", "&#", "'\"", "|", "\\", "[a]: <", "((((", "~~~\n"]
)
def test_a_text_made_to_exhaust_us_gives_bounded_html(piece):
    size = LARGEST // 4  # four times as much takes sixteen times as long for some
    assert len(render((piece * size)[:size])) < 8 * size


@pytest.mark.parametrize("piece", ["[", "![", "[[<", "![a]("])
def test_no_text_that_may_be_saved_takes_long_to_show(piece):
    brackets = piece * (MOST_BRACKETS // piece.count("["))
    begun = time.process_time()
    render(brackets + "a " * (LARGEST // 2))
    assert time.process_time() - begun < 1


def test_nothing_beyond_the_largest_size_is_read():
    assert "tail" not in render("a\n" * (LARGEST // 2) + "tail")
    assert "ail" not in render(" " * (LARGEST - 1) + "tail")


def test_a_text_with_a_broken_character_is_still_shown():
    assert render("a\x00b \ufffd") == "<p>a\ufffdb \ufffd</p>\n"


def test_a_line_has_emphasis_and_code_and_neither_blocks_nor_links():
    assert line("*a* **b** `<c>` & d") == "<em>a</em> <strong>b</strong> <code>&lt;c&gt;</code> &amp; d"
    assert line("# a\n\n- b\n") == "# a - b"
    assert line("[a](https://example.org) ![b](/static/b.png) <https://example.org>") == "a  https://example.org"


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![x](/static/a.png '\" onload=\"alert(1)')", "**<b onclick=alert(1)>**"])
def test_html_in_a_line_is_shown_as_text(text):
    assert set(re.findall(r"<(/?\w+)", line(text))) <= {"strong", "/strong"}
