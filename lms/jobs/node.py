"""The chain as this worker reaches it: pool, signer and the token of the active deployment, made anew in each fork."""

from flask import current_app

from lms import config as settings
from lms import rpc_endpoints
from lms.chain.aws_kms import KmsKek
from lms.chain.contracts import TeoCoin
from lms.chain.key_encryption import Keks, LocalKek
from lms.chain.rpc import Pool
from lms.chain.signers import address_at, open_signer
from lms.chain.vault_transit import VaultKek
from lms.domain.onchain import queries as onchain

ANVIL = 31337


def pool():
    config = current_app.config
    return Pool(list(config["RPC_URLS"]), config["CHAIN_ID"], memory=rpc_endpoints.Memory(config["CHAIN_ID"]))


def signers():
    """Every signer we have the key of, in the order of the setting."""
    return [open_signer(place, keks()) for place in _places()]


def settlers():
    """Those of them that sign what is new."""
    return [open_signer(place, keks()) for place in _places() if not onchain.is_retired(address_at(place))]


def signer(address):
    """The signer of this address, or None when its key is not here."""
    return next((open_signer(place, keks()) for place in _places() if address_at(place) == address), None)


def addresses():
    return [address_at(place) for place in _places()]


def _places():
    return current_app.config["SIGNER_FILES"]


def keks():
    """The key encryption keys by version; the newest wraps."""
    found = settings.keks(current_app.config)
    return Keks(found[0].version, {kek.version: _kek(kek.key) for kek in found})


def _kek(key):
    """32 bytes, kms:ARN or vault:MOUNT/KEY."""
    if isinstance(key, bytes):
        return LocalKek(key)
    service, place = key.split(":", 1)
    return KmsKek(place) if service == "kms" else VaultKek(place, current_app.config["VAULT_ADDR"], current_app.config["VAULT_TOKEN"])


def place(address):
    """(which of the lanes it is, how many there are) among those that sign what is new; one that is retired takes nothing, wherever it stands."""
    lanes = [each for each in addresses() if each == address or not onchain.is_retired(each)]
    return lanes.index(address), len(lanes)


def token():
    """The TeoCoin of the active deployment, or None before `flask chain deploy`."""
    deployment = onchain.deployment()
    return TeoCoin(deployment.token_address) if deployment else None


def depth():
    """Blocks after which an operation is shown as on chain."""
    return current_app.config["CHAIN_DEPTH"]
