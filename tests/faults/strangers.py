"""Wallets that are not ours: who pays members from outside, who has a key of ours, who steals, and the contracts' admin."""

from contextlib import suppress

from eth_account import Account

from tests.faults import node

STRANGER = Account.from_key(b"\x07" * 32)
ADMIN = Account.from_key(b"\x09" * 32)
_WEI = 10**21
_UNPRICED = {"type": 2, "chainId": 31337, "gas": 100_000, "value": 0, "maxFeePerGas": 10**13, "maxPriorityFeePerGas": 10**9}
_BALANCE_OF, _TRANSFER = "0x70a08231", "0xa9059cbb"
_PAUSED, _UNPAUSE = "0x5c975abb", "0x3f4ba83a"


class Strangers:
    """`foreign` is the file with what he has sent who has our key. `token` is set once it stands on the chain."""

    def __init__(self, anvil, foreign):
        self._anvil, self.foreign, self.token = anvil, foreign, None
        self.forget()

    def forget(self):
        """Nobody has sent anything yet."""
        self._payments = []
        self.foreign.write_text("")

    def fund(self):
        """What a stranger's transactions cost."""
        node.set_balance(self._anvil, STRANGER.address, _WEI)

    def pay(self, address, amount):
        """A stranger sends this much, or what he has of it."""
        held = self._held(STRANGER.address) - sum(waits for _, waits in self.unmined())
        if held > 0:
            facts = {"to": self.token, "data": _transfer(address, min(amount, held)), "nonce": len(self._payments)}
            self._payments.append((STRANGER.sign_transaction(_UNPRICED | facts), min(amount, held)))
            self.resend()

    def resend(self):
        """Their wallets send again what the chain or the pool has forgotten; so does he who has our key.

        A payment waits until he who pays has the tokens again: it would be mined, do nothing, and never be sent once more."""
        left = self._held(STRANGER.address)
        for signed, amount in self.unmined():
            left -= amount
            if left < 0:
                break
            self.send(signed.raw_transaction.to_0x_hex())
        for raw in self.foreign.read_text().split():
            self.send(raw)

    def send(self, raw):
        with suppress(RuntimeError):  # it waits or is mined already
            self._anvil.call("eth_sendRawTransaction", raw)

    def unmined(self):
        """(signed, amount) of the payments the chain does not hold."""
        return [each for each in self._payments if self._anvil.call("eth_getTransactionReceipt", each[0].hash.to_0x_hex()) is None]

    def rob(self, address, to):
        """Let all tokens leave an address without us."""
        self._anvil.call("anvil_impersonateAccount", address)
        node.set_balance(self._anvil, address, _WEI)
        self._anvil.call("eth_sendTransaction", {"from": address, "to": self.token, "data": _transfer(to, self._held(address))})

    def is_paused(self):
        """Whether the token refuses what our signers send; not where a node that forgot everything has no token yet."""
        return int(self._anvil.call("eth_call", {"to": self.token, "data": _PAUSED}, "latest").removeprefix("0x") or "0", 16) == 1

    def unpause(self):
        """Only the admin may; his key is on no server of ours."""
        self._anvil.call("anvil_impersonateAccount", ADMIN.address)
        node.set_balance(self._anvil, ADMIN.address, _WEI)
        self._anvil.call("eth_sendTransaction", {"from": ADMIN.address, "to": self.token, "data": _UNPAUSE, "gas": hex(100_000)})

    def _held(self, address):
        """0 as well where a node that forgot everything has no token yet."""
        answer = self._anvil.call("eth_call", {"to": self.token, "data": _BALANCE_OF + address[2:].rjust(64, "0")}, "latest")
        return int(answer, 16) if answer != "0x" else 0


def _transfer(to, amount):
    return _TRANSFER + to[2:].lower().rjust(64, "0") + f"{amount:064x}"
