"""The contracts built in contracts/: call data out, logs in. One module each; TeoCoin's names stand here too."""

from lms.chain.contracts.artifacts import artifact, explain
from lms.chain.contracts.certificate import Certificate, Issuance
from lms.chain.contracts.notary import Notary, Publication
from lms.chain.contracts.teocoin import MAX_AMOUNT, MAX_ENTRIES, Burn, Settlement, TeoCoin, deploy_data, digest, pack

BY_NAME = {kind.name: kind for kind in (TeoCoin, Certificate, Notary)}

__all__ = [
    "BY_NAME",
    "MAX_AMOUNT",
    "MAX_ENTRIES",
    "Burn",
    "Certificate",
    "Issuance",
    "Notary",
    "Publication",
    "Settlement",
    "TeoCoin",
    "artifact",
    "deploy_data",
    "digest",
    "explain",
    "pack",
]
