"""No word of the wallet without its evidence: each that the verbs really write names its rule, its numbers, and what it did on the chain."""

from datetime import timedelta
from html import unescape
from types import SimpleNamespace

from lms import clock
from lms.chain.rpc import Block
from lms.db import db, transaction
from lms.domain.checkout import actions as checkout
from lms.domain.checkout import refunds, splits
from lms.domain.ledger import queries as accounts
from lms.domain.onchain import actions as onchain
from lms.domain.onchain.models import Deployment
from lms.domain.rewards import actions as rewards
from lms.domain.rewards import queries as due
from lms.domain.staking import actions as staking
from lms.domain.wallet import actions as wallets
from lms.domain.wallet import deposits, losses, recovery, statements
from lms.domain.wallet import queries as wallet
from lms.domain.withdrawals import actions as withdrawals
from lms.domain.withdrawals import releases
from lms.jobs.operate.demo_grant import grant
from lms.ui.movement_words import MOVEMENTS
from tests.blueprints.test_evidence import study, words
from tests.conftest import address_of, pay, publish, sell, teo
from tests.domain.test_exercises import ask, grade, hand_in, with_exercise
from tests.domain.test_exercises import give as give_review

NOT_IN_A_WALLET = {"withdrawal sent", "payout requested", "payout given back", "payout paid", "payout returned"}  # between accounts of the platform, and in euros
LIMITS = "Rule a withdrawal that a member asks for is of 10.00 TEO to 10 000.00 TEO, and at most 3 are open at a time; above 200.00 TEO in 30 days an admin looks at it, above 1 000.00 TEO two"
DISCOUNT = "Rule 5 %, 10 % or 15 % of a price may be paid in TEO, one for each euro"
UNBONDING = "Rule what is asked out of a stake is available after 7 days"
REVIEW = "Rule 2.00 TEO to each reviewer of a work and to its author when it passes, at most 3 a day for reviewing, and all rewards of a course together at most 10 % of what its author paid"
# The ledger's word: (the rule, or why there is none; the numbers put in).
SAID = {
    "purchase": ("Rule what the teacher gives, up to 2 % of the price", "76.00 € paid × 2 % = 1.52 TEO"),
    "lesson": ("Rule 4 % of the price paid, shared among the lessons", "76.00 € paid × 4 % = 3.04 TEO for all lessons"),
    "completion": ("Rule 4 % of the price paid", "76.00 € paid × 4 % = 3.04 TEO"),
    "peer review": (REVIEW, "reviews may bring 4.00 TEO of this purchase, and had brought 0.00 TEO, so 4.00 TEO were left"),
    "exercise passed": (REVIEW, "reviews may bring 4.00 TEO of this purchase, and had brought 2.00 TEO, so 2.00 TEO were left"),
    "matured": ("14 days after the payment", "30 days after it in the first 90 days of a teacher"),
    "grant": ("Rule none is needed: the platform decided it", "+700.00 TEO"),
    "recovered": ("Rule none is needed: what the chain holds counts", "+2.00 TEO"),
    "repaid": ("Rule none is needed: what is credited repays first what is owed", "5.00 TEO of the 700.00 TEO that were credited"),
    "stolen": ("Rule none is needed: the platform keeps the key, and bears the loss", "−6.00 TEO"),
    "replaced": ("Rule none is needed: the platform keeps the key, and bears the loss", "+6.00 TEO"),
    "staked": ("Rule a stake counts for the tier at once, and is locked for 7 days", "Until"),
    "unstaked": (UNBONDING, "Until"),
    "stake released": (UNBONDING, "Asked for"),
    "order placed": (DISCOUNT, "80.00 € × 5 %, to the cent, paid in TEO: 4.00 TEO"),
    "order closed": (DISCOUNT, "80.00 € × 5 %, to the cent, paid in TEO: 4.00 TEO"),
    "discount": (DISCOUNT, "80.00 € × 5 %, to the cent, paid in TEO: 4.00 TEO"),
    "sale": ("Rule a teacher may take the TEO of a discount in place of its euros, and has 24 hours to say so", "4.00 € of the price came to you as 4.00 TEO"),
    "sale bonus": ("Rule 25 % on top for the teacher who takes the TEO of a discount", "4.00 TEO of the discount × 25 % = 1.00 TEO"),
    "refund": ("Rule a buyer may ask for his money back for 14 days, below 30 % of the course", "1.52 TEO of the 1.52 TEO that were credited went back"),
    "charge back": ("Rule none is needed: the buyer's bank decided", "1.52 TEO of the 1.52 TEO that were credited went back"),
    "decided anew": ("Rule a teacher may decide anew for 24 hours after the payment", "4.00 TEO of the 4.00 TEO that were credited went back"),
    "deposit": ("Rule none is needed: all that comes to your address is credited", "+7.00 TEO"),
    "withdrawal requested": (LIMITS, "With this one 20.00 TEO in 30 days, payouts in euros among them"),
    "withdrawal on its way": (LIMITS, "With this one 20.00 TEO in 30 days"),
    "withdrawal cancelled": (LIMITS, "With this one 320.00 TEO in 30 days"),
    "withdrawal rejected": (LIMITS, "With this one 321.00 TEO in 30 days"),
    "withdrawal given back": (LIMITS, "With this one 35.00 TEO in 30 days"),
}
HASH = "0x" + "5e" * 32


def test_each_word_of_the_wallet_names_its_rule_its_numbers_and_its_operation(app, ana, tea, ada, course, chain, log_in):
    ready(ana, tea)
    trade(app, ana, tea, course)
    review(ana, tea)
    withdraw(ana, ada)
    meet_strangers(ana)
    pages = {}
    for member in (ana, tea):
        browser = log_in(member)
        for row in wallet.movements(member.id, limit=200):
            page = browser.get(f"/wallet/movements/{row.id}").text
            check_chain(row, page)
            pages.setdefault(row.reason, []).append(unescape(words(page)))
    assert pages.keys() == MOVEMENTS.keys() - NOT_IN_A_WALLET
    for reason, found in pages.items():
        rule, numbers = SAID[reason]
        assert all(rule in page for page in found), (reason, found)
        assert any(numbers in page for page in found), (reason, found)
    assert not any("on its way" in page for page in pages["withdrawal on its way"]), "the row is read for years, and its operation says how far it is"


def test_wallet_and_statement_say_the_same_of_each_row_of_who_owed(app, ana, tea, course, chain):
    begin = clock.now().date()
    ready(ana, tea)
    trade(app, ana, tea, course)
    for member in (ana, tea):
        lines = statements.statement(member.id, begin, clock.now().date(), "UTC").lines
        rows = wallet.movements(member.id, limit=200)[::-1]
        assert [(line.id, line.amount, line.moved) for line in lines] == [(row.id, row.amount, row.moved) for row in rows]
    assert [row.amount for row in rows[-4:]] == [0, 0, teo(700), -teo(5)], "what was owed, the grant, and what repaid it"


def test_what_others_brought_to_the_chain_is_final_in_its_row(app, ana, chain, log_in):
    ready(ana)
    give(app, ana)
    settle()
    release(asked(ana, address_of(ana), 20), is_failing=False)
    meet_strangers(ana)
    page = words(log_in(ana).get("/wallet").text)
    assert "Deposit +7.00 TEO final Why" in page and "Stolen from your address 0xabab…abab −6.00 TEO final Why" in page
    assert "Replaced by the platform +6.00 TEO final" in page, "what replaces it did not go to the thief"


def check_chain(row, page):
    """What changed what he holds has its operation, or the transaction by which others did."""
    assert row.state in ("final", "failed", "off-chain"), row
    if row.state != "off-chain":
        assert f'href="/operations/{row.operation_id}"' in page if row.operation_id else f"Transaction</dt><dd><code>{HASH}" in page, row
    else:
        assert row.amount == 0, row


def review(author, teacher):
    course = with_exercise(publish(teacher, "Proofs", price=20_000, reward_bp=0))
    sell(author, course, reference="proofs")
    work = hand_in(author, course)
    give_review(ask(work, teacher), 8)
    with transaction():
        work.is_for_teacher = True
    grade(work, teacher, 8)


def ready(*members):
    with transaction():
        onchain.see_chain(Block(7, "0x7", 0))
        for number, member in enumerate(members, start=1):
            sealed = SimpleNamespace(address="0x" + f"{number}" * 40, ciphertext=b"c", wrapped_key=b"w", kek_version=1)
            wallets.keep_wallet(accounts.holder_of(member.id).id, sealed)


def trade(app, ana, tea, course):
    """A course bought and studied, one whose order lapses and that is then bought and refunded; the first is charged back when its TEO are spent."""
    give(app, ana)
    with transaction():
        splits.set_policy(tea, splits.ALWAYS)
    order = sell(ana, course, level_bp=500)
    for is_accepted in (False, True):
        with transaction():
            splits.decide(order, tea, is_accepted)
    study(ana, course, 4)
    lapse_and_refund(ana, publish(tea, "Knots", price=8000))
    clock.advance(timedelta(days=31))
    for transfer_id in due.due_lots():
        with transaction():
            rewards.mature(transfer_id)
    stake_and_release(tea)
    pay(order, "pay_1", "dispute.lost", dispute="dp_1", fee=0)
    give(app, tea)
    settle()


def give(app, member):
    assert app.test_cli_runner().invoke(grant, [member.email, "700"]).exit_code == 0


def lapse_and_refund(ana, course):
    with transaction():
        order = checkout.place_order(ana, course, "lapses", level_bp=500)
    clock.advance(checkout.ORDER_LIFE + timedelta(minutes=1))
    with transaction():
        checkout.expire(order.id)
    order = sell(ana, course, "pay_2", level_bp=500)
    with transaction():
        refunds.refund(order)


def stake_and_release(tea):
    """At the end all he has is staked anew."""
    with transaction():
        staking.stake("first", tea, teo(5))
    clock.advance(timedelta(days=8))
    with transaction():
        asked = staking.unstake("out", tea, teo(5))
    clock.advance(timedelta(days=8))
    with transaction():
        staking.release(asked.id)
        staking.stake("second", tea, teo(5))


def settle():
    with transaction():
        operation = wallets.open_batch()
        finish(operation)
        onchain.close_entries(operation)


def finish(operation):
    operation.state = "sent"
    onchain.mark_mined(operation, SimpleNamespace(tx_hash=HASH, block_number=48201, block_hash="0x" + "aa" * 32, gas_used=125_034, effective_gas_price=30))
    onchain.mark_final(operation)


def withdraw(ana, ada):
    """One arrives, one fails, and of two that are looked at one is taken back and one rejected."""
    own = address_of(ana)
    release(asked(ana, own, 20), is_failing=False)
    release(asked(ana, own, 15), is_failing=True)
    with transaction():
        withdrawals.cancel(asked(ana, own, 300))
    with transaction():
        withdrawals.reject(asked(ana, own, 301), ada, "Write to us first.")


def asked(ana, own, amount):
    with transaction():
        withdrawal = withdrawals.request(f"of {amount}", ana, own.id, teo(amount))
    with transaction():
        withdrawals.check(withdrawal)
    return withdrawal


def release(withdrawal, is_failing):
    with transaction():
        operation = releases.queue(withdrawal)
    with transaction():
        if is_failing:
            onchain.mark_failed(operation, "the contract refuses: NotTheHolder")
            releases.give_back(operation)
        else:
            finish(operation)
            releases.mark_sent(operation)


def meet_strangers(ana):
    """A deposit, a theft, and what the chain did and our rows had lost."""
    deployment, address = db.session.query(Deployment).one(), wallet.wallet_of(ana.id).address
    stranger = SimpleNamespace(source="0x" + "ab" * 20, target=address, amount=teo(7), tx_hash=HASH, log_index=0, block_number=48202)
    with transaction():
        deposits.record(deployment, [stranger], 48202)
        deposits.credit()
    with transaction():
        losses.book(SimpleNamespace(**vars(stranger) | dict(source=address, target="0x" + "ab" * 20, amount=teo(6))), "key stolen")
    settle()
    with transaction():
        receipt = SimpleNamespace(tx_hash=HASH, block_number=48203, block_hash="0x" + "bb" * 32, gas_used=1)
        recovery.take_over_entry(recovery.take_over(deployment, 99, receipt, "settle"), address, "mint", teo(2))
