"""What a recipient costs on a real node: transactions as the worker builds and signs them, gas as the receipts tell it.

Each row holds the gas of a recipient against his floor (bench/floor.py). The row called `plain` beside it holds it against one mint
by OpenZeppelin's token in the same run: what a recipient costs without batches. Who burns has a token already, as has the holder of
that mint. The rows called `per_reward` are a day of the school (bench/day.py), against the plain mint as well.
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
        return [*_settlements(lab, *plain), *_certificates(lab, 50), *day.figures(lab, plain[1])]


def _settlements(lab, plain_fresh, plain_existing):
    fresh, existing, burns, mixed = _batches(lab, 200)
    few, _, _, _ = _batches(lab, 50)
    return [
        *_rows("gas.settle.200.fresh", fresh, 1.03, plain_fresh, 0.5),
        *_rows("gas.settle.200.existing", existing, 1.09, plain_existing, 0.25),
        *_rows("gas.settle.50.fresh", few, 1.04, plain_fresh),
        *_rows("gas.burn.200", burns, 1.15, plain_existing),
        *_rows("gas.mixed.200", mixed, 1.10, plain_existing),
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
    return _rows(f"gas.certificate.{size}", (gas / size, per_recipient(size * BIRTH, packed)), 1.02, lab.plain_certificate(entries[0][1]))


def _rows(name, measured, target, plain, plain_target=None):
    """`measured`: (gas of a recipient, his floor); `plain`: gas of OpenZeppelin's mint."""
    gas, floor = measured
    return [
        Figure(f"{name}.ratio", gas, "gas", target, against=floor, ratio=gas / floor),
        Figure(f"{name}.plain.ratio", gas, "gas", plain_target, against=plain, ratio=gas / plain),
    ]
