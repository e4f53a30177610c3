"""The demo's clock moved on. It stands last in its folder: it moves the clock of the site that the others share."""

import subprocess

from playwright.sync_api import expect

from rig import ROOT
from rig.tools import VENV
from tests.e2e.visitor import PATIENCE, Visitor


def test_fifteen_days_on_what_matured_is_available_on_the_open_wallet(visitor, site):
    member = Visitor(site.url).sign_up()
    member.buy("how-blockchains-really-work")
    page = visitor()
    page.context.add_cookies(member.cookies)
    page.goto("/wallet")
    expect(page.locator("[data-counts=available]")).to_have_text("0.00")
    page.evaluate("window.neverReloaded = true")
    subprocess.run([VENV / "bin" / "flask", "-e", site.directory / "worker.env", "demo", "advance", "15d"], cwd=ROOT, check=True)
    expect(page.locator("[data-counts=available]")).to_have_text("1.60", timeout=PATIENCE * 1000)
    expect(page.locator("#balance-chip")).to_contain_text("1.60")
    assert page.evaluate("window.neverReloaded")
