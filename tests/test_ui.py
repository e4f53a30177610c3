"""What every page is made of: money, times, icons, covers, static addresses, the member's choices, fragments."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from flask import render_template_string
from flask_babel import force_locale
from jinja2 import nodes

from lms import clock
from lms.db import Page
from lms.ui import cover_svg, download, euros, icon, page_url, render, risk_words, teo, when
from lms.ui.charts import scale_of
from lms.ui.money import fine_euros
from lms.ui.people import initials
from lms.ui.times import deadline, exact
from lms.ui.words import given_back

SOURCES = Path(__file__).parent.parent / "lms"
# Letters are read in mail programs, which know nothing of our style sheet or policy.
TEMPLATES = sorted(file for file in (SOURCES / "templates").rglob("*.html") if file.parent.name != "mail")
THIN = "\u202f"


@pytest.fixture
def request_of(app):
    """A request's context, as templates see it."""
    with app.test_request_context("/courses?q=bread&page=2"):
        yield


@pytest.fixture
def html(request_of):
    """html('{{ row(…) }}', x=1) renders with every macro imported."""
    imports = "".join(import_of(name) for name in ("macros.html", "macros_charts.html", "macros_forms.html", "macros_drawings.html", "macros_ways.html"))
    return lambda source, **context: render_template_string(imports + source, **context)


def import_of(name):
    macros = re.findall(r"{% macro ([a-z]\w*)", (SOURCES / "templates" / name).read_text())
    return f"{{% from '{name}' import {', '.join(macros)} %}}"


# Money


@pytest.mark.parametrize(
    ("cents", "shown"),
    [(8000, "80.00 €"), (0, "0.00 €"), (5, "0.05 €"), (-1200, "−12.00 €"), (123456789, f"1{THIN}234{THIN}567.89 €")],
)
def test_euros_are_read_from_cents(request_of, cents, shown):
    assert euros(cents) == shown


@pytest.mark.parametrize(
    ("millionths", "shown"),
    [(214_500, "0.2145 €"), (200_000, "0.20 €"), (375, "0.000375 €"), (0, "0.00 €"), (1_234_000_001, f"1{THIN}234.000001 €")],
)
def test_a_price_of_gas_is_read_with_all_its_digits(request_of, millionths, shown):
    assert fine_euros(millionths) == shown


@pytest.mark.parametrize(
    ("micro", "shown"),
    [
        (62_400_000, "62.40"),
        (62_409_999, "62.40"),
        (-12_009_999, "−12.00"),
        (1_240_000_000, f"1{THIN}240.00"),
        (2_700, "0.0027"),
        (1, "0.000001"),
        (0, "0.00"),
    ],
)
def test_teo_is_cut_never_rounded_up_and_dust_is_shown(request_of, micro, shown):
    assert teo(micro) == shown


def test_money_is_written_as_the_locale_does(request_of):
    with force_locale("it"):
        assert (euros(8000), teo(1_500_000)) == ("80,00 €", "1,50")


def test_what_came_in_may_bear_its_sign(request_of):
    assert (teo(270_000, plus=True), teo(-270_000, plus=True), teo(0, plus=True)) == ("+0.27", "−0.27", "0.00")


@pytest.mark.parametrize("amount", [80.0, "80", None, True, float("nan")])
def test_money_that_is_not_an_int_is_refused(request_of, amount):
    with pytest.raises(TypeError):
        euros(amount)


# Times


@pytest.mark.parametrize(
    ("distance", "said"),
    [
        (timedelta(seconds=4.5), "in 4 s"),
        (timedelta(minutes=-12, seconds=-3), "12 min ago"),
        (timedelta(hours=3, seconds=30), "in 3 h"),
    ],
)
def test_what_is_near_is_said_from_now(request_of, distance, said):
    assert f">{said}<" in when(clock.now() + distance)


def test_what_is_far_is_a_date_with_its_year_when_it_is_another(request_of):
    far = datetime(2019, 12, 7, 10, 30, tzinfo=UTC)
    assert ">7 Dec 2019<" in when(far)
    with force_locale("it"):
        assert ">7 dic 2019<" in when(far)


@pytest.mark.parametrize(("said_at", "said"), [(datetime(2026, 12, 6, 12, tzinfo=UTC), "7 Dec, 10:30"), (datetime(2026, 12, 1, tzinfo=UTC), "7 Dec")])
def test_a_deadline_names_the_hour_when_it_is_near(request_of, monkeypatch, said_at, said):
    monkeypatch.setattr(clock, "now", lambda: said_at)
    assert f">{said}<" in deadline(datetime(2026, 12, 7, 10, 30, tzinfo=UTC))


def test_a_receipt_says_the_minute_however_long_ago(request_of):
    assert ">7 Dec 2019, 10:30<" in exact(datetime(2019, 12, 7, 10, 30, tzinfo=UTC))


def test_the_full_date_is_there_for_hover_and_screen_readers(request_of):
    shown = when(datetime(2019, 12, 7, 10, 30, tzinfo=UTC))
    assert shown.count("Saturday 7 December 2019, 10:30 UTC") == 2
    assert 'datetime="2019-12-07T10:30:00+00:00"' in shown


def test_a_moment_without_a_time_zone_is_refused(request_of):
    with pytest.raises(ValueError, match="has no time zone"):
        when(datetime(2019, 12, 7))  # noqa: DTZ001 - that is what is refused


# Icons, covers, people


def test_an_icon_is_inlined_and_hidden_from_screen_readers():
    assert icon("school").startswith("<svg") and 'aria-hidden="true"' in icon("school")


@pytest.mark.parametrize("name", ["no-such-icon", "../../secret", "School"])
def test_an_unknown_icon_is_a_mistake(name):
    with pytest.raises(LookupError):
        icon(name)


def test_every_icon_named_in_a_template_exists():
    names = {name for file in TEMPLATES for name in re.findall(r"\bicon\(\"([^\"]+)\"\)|\brow\(\"([^\"]+)\"", file.read_text()) for name in name}
    for name in names - {""}:
        icon(name)


def test_a_cover_is_the_same_for_ever_and_another_for_another_title():
    assert cover_svg("Bread") == cover_svg("Bread") != cover_svg("Cheese")


def test_covers_are_small_well_formed_and_hold_nothing_of_the_title():
    for number in range(60):
        title = f"<script>{number}</script>"
        cover = cover_svg(title)
        ElementTree.fromstring(cover)
        assert len(cover) < 12_000
        assert not re.search(r"script|style=|\bid=", cover)


@pytest.mark.parametrize(("name", "drawn"), [("Giulia Rossi", "GR"), ("ana", "A"), ("Ana Maria de Luca", "AL"), ("", "?")])
def test_a_person_is_drawn_by_initials(name, drawn):
    assert initials(name) == drawn


# Static files


def test_a_static_file_under_its_hashed_name_is_kept_for_ever(client, request_of):
    address = render_template_string("{{ static_url('app.css') }}")
    assert re.fullmatch(r"/static/app\.[0-9a-f]{10}\.css", address)
    answer = client.get(address)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.content_type.startswith("text/css")


def test_the_style_sheet_and_the_page_name_the_font_alike(client, request_of):
    font = render_template_string("{{ static_url('vendor/inter-latin-wght-normal.woff2') }}")
    sheet = client.get(render_template_string("{{ static_url('app.css') }}")).text
    assert f"url({font})" in sheet
    assert client.get(font).status_code == 200


def test_a_static_file_under_its_own_name_is_asked_for_again(client):
    assert client.get("/static/app.css").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["app.0000000000.css", "../config.py", "..%2fconfig.py", "nothing.js"])
def test_what_is_no_static_file_is_not_found(client, name):
    assert client.get(f"/static/{name}").status_code == 404


def test_a_static_file_that_is_missing_is_a_mistake(request_of):
    with pytest.raises(FileNotFoundError):
        render_template_string("{{ static_url('no-such.css') }}")


# The choices of this browser


@pytest.mark.parametrize(("theme", "shown"), [("dark", 'data-bs-theme="dark"'), ("light", 'data-bs-theme="light"')])
def test_the_theme_chosen_is_rendered_by_the_server(client, theme, shown):
    client.post("/preferences", data={"theme": theme, "next": "/"})
    assert shown in client.get("/nothing-here").text


def test_without_a_choice_the_system_decides(client):
    assert "data-bs-theme" not in client.get("/nothing-here").text


def test_the_language_chosen_is_rendered_by_the_server(client):
    client.post("/preferences", data={"language": "it"})
    assert '<html lang="it"' in client.get("/nothing-here").text


def test_a_choice_that_does_not_exist_is_not_kept(client):
    answer = client.post("/preferences", data={"theme": '"><script>', "language": "xx"})
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("address", ["https://evil.example", "//evil.example", "/\\evil.example", "/a\r\nX: y", "javascript:alert(1)", ""])
def test_a_switch_leads_to_no_other_site(client, address):
    assert client.post("/preferences", data={"theme": "dark", "next": address}).location == "/"


def test_a_switch_leads_back_to_where_it_was_used(client):
    assert client.post("/preferences", data={"theme": "dark", "next": "/courses?q=bread&page=2"}).location == "/courses?q=bread&page=2"


def test_a_switch_without_its_token_is_refused(app):
    assert app.test_client().post("/preferences", data={"theme": "dark"}).status_code == 400


# Fragments


@pytest.mark.parametrize(("kind", "whole"), [("partial", False), ("full", True), (None, True)])
def test_htmx_gets_the_block_and_everybody_else_the_page(app, kind, whole):
    with app.test_request_context(headers={"HX-Request": "true", "HX-Request-Type": kind} if kind else {}):
        answer = render("base.html", "balance_chip", chip_balance=62_400_000)
    assert ("<html" in answer.get_data(as_text=True)) is whole
    assert set(answer.vary) == {"HX-Request", "HX-Request-Type"}


def test_the_chip_alone_has_the_id_that_a_push_looks_for(app):
    with app.test_request_context(headers={"HX-Request-Type": "partial"}):
        answer = render("base.html", "balance_chip", chip_balance=62_400_000)
    shown = answer.get_data(as_text=True)
    assert shown.startswith('<span id="balance-chip"') and "62.40" in shown


def test_other_pages_of_a_list_keep_the_search(app):
    with app.test_request_context("/static/app.css?q=bread&page=2"):
        assert page_url(3) == "/static/app.css?q=bread&page=3"


def test_htmx_starts_only_when_its_extension_is_there(client):
    scripts = re.findall(r"<script ([^>]*)>", client.get("/nothing-here").text)
    assert [re.search(r"([\w-]+)\.(?:min\.)?[0-9a-f]{10}\.js", script)[1] for script in scripts] == ["htmx", "hx-sse", "app"]
    assert not any(word in script for script in scripts for word in ("defer", "async"))


# Macros


def test_a_row_escapes_what_people_wrote(html):
    shown = html("{{ row('gift', title, why=title) }}", title="<script>alert(1)</script>")
    assert "<script>" not in shown and shown.count("&lt;script&gt;") == 2


def test_a_field_ties_its_hint_and_its_error_to_the_input(html):
    from flask_wtf import FlaskForm
    from wtforms import StringField
    from wtforms.validators import DataRequired

    class Form(FlaskForm):
        city = StringField("City", [DataRequired("Say which.")])

    form = Form(meta={"csrf": False})
    form.validate()
    shown = html("{{ field(form.city, hint='As on the map') }}", form=form)
    assert 'aria-describedby="city-hint city-error"' in shown
    assert 'aria-invalid="true"' in shown and 'id="city-error"' in shown and "Say which." in shown


def test_the_parts_of_a_balance_fill_the_bar(html):
    shown = html("{{ parts_bar([('available', 'Available', 3000000, ''), ('staked', 'Staked', 1000000, ''), ('maturing', 'Maturing', 0, '')]) }}")
    assert 'width="75.000%"' in shown and 'x="75.000%"' in shown and shown.count('height="16"') == 3


def test_a_balance_of_nothing_still_draws_its_bar(html):
    assert "<svg" in html("{{ parts_bar([('available', 'Available', 0, '')]) }}")


def test_the_stepper_says_where_it_stands(html):
    shown = html("{{ stepper(['Ordered', 'Paid', 'On chain'], 1) }}")
    assert re.search(r'<li class="on">Ordered</li>\s*<li class="now" aria-current="step">Paid</li>\s*<li>On chain</li>', shown)


@pytest.mark.parametrize("drawing", ["shelf", "purse", "letter", "search", "signpost", "gate", "hourglass", "parcel", "unplugged"])
def test_every_drawing_is_well_formed(html, drawing):
    ElementTree.fromstring(html("{{ draw(name) }}", name=drawing).strip())


def test_a_badge_is_well_formed_and_so_are_two_on_one_page(html):
    drawn = html("{{ badge_art('<Bread>') }}").strip()
    ElementTree.fromstring(drawn)
    assert "Bread" not in drawn and not re.search(r"\sid=|url\(", drawn)


# What is remembered


def test_a_remembered_part_is_written_once_for_its_values_and_language(request_of):
    part = "{% remember 'test', tone %}{{ said }}{% endremember %}"
    assert [render_template_string(part, tone=tone, said=said) for tone, said in (("a", 1), ("a", 2), ("b", 3))] == ["1", "1", "3"]
    with force_locale("it"):
        assert render_template_string(part, tone="a", said=4) == "4"


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: str(file.relative_to(SOURCES)))
def test_no_remembered_part_holds_what_belongs_to_one_member_or_page(file):
    for part in re.findall(r"{%-? remember .*?{%-? endremember", file.read_text(), re.S):
        assert not re.search(r"csrf|current_user|balance|flashed|request\.(?!blueprint %|blueprint -%)", part)


# What the content security policy forbids, and what eyes need


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: str(file.relative_to(SOURCES)))
def test_no_template_holds_inline_style_or_script(file):
    text = re.sub(r"{#.*?#}", "", file.read_text(), flags=re.S)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|hx-on|<script(?![^>]* src=)|javascript:", text)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("words", "ground"),
    [
        *((ink, ground) for ink in ("ink", "quiet", "teal-ink", "teo-ink", "red-ink") for ground in ("paper", "surface", "sunken", "raised")),
        ("teal-ink", "teal-soft"),
        ("teo-ink", "teo-soft"),
        ("red-ink", "red-soft"),
        ("ink", "teal-soft"),
        ("ink", "teo-soft"),
        ("ink", "red-soft"),
        ("quiet", "teo-soft"),
        ("teal-on", "teal"),
        ("teal-on", "teal-hover"),
    ],
)
def test_words_stand_out_from_their_ground(words, ground, theme):
    assert contrast(tone(words, theme), tone(ground, theme)) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("edge", ["line-strong", "teal", "red", "teo"])
def test_edges_of_controls_stand_out(edge, theme):
    assert contrast(tone(edge, theme), tone("surface", theme)) >= 3


def tone(name, theme):
    """A colour of app.css, in its light or dark form."""
    sheet = (SOURCES / "static" / "app.css").read_text()
    return re.search(rf"--{name}: light-dark\(#(\w+), #(\w+)\)", sheet).groups()[theme]


def contrast(one, other):
    """WCAG 2's ratio of two colours."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = (int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_whatever_is_empty_leads_on_by_a_button(app):
    calls = [call for file in TEMPLATES for call in app.jinja_env.parse(file.read_text()).find_all(nodes.Call)]
    empty = [call for call in calls if getattr(call.node, "name", "") == "empty"]
    assert len(empty) > 10
    assert [f"line {call.lineno}" for call in empty if len(call.args) < 4] == []


# Charts


@pytest.mark.parametrize(("values", "top"), [([], 1), ([0], 1), ([7], 8), ([41_000, 3], 60_000), ([100], 100), ([101], 200)])
def test_a_scale_ends_at_the_next_round_number(values, top):
    assert scale_of(values) == top


@pytest.mark.parametrize(
    ("error", "why"),
    [
        ("the contract refuses: NotTheHolder('0x1')", "The signature of your address here was not accepted."),
        ("the contract refuses: ERC20InvalidReceiver('0x1')", "The token takes no transfer to this address. Ask for another one."),
        ("the member was suspended before it was signed", "Your account was suspended before it went out."),
        ("the member froze his wallet before it was signed", "You froze your wallet before it went out."),
        ("dropped by an operator", "We stopped it before it was on the chain."),
        ("set aside when the database was restored from a backup", "It was lost with a part of our records before it went out."),
        ("the contract refuses: Something()", "The chain refused it."),
        (None, "It did not go out."),
    ],
)
def test_why_a_withdrawal_came_back_is_a_sentence(app, error, why):
    with app.test_request_context():
        assert given_back(error) == f"{why} All of it is available to you again."


@pytest.mark.parametrize(
    ("name", "facts", "said"),
    [
        ("hasty learning", {"hasty": 3, "lessons": 6}, ["3 of 6 lessons were completed in less than a fifth of the time they take."]),
        ("hasty learning", {"hasty_quizzes": 2, "quizzes": 3}, ["2 of 3 quizzes were passed in less than three seconds a question."]),
        (
            "hasty learning",
            {"hasty": 3, "lessons": 6, "hasty_quizzes": 2, "quizzes": 3},
            ["3 of 6 lessons were completed in less than a fifth of the time they take.", "2 of 3 quizzes were passed in less than three seconds a question."],
        ),
        ("circle", {"members": [7, 9]}, ["He traded with Bea, #9, who share a browser, an address or a network with him."]),
        ("circle", {"sales": 4, "to_one": 2}, ["2 of 4 sales went to one member."]),
        ("reward velocity", {"week": 50_000_000, "before": 10_000_000}, ["50.00 TEO in a week, 10.00 TEO a week before that."]),
        ("unheard of", {"quality": 1}, []),
    ],
)
def test_a_sign_of_fraud_says_what_raised_it(request_of, name, facts, said):
    assert risk_words.sentence({"name": name, "facts": facts}, {7: "Bea"}) == " ".join(said)


def test_a_download_is_saved_under_its_name_and_kept_by_nobody_else(request_of):
    answer = download(b"a,b", "sales-2026.csv", "text/csv")
    answer.direct_passthrough = False
    assert (answer.data, answer.content_type, answer.content_length) == (b"a,b", "text/csv; charset=utf-8", 3)
    assert answer.headers["Content-Disposition"] == "attachment; filename=sales-2026.csv"
    assert answer.headers["Cache-Control"] == "private, no-store"


LIST = """{% call(name) listing(names, "Names", "None.") %}{{ row("user", name) }}{% endcall %}"""


def test_a_list_shows_a_row_for_each_item_and_the_way_to_the_next_page(html):
    page = ElementTree.fromstring(f"<page>{html(LIST, names=Page(['Ana', '<b>'], 1, 30))}</page>")
    assert page.find(".//ul").get("aria-label") == "Names"
    assert [title.text for title in page.iterfind(".//li//div[@class='title']")] == ["Ana", "<b>"]
    assert "page=2" in page.find(".//nav/a").get("href")


def test_a_list_of_nothing_says_so(html):
    assert html(LIST, names=Page([], 1, 0)).strip() == "None."
