"""What a simulation says to admins: how it would end, and why."""

from lms.ui.movement_words import N_
from lms.ui.words import gettext

_VERDICTS = {
    "succeeds": N_("It would go through."),
    "waits": N_("It would wait."),
    "reverts": N_("The chain would refuse it."),
    "unknown": N_("It could not be simulated."),
}
_REASONS = (
    ("a batch", N_("Not all of it is on the chain yet: a batch brings it there first, and then it goes out.")),
    ("fees", N_("The network's fees are above what we pay at most.")),
    ("funds", N_("The signer cannot pay for the gas: send it some of the chain's coin.")),
    ("no contract", N_("There is no token contract yet, or no worker has seen the chain.")),
    ("no wallet", N_("The member has no address here yet.")),
    ("EnforcedPause", N_("The contract is paused: nothing goes out before it goes on.")),
    ("ERC20InsufficientBalance", N_("Less stands at the member's address here than he wants, though our books say that all of it is there.")),
    ("AccessControlUnauthorizedAccount", N_("Our signer may not send anything out: the contract does not know it as a settler.")),
    ("OpUsed", N_("The chain has used the next operation's number already. Our records are older than the chain.")),
    ("ReleaseExpired", N_("The chain's clock is ahead of ours.")),
    ("NotTheHolder", N_("The signature of the member's address here was not accepted.")),
    (("TransferToToken", "ERC20InvalidReceiver"), N_("The token takes no transfer to this address.")),
    (("RpcDown", "RpcBehind"), N_("No node of the chain answered.")),
    ("RpcForeign", N_("The node serves another chain.")),
    ("RpcRefused", N_("The node refused the question, and gave no reason of the contract's.")),
    ("RpcDisagreement", N_("The nodes give different answers: one of them lags.")),
    ("CodeMismatch", N_("The contract's code is not what was built here.")),
    (("WrongKey", "KekMissing", "KeyServiceDown"), N_("The key of the member's address here could not be opened.")),
    ("", N_("It gave no reason that we know: %(said)s")),
)


def verdict(simulation):
    """One sentence."""
    return gettext(_VERDICTS[simulation.verdict])


def why(simulation):
    """Another, or nothing where it succeeds."""
    if not simulation.why:
        return ""
    words = next(words for beginning, words in _REASONS if simulation.why.startswith(beginning))
    return gettext(words) % {"said": simulation.why}
