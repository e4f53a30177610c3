"""What an incident is called, by its kind."""

from flask_babel import lazy_gettext as _

WORDS = {
    "payment held": _("Payment held"),
    "op used": _("Operation number used by others"),
    "not our entries": _("Entries that are not ours"),
    "ledger and chain differ": _("Ledger and chain differ"),
    "foreign mint": _("A mint that is not ours"),
    "foreign nonce": _("A nonce taken by others"),
    "lane halted": _("A signer halted"),
    "burn skipped": _("A burn was skipped"),
    "fees too high": _("Fees above what we pay"),
    "certificate lost": _("A certificate was lost"),
    "funds low": _("Gas runs low"),
    "funds very low": _("Gas runs very low"),
    "out of funds": _("Out of gas"),
    "dispute": _("A bank asks a payment back"),
    "dispute lost": _("A bank took a payment back"),
    "refund failed": _("A refund failed"),
    "refund not ours": _("A refund we did not ask for"),
    "log altered": _("The audit log was altered"),
    "payments differ": _("The gateway's books differ from ours"),
}


def incident_word(kind):
    """Of one that has no words, its kind."""
    return str(WORDS.get(kind) or kind.capitalize())
