"""Wallets that announce themselves to the page (EIP-6963), here with a real key behind them."""

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from playwright.sync_api import expect

ADDRESSES = "/wallet/addresses"

# What a wallet's extension puts into every page: two providers, of which the first signs by asking the test.
WALLETS = """
(() => {
  const rejected = () => { throw Object.assign(new Error("User rejected the request."), { code: 4001 }); };
  const provider = (name) => ({
    request: async ({ method, params }) => {
      const answer = await window.askWallet(name, method, params ?? []);
      return answer === "rejected" ? rejected() : answer;
    },
  });
  const announce = (name) => {
    const info = { uuid: name + "-uuid", name, rdns: "org.example." + name, icon: name === "Forged" ? "https://example.org/track.png" : "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>" };
    dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail: Object.freeze({ info, provider: provider(name) }) }));
  };
  const all = () => { announce("Honest"); announce("Forged"); };
  addEventListener("eip6963:requestProvider", all);
  all();
})()
"""


class Wallet:
    """A key, what it was asked, and what it says to the next question instead."""

    def __init__(self):
        self.account, self.asked, self.mood = Account.create(), [], {}
        self.address = self.account.address

    def answer(self, name, method, params):
        self.asked.append((name, method))
        if method in self.mood:
            return self.mood[method]
        if method == "eth_requestAccounts":
            return [self.address.lower()]
        assert method == "personal_sign" and params[1] == self.address
        return "0x" + self.account.sign_message(encode_defunct(hexstr=params[0])).signature.hex().removeprefix("0x")


@pytest.fixture
def wallet():
    return Wallet()


@pytest.fixture
def page(newcomer, window, wallet):
    page = window(newcomer)
    page.expose_function("askWallet", wallet.answer)
    page.add_init_script(WALLETS)
    page.goto(ADDRESSES)
    return page


def choose(page, name="Honest"):
    page.get_by_role("button", name=name).click()


def test_every_wallet_is_offered_by_name_and_with_its_own_picture_only(page):
    buttons = page.locator("[data-wallet-buttons] button")
    expect(buttons).to_have_text(["Honest", "Forged"])
    expect(buttons.nth(0).locator("img")).to_have_count(1)
    expect(buttons.nth(1).locator("img")).to_have_count(0)


def test_a_press_and_a_signature_link_the_address(page, wallet, ask):
    choose(page)
    expect(page.get_by_text("The address is linked.")).to_be_visible()
    assert ask("SELECT address FROM linked_wallets WHERE address = %s", wallet.address) == [(wallet.address,)]
    assert [method for _, method in wallet.asked] == ["eth_requestAccounts", "eth_requestAccounts", "personal_sign"]


def test_who_says_no_in_the_wallet_is_told_and_may_try_again(page, wallet):
    wallet.mood["personal_sign"] = "rejected"
    choose(page)
    expect(page.get_by_text("You have said no in your wallet.")).to_be_visible()
    wallet.mood.clear()
    page.get_by_role("button", name="Sign with my wallet").click()
    expect(page.get_by_text("The address is linked.")).to_be_visible()


def test_another_account_in_the_wallet_is_pointed_out(page, wallet):
    wallet.mood["personal_sign"] = "rejected"
    choose(page)
    expect(page.get_by_text("You have said no in your wallet.")).to_be_visible()
    wallet.mood = {"eth_requestAccounts": [Account.create().address]}
    page.get_by_role("button", name="Sign with my wallet").click()
    expect(page.get_by_text("Your wallet shows another address.")).to_be_visible()
    assert wallet.asked[-1][1] == "eth_requestAccounts"


def test_a_wallet_that_gives_no_address_is_pointed_out(page, wallet):
    wallet.mood = {"eth_requestAccounts": []}
    choose(page)
    expect(page.get_by_text("Your wallet gave no address.")).to_be_visible()


def test_a_signature_of_another_key_links_nothing(page, wallet, ask):
    forger = Account.create()
    wallet.mood = {"personal_sign": "0x" + forger.sign_message(encode_defunct(text="anything")).signature.hex().removeprefix("0x")}
    choose(page)
    expect(page.get_by_text("another message was signed")).to_be_visible()
    assert ask("SELECT 1 FROM linked_wallets WHERE address = %s", wallet.address) == []


def test_without_a_wallet_the_list_stays_hidden(newcomer, window):
    page = window(newcomer)
    page.goto(ADDRESSES)
    expect(page.locator("[data-wallets]")).to_be_hidden()
    expect(page.get_by_label("Address")).to_be_visible()
