"""What arrives on an open page that is not loaded again."""

import os
import re
import signal

import pytest
import requests
from playwright.sync_api import expect

from tests.e2e.visitor import PATIENCE

SLOW = PATIENCE * 1000


def test_a_sale_arrives_with_its_split_on_the_open_sales_page(wish, seeded, window, unreloaded):
    page = window(seeded("teacher"))
    page.goto("/teach/sales")
    unreloaded(page)
    wish.buy()
    sale = page.locator(f"#sale-{wish.member.order_of(wish.slug)}")
    sale.get_by_text("The split").click()
    price, share, platform = (amount(sale, name) for name in ("Price", "Your share", "Platform"))
    assert share > 0 and price == share + platform


def test_an_operation_goes_from_sent_to_final_on_the_open_pages_of_member_and_admin(wish, seeded, window, unreloaded, blocks, ask):
    blocks.stop()
    wish.buy()
    operation = wait_for_sent(wish.member, ask)
    pages = [window(person) for person in (wish.member, seeded("admin"))]
    for page in pages:
        page.goto(f"/operations/{operation}")
        expect(page.locator("#operation")).to_contain_text("none yet")
        unreloaded(page)
    blocks.go_on()
    for page in pages:
        expect(page.locator("#operation [aria-current=step]")).to_have_count(0, timeout=SLOW)
        expect(page.locator("#operation")).not_to_contain_text("none yet")


def test_pages_answer_without_redis_and_the_open_wallet_gets_the_next_push_when_it_is_back(site, newcomer, window, unreloaded):
    page = window(newcomer)
    page.goto("/wallet")
    expect(page.locator("[data-live-state]")).to_have_text("live")
    unreloaded(page)
    os.kill(site.redis.pid, signal.SIGKILL)
    site.redis.process.child.wait()
    try:
        for path in ("/", "/courses", "/wallet", "/orders", "/courses/renaissance-in-florence/checkout"):
            newcomer.get(path)
    finally:
        site.redis.start()
        newcomer.until(lambda: is_healthy(site), "the site was never healthy again")
    newcomer.buy("renaissance-in-florence")
    reward = page.locator("#activity li", has_text="Purchase reward")
    expect(reward).to_contain_text(re.compile("(on chain|final) · block"), timeout=SLOW)


@pytest.fixture
def explained(newcomer, window, unreloaded, blocks):
    """The row of a reward in an open wallet, which no block has taken yet, with its evidence opened."""
    page = window(newcomer)
    page.goto("/wallet")
    expect(page.locator("[data-live-state]")).to_have_text("live")
    unreloaded(page)
    blocks.stop()
    newcomer.buy("renaissance-in-florence")
    reward = page.locator("#activity li", has_text="Purchase reward")
    reward.get_by_role("link", name="Why this TEO?").click()
    return reward


def test_what_a_member_opened_stays_open_when_its_row_is_pushed(explained, blocks):
    evidence = explained.locator("details.evidence[open]")
    expect(evidence).to_contain_text("version 1")
    expect(evidence.locator("summary")).to_be_focused()
    blocks.go_on()
    expect(explained).to_contain_text(re.compile("(on chain|final) · block"), timeout=SLOW)
    expect(evidence.get_by_role("link", name="operation")).to_be_visible()


def test_what_a_member_closed_again_stays_closed_when_its_row_is_pushed(explained, blocks):
    explained.locator("details.evidence[open] > summary").click()
    blocks.go_on()
    expect(explained).to_contain_text(re.compile("(on chain|final) · block"), timeout=SLOW)
    expect(explained).to_contain_text("final", timeout=SLOW)
    expect(explained.get_by_role("link", name="Why this TEO?")).to_be_visible()
    expect(explained.locator("details.evidence")).to_have_count(0)


def test_a_backtest_is_followed_to_its_end_on_the_open_page_of_its_draft(seeded, window, unreloaded):
    admin = seeded("admin")
    draft = re.search(r"/admin/rulebook/\d+", admin.send("/admin/rulebook", to="/admin/rulebook").url)[0]
    page = window(admin)
    page.goto(draft)
    unreloaded(page)
    expect(page.locator("#backtest")).to_contain_text("It has not been tried yet")
    admin.send(draft, to=f"{draft}/backtests")
    expect(page.locator("#backtest")).to_contain_text("Read the result", timeout=SLOW)


def is_healthy(site):
    """Whether all is well again, and nothing that lives on Redis has ended with it."""
    assert all(part.running for part in site.parts)
    return requests.get(f"{site.url}/health/ready", timeout=PATIENCE).ok


def amount(sale, name):
    row = sale.locator("dl.kv > div", has=sale.page.locator("dt", has_text=re.compile(f"^{name}")))
    return int(re.sub(r"\D", "", row.locator("dd").inner_text()))


def wait_for_sent(member, ask):
    """The number of the member's operation, once it was sent."""
    member.until(lambda: ask(_SENT, member.email), "nothing was sent to the chain")
    return ask(_SENT, member.email)[-1][0]


_SENT = """SELECT o.id FROM operations o JOIN entries e ON e.operation_id = o.id JOIN holders h ON h.id = e.holder_id
    JOIN users u ON u.id = h.user_id WHERE u.email = %s AND o.state = 'sent'"""
