"""Markdown as members write it → HTML that is safe on our pages. Whoever wrote the text is not trusted."""

import re
from collections.abc import Sequence
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

LARGEST = 200_000  # characters
_LOWEST_HEADING = 6
# Files only: a picture of any other address of ours would make its reader ask for it. No dots that lead out of the folder.
_OWN_PICTURE = re.compile(r"/static/(?:[\w-]+[./])*[\w-]+")
_ALIGNMENT = re.compile(r"text-align:(left|right|center)")
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"alt", "src", "title"},
    "ol": {"start"},
    "td": {"align"},
    "th": {"align"},
}
_HEADINGS = {"h2", "h3", "h4", "h5", "h6"}
_TABLES = {"table", "tbody", "td", "th", "thead", "tr"}
_IN_A_LINE = {"code", "em", "strong"}
_TAGS = _HEADINGS | _TABLES | {"a", "blockquote", "br", "code", "em", "hr", "img", "li", "ol", "p", "pre", "strong", "ul"}


@lru_cache(maxsize=64)  # the worst texts take seconds: not each time somebody reads them
def render(text: str, below: int = 1) -> Markup:
    """HTML of at most LARGEST characters of CommonMark with tables.

    HTML in the text is shown as text; headings stand under the one of level `below`, the page's h1; links tell search engines and the site
    they lead to nothing; pictures of other sites are replaced by their words."""
    tokens = _parser.parse(text[:LARGEST])
    _shift_headings(tokens, below)
    _align_cells(tokens)
    html = _parser.renderer.render(tokens, _parser.options, {})
    safe = nh3.clean(
        html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes={"http", "https", "mailto"}, link_rel="noopener nofollow"
    )
    return Markup(safe)


@lru_cache(maxsize=1024)
def line(text: str) -> Markup:
    """HTML of what stands in a label or another single line: emphasis and code; no blocks, no pictures, and of links their words."""
    html = _parser.renderInline(" ".join(text[:LARGEST].split()))
    return Markup(nh3.clean(html, tags=_IN_A_LINE, attributes={}))


def _shift_headings(tokens: Sequence[Token], below: int) -> None:
    """A text that begins at # is moved down as a whole; one that begins at ## stays under an h1."""
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    step = below if any(token.tag == "h1" for token in headings) else below - 1
    for token in headings:
        token.tag = f"h{min(_LOWEST_HEADING, int(token.tag[1]) + step)}"


def _align_cells(tokens: Sequence[Token]) -> None:
    """The CSP forbids style attributes: columns say how they stand by `align`."""
    for token in tokens:
        found = _ALIGNMENT.fullmatch(str(token.attrs.pop("style", "")))
        if found:
            token.attrs["align"] = found[1]


def _picture(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    token = tokens[index]
    words = renderer.renderInlineAsText(token.children or [], options, env)
    if not _OWN_PICTURE.fullmatch(str(token.attrs.get("src", ""))):
        return escapeHtml(words)
    token.attrs["alt"] = words
    return renderer.renderToken(tokens, index, options, env)


_parser = MarkdownIt("commonmark", {"html": False}).enable("table")
_parser.add_render_rule("image", _picture)
