"""A member's proof, checked by the browser; and that the browser and Python judge every file alike."""

import json
import random
import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from lms.formats.solvency_proof import ProofError, Step, read, verify, write
from tests.browser import stage
from tests.forks import fate
from tests.formats.test_solvency_proof import changes, proofs


@pytest.fixture(scope="module")
def counted(_wishes, site, ask):
    """A member who earned some TEO and is in today's count, which is taken anew."""
    wish = next(_wishes)
    wish.buy()
    wish.member.until(lambda: ask("SELECT 1 FROM transfers t JOIN accounts a ON a.id = t.target_id JOIN users u ON u.id = a.user_id WHERE u.email = %s", wish.member.email), "no reward")
    for table in ("solvency_levels", "solvency_leaves", "solvency_trees"):
        ask(f"DELETE FROM {table} RETURNING 1")
    assert fate(stage.count, site.worker_env) == 0
    return wish.member


def test_the_browser_finds_the_balance_in_the_total(counted, window):
    page = window(counted)
    page.goto("/wallet")
    page.get_by_role("link", name="Verify my balance").click()
    verdict = page.get_by_role("status").filter(has_text="checked in your browser")
    expect(verdict).to_have_text(re.compile(r"checked in your browser: your \d+\.\d\d TEO are in the total of [\d\u202f]+\.\d\d TEO"))
    expect(page.get_by_text("matches", exact=True)).to_have_count(4)
    expect(page.get_by_text("does not match", exact=True).locator("visible=true")).to_have_count(0)


TAMPERED = {
    "amount": lambda fields: fields.update(amount=str(int(fields["amount"]) + 1)),
    "amount and total": lambda fields: fields.update(amount=str(int(fields["amount"]) + 1), total=str(int(fields["total"]) + 1)),
    "salt": lambda fields: fields.update(salt=flipped(fields["salt"])),
    "sum beside it": lambda fields: fields["path"][0].update(sum=str(int(fields["path"][0]["sum"]) + 1)),
    "hash beside it": lambda fields: fields["path"][0].update(hash=flipped(fields["path"][0]["hash"])),
    "side": lambda fields: fields["path"][0].update(side="left" if fields["path"][0]["side"] == "right" else "right"),
    "root": lambda fields: fields.update(root=flipped(fields["root"])),
    "total": lambda fields: fields.update(total="1"),
    "version": lambda fields: fields.update(format="teo-solvency/9"),
}


@pytest.mark.parametrize("part", TAMPERED)
def test_the_browser_refuses_a_proof_with_a_changed_part(counted, window, part):
    page = window(counted)
    answer_with(page, TAMPERED[part])
    page.goto("/wallet/proof")
    expect(page.get_by_role("alert").filter(has_text="The proof does not match")).to_be_visible()
    expect(page.get_by_text("checked in your browser:")).to_be_hidden()
    expect(page.get_by_text("does not match", exact=True).locator("visible=true").first).to_be_visible()


def test_a_true_proof_of_another_tree_is_refused(counted, window):
    """It holds by itself, but is not what the page speaks of."""
    page = window(counted)
    foreign = write(proofs([(counted.email, 10**9), ("bruno@example.org", 1)])[0])
    page.route("**/wallet/proof.json*", lambda route: route.fulfill(body=foreign, content_type="application/json"))
    page.goto("/wallet/proof")
    expect(page.get_by_role("alert").filter(has_text="The proof does not match")).to_be_visible()


def test_a_proof_that_does_not_come_is_not_called_wrong(counted, window):
    page = window(counted)
    page.route("**/wallet/proof.json*", lambda route: route.fulfill(status=404, body="gone"))
    page.goto("/wallet/proof")
    expect(page.get_by_text("Your browser could not check the proof.")).to_be_visible()
    expect(page.get_by_text("The proof does not match")).to_be_hidden()


def test_without_javascript_the_page_tells_how_to_check_offline(counted, window):
    page = window(counted, java_script_enabled=False)
    page.goto("/wallet/proof")
    expect(page.get_by_role("link", name="Download the proof")).to_be_visible()
    expect(page.get_by_text("python3 solvency_proof.py")).to_be_visible()
    expect(page.get_by_text("checking in your browser")).to_be_hidden()


def test_browser_and_python_judge_alike(visitor):
    """True proofs, proofs with each part changed, and files with a letter changed by chance."""
    page, texts = visitor(), list(files())
    page.goto("/")
    judged = page.evaluate("async (texts) => { const { holds } = await import('/static/proof.js'); return Promise.all(texts.map(holds)); }", texts)
    expected = [holds(text) for text in texts]
    assert [text for text, one, other in zip(texts, judged, expected, strict=True) if one != other] == []
    assert 66 <= sum(expected) < len(texts) / 2


def answer_with(page, change):
    """Let the page's proof come with this change."""

    def answer(route):
        fields = json.loads(route.fetch().body())
        change(fields)
        route.fulfill(body=json.dumps(fields), content_type="application/json")

    page.route("**/wallet/proof.json*", answer)


def flipped(text):
    return text[:-1] + ("0" if text[-1] != "0" else "1")


def holds(text):
    try:
        verify(read(text.encode()))
    except ProofError:
        return False
    return True


def files():
    chance = random.Random(7)
    members = [(f"{name}@büro.example", chance.randrange(2**55)) for name in "abcdefghijk"]
    for size in range(1, 12):
        for proof in proofs(members[:size]):
            yield write(proof)
        yield from map(write, changes(proof))
    for _ in range(300):
        yield scratched(write(proof), chance)
    for name in json.loads(write(proof)):
        for value in (None, 7, "7", "0x7", "", [], {}, True, str(2**64), "0x" + "0" * 64):
            yield json.dumps(json.loads(write(proof)) | {name: value})
    yield from ("", "null", "[]", "{}", "7", "{" * 5000, " " * 70_000, write(proof).replace("a", "\\ud800", 1))
    yield from map(write, overflowing(proof))


def scratched(text, chance):
    """One letter changed, left out or put in."""
    at, letter = chance.randrange(len(text)), chance.choice(' 0123456789abcdefx"{}[],:-.eE\\\u00e9\n')
    return text[:at] + letter + text[at + chance.randrange(2) :]


def overflowing(proof):
    """Sums at and beyond the edge of 64 bits."""
    for amount in (2**64 - 1, 2**64 - proof.amount, 2**64 - proof.amount - 1):
        side, node = proof.path[0]
        yield replace(proof, path=(Step(side, node._replace(sum=amount)), *proof.path[1:]))
