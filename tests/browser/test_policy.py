"""What a discount brings a teacher either way, beside the price that she types."""

import re
from decimal import Decimal

from playwright.sync_api import expect

# Of 200.00 €: the discount, and the TEO for it with a quarter more. What is hers in euros depends on her tier; without the TEO it is as much more as the discount.
OF_200 = [("5 %", "10.00", "12.50"), ("10 %", "20.00", "25.00"), ("15 %", "30.00", "37.50")]


def test_the_example_follows_the_price_while_it_is_typed(seeded, window, unreloaded):
    page = window(seeded("teacher"))
    page.goto("/teach/policy")
    unreloaded(page)
    field = page.get_by_label("At a price of, in EUR")
    field.press_sequentially("200")
    shows(page, OF_200)
    expect(field).to_have_value("200")
    expect(field).to_be_focused()


def test_without_javascript_a_press_shows_the_same(seeded, window):
    page = window(seeded("teacher"), java_script_enabled=False)
    page.goto("/teach/policy")
    page.get_by_label("At a price of, in EUR").fill("200")
    page.get_by_role("button", name="Reckon").click()
    shows(page, OF_200)


def shows(page, levels):
    """A row for each level, side by side."""
    expect(page.locator("#example")).to_contain_text("a course at 200.00 €")
    rows = page.locator("#example tbody tr")
    expect(rows).to_have_count(len(levels))
    for row, (level, discount, tokens) in zip(rows.all(), levels, strict=True):
        first, euros, either = (re.sub(r"\s", " ", cell.inner_text()) for cell in row.locator("td").all())
        assert f"{level} · {discount} €" in first and f"+ {tokens} TEO" in either
        assert amount(euros) - amount(either) == Decimal(discount)


def amount(text):
    """The euros it says first."""
    return Decimal(re.search(r"(\d+\.\d\d) €", text)[1])
