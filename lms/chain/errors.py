"""What can go wrong on the way to the chain. No message holds a key or an endpoint's credentials."""

from collections.abc import Iterable


class ChainError(Exception):
    """The root of all errors of this layer."""


class RpcDown(ChainError):
    """No endpoint answered: what was asked may or may not have happened."""


class RpcForeign(RpcDown):
    """An endpoint serves another chain."""


class RpcBehind(RpcDown):
    """An endpoint is below what was seen of the chain before."""


class RpcRefused(ChainError):
    """Every endpoint that answered said no, for a reason that is not the contract's."""


class RpcDisagreement(ChainError):
    """Endpoints give different answers: one lags or lies, so none is believed yet."""


class Reverted(ChainError):
    """The contract refuses the call; `reason` names its error and the values it gives."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the contract refuses: {reason}")
        self.reason = reason


class CodeMismatch(ChainError):
    """The address holds no code, or other code than was built here."""


class FeeTooHigh(ChainError):
    """The chain asks more than we ever pay: the lane waits."""


class WrongKey(ChainError):
    """The key does not open what is sealed, or not for this owner."""


class KekMissing(WrongKey):
    """Stored keys are wrapped by versions of the KEK that are not here; the sentence says what helps."""

    def __init__(self, versions: Iterable[int]) -> None:
        named = ", ".join(map(str, versions))
        super().__init__(
            f"keys are stored under version {named} of the KEK, which is not here. Put what KEK was then into KEK_OLD, "
            "run: flask keys rotate, and take it out again when nothing is left"
        )


class KeyServiceDown(ChainError):
    """What keeps the keys does not answer, or refuses: nothing was decided, and it is asked again."""


class NotADevelopmentChain(ChainError):
    """A helper that moves time or makes money was called on a real chain."""
