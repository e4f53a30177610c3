"""What a recipient costs on a real node: transactions as the worker builds and signs them, gas as the receipts tell it.

Each row holds the gas of a recipient against his floor (bench/floor.py). The rows called `plain` hold it against one mint by
OpenZeppelin's token in the same run: what a recipient costs without batches. The rows called `per_reward` are a day of the
school (bench/day.py).
"""

from eth_utils import keccak

from bench import day
from bench.chain import chain, key, signed
from bench.floor import BIRTH, EXISTING, FRESH, SIGNATURE, TRANSFER, per_recipient
from bench.measure import Figure
from lms.chain.contracts import pack

AMOUNT = 1_234_567  # 1.23 TEO, as a reward is
TAKEN = 1_000_000


def figures():
    with chain() as lab:
        plain = lab.plain_mints(AMOUNT)
        return [*_settlements(lab, *plain), _certificates(lab, 50), *day.figures(lab, plain[1])]


def _settlements(lab, plain_fresh, plain_existing):
    fresh, existing, burns, mixed = _batches(lab, 200)
    few, _, _, _ = _batches(lab, 50)
    return [
        _row("gas.settle.200.fresh.ratio", fresh, 1.03),
        _row("gas.settle.200.existing.ratio", existing, 1.09),
        _row("gas.settle.50.fresh.ratio", few, 1.04),
        _row("gas.burn.200.ratio", burns, 1.15),
        _row("gas.mixed.200.ratio", mixed, 1.10),
        _row("gas.settle.200.fresh.plain.ratio", (fresh[0], plain_fresh), 0.5),
        _row("gas.settle.200.existing.plain.ratio", (existing[0], plain_existing), 0.25),
    ]


def _batches(lab, size):
    """(gas of a recipient, his floor) of four settlements of this size: the same holders fresh, then again, then all burning,
    then every other one burning while the rest is minted to."""
    token = lab.token()
    holders = [key(f"holder {number}") for number in range(size)]
    return [
        _settled(lab, token, 1, FRESH, holders, []),
        _settled(lab, token, 2, EXISTING, holders, []),
        _settled(lab, token, 3, EXISTING, [], holders),
        _settled(lab, token, 4, EXISTING, holders[::2], holders[1::2]),
    ]


def _settled(lab, token, op, slot, minted, burning):
    mints = [(holder.address, AMOUNT) for holder in minted]
    burns = signed(token, op, [(holder, TAKEN) for holder in burning])
    entries = [pack(*mint) for mint in mints] + [pack(burn.holder, burn.amount) + burn.signature[:64] for burn in burns]
    own = len(entries) * (slot + TRANSFER) + len(burns) * SIGNATURE
    return lab.settle(token, op, mints, burns) / len(entries), per_recipient(own, entries)


def _certificates(lab, size):
    certificate = lab.certificate()
    entries = [(key(f"holder {number}").address, int.from_bytes(keccak(text=f"credential {number}"))) for number in range(size)]
    gas = lab.send(certificate.address, certificate.issue_data(1, entries)).gas_used
    packed = [bytes.fromhex(holder[2:]) + number.to_bytes(32) for holder, number in entries]
    return _row(f"gas.certificate.{size}.ratio", (gas / size, per_recipient(size * BIRTH, packed)), 1.02)


def _row(name, measured, target):
    gas, against = measured
    return Figure(name, gas, "gas", target, against=against, ratio=gas / against)
