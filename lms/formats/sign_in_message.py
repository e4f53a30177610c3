"""Sign-In with Ethereum (EIP-4361): the text a wallet shows and signs, and whose signature it is.

We keep what a text was made of and write it again: who signed another letter, for another site or chain, signed another message.
Signatures are of EIP-191 messages (personal_sign)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0  # of secp256k1: a signature above it has a twin below


class BadMessage(ValueError):
    """The signature is none of the message, or the address none."""


@dataclass(frozen=True)
class Message:
    """What is signed. `domain` is the site's host, moments have a zone and whole seconds."""

    domain: str
    address: str
    statement: str
    uri: str
    chain_id: int
    nonce: str
    issued_at: datetime
    expires_at: datetime

    def text(self) -> str:
        """The message as the standard writes it."""
        return (
            f"{self.domain} wants you to sign in with your Ethereum account:\n{self.address}\n\n{self.statement}\n\nURI: {self.uri}\nVersion: 1\n"
            f"Chain ID: {self.chain_id}\nNonce: {self.nonce}\nIssued At: {_written(self.issued_at)}\nExpiration Time: {_written(self.expires_at)}"
        )


def signer(text: str, signature: str) -> str:
    """The address, in EIP-55's capitals, whose key signed the text: `signature` is 65 bytes in hex, r, s and v. Raises BadMessage."""
    raw = _bytes(signature)
    from eth_account import Account  # takes half a second to import, and one page needs it
    from eth_account.messages import encode_defunct

    try:
        address: str = Account.recover_message(encode_defunct(text=text), signature=raw)
    except Exception:  # noqa: BLE001 - eth-account has many ways to say no, from several libraries
        raise BadMessage("not a signature of this message") from None
    return address


def checksummed(address: str) -> str:
    """The address in the capitals of EIP-55. Raises BadMessage for what is no address, or has capitals that are wrong."""
    if not re.fullmatch(r"0x[0-9a-fA-F]{40}", address):
        raise BadMessage("not an address")
    from eth_utils import to_checksum_address

    right = to_checksum_address(address)
    digits = address[2:]
    if address != right and digits not in (digits.lower(), digits.upper()):
        raise BadMessage("wrong checksum")
    return right


def _bytes(signature: str) -> bytes:
    """Its 65 bytes with v as 27 or 28; raises BadMessage for any other form of it, so that one signature is written in one way."""
    if not re.fullmatch(r"0x[0-9a-fA-F]{130}", signature):
        raise BadMessage("not 65 bytes in hex")
    raw = bytes.fromhex(signature[2:])
    v = raw[64] + 27 if raw[64] in (0, 1) else raw[64]
    if v not in (27, 28) or int.from_bytes(raw[32:64]) > _HALF_ORDER:
        raise BadMessage("not a canonical signature")
    return raw[:64] + bytes([v])


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
