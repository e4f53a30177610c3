"""An address of the member's own becomes a linked wallet: he signs a message with its key, once (EIP-4361)."""

import secrets
from datetime import timedelta
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import db
from lms.domain.accounts.models import User
from lms.domain.ledger.models import Holder
from lms.domain.notices import actions as notices
from lms.domain.onchain import queries as onchain
from lms.domain.rulebook import queries as rulebook
from lms.domain.wallet.linked_addresses import owned
from lms.domain.wallet.models import LinkChallenge, LinkedWallet, Wallet
from lms.errors import DomainError, Invalid, NotFound
from lms.formats import sign_in_message as messages

LIFE = timedelta(minutes=10)
STATEMENT = "Link this wallet to my SchoolPlatform account, so that TEO can be sent to it."  # English for everybody: it is signed
LONGEST_LABEL = 40
_NOBODY = "0x" + "00" * 20


def challenge(user: User, address: str) -> LinkChallenge:
    """A message for this address, to be signed within LIFE and used once. Raises Invalid or DomainError for an address that cannot be linked."""
    checked = _checked(address)
    _check_own(user, checked)
    now = clock.now().replace(microsecond=0)
    made = LinkChallenge(nonce=secrets.token_hex(16), user_id=user.id, address=checked, issued_at=now, expires_at=now + LIFE)
    db.session.add(made)
    db.session.flush()
    return made


def waiting(user: User, nonce: str) -> LinkChallenge:
    """The member's LinkChallenge that was not used yet, to be shown; raises NotFound."""
    made = db.session.get(LinkChallenge, nonce)
    if made is None or made.user_id != user.id or made.used_at:
        raise NotFound("There is no such message of yours.")
    return made


def message(made: LinkChallenge, site: str, chain_id: int) -> str:
    """What is to be signed for a LinkChallenge: the text names this site (its public address) and chain."""
    return messages.Message(
        domain=urlsplit(site).netloc,
        address=made.address,
        uri=site,
        chain_id=chain_id,
        nonce=made.nonce,
        issued_at=made.issued_at,
        expires_at=made.expires_at,
        statement=STATEMENT,
    ).text()


def link(user: User, nonce: str, signature: str, site: str, chain_id: int) -> LinkedWallet:
    """The LinkedWallet of who has signed the challenge's message with the address's key. Raises DomainError; a signature that is wrong may be made anew."""
    made = _lasting(user, nonce)
    try:
        signed_by = messages.signer(message(made, site, chain_id), signature.strip())
    except messages.BadMessage:
        raise Invalid("That is not a signature: 0x and 130 hexadecimal digits, as your wallet gives it.") from None
    if signed_by != made.address:
        raise Invalid("This was not signed with the key of %(address)s, or another message was signed.", address=made.address)
    used = update(LinkChallenge).where(LinkChallenge.nonce == nonce, LinkChallenge.used_at.is_(None)).values(used_at=clock.now())
    if db.session.scalar(used.returning(LinkChallenge.nonce)) is None:
        raise DomainError("This message has been used already. Begin anew.")
    return _keep(user, made.address)


def remove(user: User, linked: LinkedWallet) -> None:
    """Nothing is sent there any more; what is approved already goes."""
    owned(user, linked)
    linked.removed_at = linked.removed_at or clock.now()
    db.session.flush()


def name(user: User, linked: LinkedWallet, label: str) -> None:
    """A word of his own for the address."""
    label = " ".join(label.replace("\x00", "").split())
    owned(user, linked)
    if len(label) > LONGEST_LABEL:
        raise Invalid("A name has at most %(most)d characters.", most=LONGEST_LABEL)
    linked.label = label
    db.session.flush()


def forget_challenges() -> None:
    """Those whose time is over prove nothing any more."""
    over = delete(LinkChallenge).where(LinkChallenge.expires_at < clock.now() - LIFE)
    db.session.execute(over, execution_options={"synchronize_session": False})


def look_alike(user: User, address: str) -> str | None:
    """An address the member has linked or used before that begins and ends like this one and is another, or None: who mixes them up loses what he sends."""
    linked = db.session.scalars(select(LinkedWallet.address).where(LinkedWallet.user_id == user.id))
    custodial = db.session.scalars(select(Wallet.address).join(Holder, Wallet.holder_id == Holder.id).where(Holder.user_id == user.id))
    known, asked = [*linked, *custodial], address.lower()
    return next((each for each in known if each.lower() != asked and _ends(each.lower()) == _ends(asked)), None)


def _ends(address: str) -> tuple[str, str]:
    return address[2:6], address[-4:]


def _lasting(user: User, nonce: str) -> LinkChallenge:
    made = db.session.get(LinkChallenge, nonce)
    if made is None or made.user_id != user.id:
        raise NotFound("There is no such message of yours.")
    if made.used_at:
        raise DomainError("This message has been used already. Begin anew.")
    if made.expires_at <= clock.now():
        raise DomainError("This message was to be signed within %(minutes)d minutes. Begin anew.", minutes=LIFE // timedelta(minutes=1))
    return made


def _keep(user: User, address: str) -> LinkedWallet:
    if user.is_frozen:
        raise DomainError("Your wallet is frozen: no address can be linked until you end that.")
    _check_own(user, address)
    now = clock.now()
    row = dict(user_id=user.id, address=address, label="", linked_at=now)
    linked_id = db.session.scalar(insert(LinkedWallet).values(row).on_conflict_do_nothing().returning(LinkedWallet.id))
    if linked_id is None:
        raise DomainError("This address is linked to an account already.")
    usable_at = rulebook.in_force().usable_at(now)
    notices.tell(user.id, "wallet linked", f"wallet:{linked_id}", address=address, usable_at=usable_at.isoformat())
    return db.session.get_one(LinkedWallet, linked_id)


def _checked(address: str) -> str:
    try:
        checked = messages.checksummed(address.strip())
    except messages.BadMessage as bad:
        if str(bad) == "wrong checksum":
            raise Invalid("The capitals of this address are wrong: a letter was mistyped. Copy it once more from your wallet.") from None
        raise Invalid("That is not an address: 0x and 40 hexadecimal digits.") from None
    if checked == _NOBODY:
        raise Invalid("Nobody has the key of this address.")
    return checked


def _check_own(user: User, address: str) -> None:
    """None of the platform's, and not linked by him before. Whether it is another's is told only to who has its key: see _keep."""
    if db.session.scalar(select(Wallet.id).where(func.lower(Wallet.address) == address.lower())) or onchain.is_ours(address):
        raise DomainError("This is an address of the platform. Link one of your own.")
    own = select(LinkedWallet.id).where(LinkedWallet.user_id == user.id, LinkedWallet.address == address, LinkedWallet.removed_at.is_(None))
    if db.session.scalar(own):
        raise DomainError("You have linked this address already.")
