"""Linked wallets: whose key signed what, once, for this site and chain."""

from datetime import timedelta

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from lms import clock
from lms.db import db, transaction
from lms.domain.accounts import actions as accounts
from lms.domain.notices import delivery, queries
from lms.domain.notices.kinds import KINDS
from lms.domain.notices.models import Mail, Notice, Preference
from lms.domain.wallet import address_linking, linked_addresses
from lms.domain.wallet.models import LinkChallenge, LinkedWallet
from lms.errors import DomainError, Invalid, NotFound
from tests.blueprints.test_wallet import give_address
from tests.conftest import PASSWORD, announce
from tests.races import race

SITE, CHAIN = "https://learn.example.org", 137
KEY, OTHER = "0x" + "11" * 32, "0x" + "22" * 32
ADDRESS = Account.from_key(KEY).address


def begin(user, address=ADDRESS):
    with transaction():
        return address_linking.challenge(user, address)


def sign(text, key=KEY):
    return "0x" + Account.sign_message(encode_defunct(text=text), key).signature.hex().removeprefix("0x")


def finish(user, made, signature=None, site=SITE, chain=CHAIN):
    with transaction():
        return address_linking.link(user, made.nonce, signature or sign(address_linking.message(made, SITE, CHAIN)), site, chain)


def link(user, key=KEY):
    made = begin(user, Account.from_key(key).address)
    return finish(user, made, sign(address_linking.message(made, SITE, CHAIN), key))


def test_who_signs_with_the_key_links_the_address(ana):
    found = link(ana)
    assert found.address == ADDRESS
    assert linked_addresses.with_first_use(ana) == [(found, found.linked_at + timedelta(hours=24))]
    assert db.session.query(Notice).one().facts == {"address": ADDRESS, "usable_at": (found.linked_at + timedelta(hours=24)).isoformat()}


def test_a_mail_says_so_whatever_its_member_wants_mail_of(ana):
    with transaction():
        db.session.add_all([Preference(user_id=ana.id, kind=kind, is_mailed=False) for kind in KINDS])
    link(ana)
    with transaction():
        delivery.deliver([notice_id for notice_id, _ in queries.undelivered()])
    mail = db.session.query(Mail).one()
    assert (mail.address, mail.notice.kind) == (ana.email, "wallet linked")


def test_a_message_is_used_once(ana):
    made = begin(ana)
    finish(ana, made)
    with pytest.raises(DomainError, match="used already"):
        finish(ana, made)


def test_twenty_at_once_link_once(app, ana):
    made = begin(ana)
    user, user_id, nonce, signature = type(ana), ana.id, made.nonce, sign(address_linking.message(made, SITE, CHAIN))
    refusals = race(app, [lambda: address_linking.link(db.session.get(user, user_id), nonce, signature, SITE, CHAIN)] * 20)
    assert len(refusals) == 19
    assert db.session.query(LinkedWallet).count() == 1


def test_a_message_lasts_ten_minutes(ana):
    made = begin(ana)
    clock.advance(timedelta(minutes=10))
    with pytest.raises(DomainError, match="within 10 minutes"):
        finish(ana, made)


def test_another_members_message_is_none_of_his(ana, bruno):
    with pytest.raises(NotFound):
        finish(bruno, begin(ana))


def test_a_nonce_that_was_never_given_out_is_none(ana):
    with pytest.raises(NotFound), transaction():
        address_linking.link(ana, "f" * 32, sign("anything"), SITE, CHAIN)


@pytest.mark.parametrize(("site", "chain"), [("https://evil.example.org", CHAIN), (SITE, 1)])
def test_what_was_signed_for_another_site_or_chain_links_nothing(site, chain, ana):
    made = begin(ana)
    with pytest.raises(Invalid, match="another message was signed"):
        finish(ana, made, sign(address_linking.message(made, site, chain)))
    assert linked_addresses.of(ana) == []


def test_another_key_links_nothing_and_may_be_tried_again(ana):
    made = begin(ana)
    with pytest.raises(Invalid, match=ADDRESS):
        finish(ana, made, sign(address_linking.message(made, SITE, CHAIN), OTHER))
    assert finish(ana, made).address == ADDRESS


@pytest.mark.parametrize("signature", ["0x", "nonsense", "0x" + "00" * 65])
def test_what_is_no_signature_says_so(signature, ana):
    with pytest.raises(Invalid, match="not a signature"):
        finish(ana, begin(ana), signature)


@pytest.mark.parametrize(
    ("typed", "said"),
    [("", "not an address"), ("0x123", "not an address"), (ADDRESS[:-1] + "g", "not an address"), (ADDRESS.swapcase().replace("0X", "0x"), "capitals"), ("0x" + "0" * 40, "Nobody has the key")],
)
def test_what_cannot_be_linked_is_refused(typed, said, ana):
    with pytest.raises(Invalid, match=said):
        begin(ana, typed)


def test_small_letters_are_the_same_address(ana):
    assert begin(ana, ADDRESS.lower()).address == ADDRESS


def test_the_platforms_own_addresses_are_not_linked(ana, bruno, chain):
    give_address(bruno)
    for theirs in ("0x71c2af3be4a0aa9be1b3c4d5e6f7a8b9c0d19e4f",):
        with pytest.raises(DomainError, match="of the platform"):
            begin(ana, theirs)


def test_an_address_has_one_owner(ana, bruno):
    link(ana)
    made = begin(bruno)  # nobody learns whose it is without its key
    with pytest.raises(DomainError, match="linked to an account already"):
        finish(bruno, made)
    with pytest.raises(DomainError, match="You have linked"):
        begin(ana)


def test_what_is_removed_may_be_linked_by_its_owner_anew_and_waits_again(ana, bruno):
    first = link(ana)
    with transaction():
        address_linking.remove(ana, first)
    assert linked_addresses.of(ana) == []
    again = link(bruno)
    assert [(each, since > clock.now()) for each, since in linked_addresses.with_first_use(bruno)] == [(again, True)]


def test_the_wait_is_that_of_the_rules_of_the_day_it_began(ana, statements):
    found = link(ana)
    announce(20, address_wait_hours=48)
    clock.advance(timedelta(days=20, hours=1))
    assert linked_addresses.with_first_use(ana) == [(found, found.linked_at + timedelta(hours=24))]
    with transaction():
        ana.password_changed_at = clock.now()
    with statements() as seen:
        assert linked_addresses.with_first_use(ana) == [(found, ana.password_changed_at + timedelta(hours=48))]
    assert len(seen) <= 3
    clock.advance(timedelta(hours=47))
    with pytest.raises(DomainError, match="waits 48 hours"):
        linked_addresses.usable(ana, found.id)


def test_it_waits_a_day_and_a_day_after_a_new_password(ana):
    found = link(ana)
    with pytest.raises(DomainError):
        linked_addresses.usable(ana, found.id)
    clock.advance(timedelta(hours=24))
    assert linked_addresses.usable(ana, found.id) is found
    with transaction():
        accounts.change_password(ana, "another battery staple")
    with pytest.raises(DomainError):
        linked_addresses.usable(ana, found.id)
    clock.advance(timedelta(hours=24))
    assert linked_addresses.usable(ana, found.id) is found


def test_somebody_elses_is_none_of_his(ana, bruno):
    found = link(ana)
    for verb in (lambda: linked_addresses.usable(bruno, found.id), lambda: address_linking.remove(bruno, found), lambda: address_linking.name(bruno, found, "Mine")):
        with pytest.raises(NotFound):
            verb()


def test_a_frozen_wallet_links_nothing(ana):
    made = begin(ana)
    with transaction():
        accounts.freeze(ana)
    with pytest.raises(DomainError, match="frozen"):
        finish(ana, made)


def test_only_the_password_ends_a_freeze(ana):
    with transaction():
        accounts.freeze(ana)
    with pytest.raises(DomainError), transaction():
        accounts.unfreeze(ana, "a guess of somebody")
    assert ana.frozen_at
    with transaction():
        accounts.unfreeze(ana, PASSWORD)
    assert ana.frozen_at is None


def test_one_that_looks_alike_is_pointed_out(ana, bruno):
    link(ana)
    twin = ADDRESS[:6] + "0" * 32 + ADDRESS[-4:]
    assert address_linking.look_alike(ana, twin) == ADDRESS
    assert address_linking.look_alike(ana, ADDRESS.lower()) is None
    assert address_linking.look_alike(ana, Account.from_key(OTHER).address) is None
    assert address_linking.look_alike(bruno, twin) is None


def test_one_that_looks_like_his_own_address_here_is_pointed_out_too(ana, bruno, chain):
    here = "0x71C2aF3bE4a0Aa9bE1B3C4d5E6F7a8b9C0d19E4f"
    give_address(ana, here)
    twin = here[:6].lower() + "0" * 32 + here[-4:].lower()
    assert (address_linking.look_alike(ana, twin), address_linking.look_alike(bruno, twin)) == (here, None)


def test_messages_nobody_signed_are_forgotten(ana):
    begin(ana)
    clock.advance(timedelta(minutes=21))
    with transaction():
        address_linking.forget_challenges()
    assert db.session.query(LinkChallenge).count() == 0


def test_a_name_of_ones_own(ana):
    found = link(ana)
    with transaction():
        address_linking.name(ana, found, "  My   ledger ")
    assert found.label == "My ledger"
    with pytest.raises(Invalid):
        address_linking.name(ana, found, "x" * 41)
