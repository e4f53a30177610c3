"""A proof holds for what was counted and for nothing else."""

import hashlib
import hmac
import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.formats import solvency_proof, sum_tree
from lms.formats.solvency_proof import (
    FILLER,
    LARGEST_SUM,
    Node,
    Proof,
    ProofError,
    Step,
    blinded,
    leaf,
    parent,
    read,
    report,
    verify,
    write,
)

DAY = "2026-11-25"
MEMBERS = st.lists(st.tuples(st.emails(), st.integers(0, 2**50)), min_size=1, max_size=40)


def proofs(members, day=DAY):
    """A tree over [(member, amount)], as one Proof each."""
    salts = [hashlib.sha256(f"salt {number}".encode()).digest() for number in range(len(members))]
    leaves = [leaf(blinded(day, member, salt), amount) for (member, amount), salt in zip(members, salts, strict=True)]
    levels = sum_tree.levels(leaves)
    root = levels[-1][0]

    def siblings(index):
        return [level[(index >> height) ^ 1] for height, level in enumerate(levels[:-1])]

    return [
        Proof(day, member, amount, salts[index], sum_tree.path(siblings(index), index), root.hash, root.sum)
        for index, (member, amount) in enumerate(members)
    ]


@pytest.fixture
def proof():
    """Of the third of five members: its path has siblings on both sides and a filler."""
    return proofs([("ana@example.org", 5), ("bruno@example.org", 0), ("tea@example.org", 62_400_000), ("ada@example.org", 7), ("e@e.org", 1)])[2]


@given(MEMBERS)
def test_every_members_proof_holds(members):
    for proof in proofs(members):
        verify(proof)
        assert proof.total == sum(amount for _, amount in members)


@given(MEMBERS)
def test_a_file_is_read_as_it_was_written(members):
    for proof in proofs(members):
        assert read(write(proof).encode()) == proof


@given(MEMBERS, st.data())
def test_a_changed_proof_is_refused(members, data):
    proof = data.draw(st.sampled_from(proofs(members)))
    changed = data.draw(st.sampled_from(list(changes(proof))))
    with pytest.raises(ProofError):
        verify(changed)


def changes(proof):
    """The proof with each of its parts changed in turn; what a path has, on each step."""
    yield replace(proof, amount=proof.amount + 1)
    yield replace(proof, amount=proof.amount + 1, total=proof.total + 1)
    yield replace(proof, salt=other(proof.salt))
    yield replace(proof, day="2026-11-26")
    yield replace(proof, member=proof.member + "x")
    yield replace(proof, root=other(proof.root))
    yield replace(proof, total=proof.total + 1)
    yield replace(proof, path=(*proof.path, Step("right", FILLER)))
    for number, (side, node) in enumerate(proof.path):
        yield with_step(proof, number, Step(side, Node(other(node.hash), node.sum)))
        yield with_step(proof, number, Step(side, Node(node.hash, node.sum + 1)))
        yield replace(with_step(proof, number, Step(side, Node(node.hash, node.sum + 1))), total=proof.total + 1)
        yield with_step(proof, number, Step("right" if side == "left" else "left", node))
        yield replace(proof, path=proof.path[:number] + proof.path[number + 1 :])


def with_step(proof, number, step):
    return replace(proof, path=(*proof.path[:number], step, *proof.path[number + 1 :]))


def other(data):
    return bytes([data[0] ^ 1]) + data[1:]


def test_the_tree_is_the_one_that_is_described(proof):
    """Computed anew from the words of the format, by hand."""

    def eight(number):
        return number.to_bytes(8, "big")

    def h(*parts):
        return hashlib.sha256(b"".join(parts)).digest()

    salts = [h(b"salt %d" % number) for number in range(5)]
    people = [(b"ana@example.org", 5), (b"bruno@example.org", 0), (b"tea@example.org", 62_400_000), (b"ada@example.org", 7), (b"e@e.org", 1)]
    a, b, t, d, e = (
        h(b"\0", hmac.new(salt, b"2026-11-25\n" + member, hashlib.sha256).digest(), eight(amount)) for (member, amount), salt in zip(people, salts, strict=True)
    )
    ab, td = h(b"\1", a, eight(5), b, eight(0)), h(b"\1", t, eight(62_400_000), d, eight(7))
    ef = h(b"\1", e, eight(1), h(b"\2"), eight(0))
    four, two = h(b"\1", ab, eight(5), td, eight(62_400_007)), h(b"\1", ef, eight(1), h(b"\2"), eight(0))
    assert proof.root == h(b"\1", four, eight(62_400_012), two, eight(1))
    assert proof.total == 62_400_013


def test_no_root_serves_two_members_who_are_shown_different_sums():
    """The flaw of Maxwell's first tree: each of two members is shown too little beside him, and 60 is published of 100."""
    ana, bruno = leaf(b"a" * 32, 60), leaf(b"b" * 32, 40)
    for_ana, for_bruno = parent(ana, bruno._replace(sum=0)), parent(ana._replace(sum=20), bruno)
    assert for_ana.sum == for_bruno.sum == 60
    assert for_ana.hash != for_bruno.hash


def test_sums_that_would_wrap_round_are_refused(proof):
    with pytest.raises(ProofError, match="64 bits"):
        verify(with_step(proof, 0, Step("right", Node(bytes(32), LARGEST_SUM))))
    with pytest.raises(ProofError, match="64 bits"):
        sum_tree.levels([leaf(bytes(32), LARGEST_SUM), leaf(bytes(32), 1)])


def test_a_negative_amount_makes_no_leaf():
    with pytest.raises(ProofError):
        leaf(bytes(32), -1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no JSON",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'"text"',
        b"1" * 5000,
        b"[" * 60_000,
        b'{"format": "teo-solvency/1"}',
        b'{"format": "teo-solvency/2"}',
        b" " * 70_000,
    ],
)
def test_what_is_no_proof_is_refused(data):
    with pytest.raises(ProofError):
        read(data)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", "teo-solvency/2"),
        ("format", None),
        ("amount", 62_400_000),
        ("amount", "-1"),
        ("amount", "+1"),
        ("amount", "1.0"),
        ("amount", "1e3"),
        ("amount", "007"),
        ("amount", " 7"),
        ("amount", "٣"),
        ("amount", ""),
        ("amount", None),
        ("amount", str(2**64)),
        ("amount", "9" * 4000),
        ("total", str(2**64)),
        ("total", True),
        ("salt", "0x12"),
        ("salt", "12" * 32),
        ("salt", "0x" + "AB" * 32),
        ("root", "0x" + "zz" * 32),
        ("root", None),
        ("day", "today"),
        ("day", 20261125),
        ("member", ""),
        ("member", "two words"),
        ("member", "a\u0007b@example.org"),
        ("member", "\ud800@example.org"),
        ("member", ["ana@example.org"]),
        ("path", {}),
        ("path", None),
        ("path", [None]),
        ("path", [{}]),
        ("path", [{"side": "up", "hash": "0x" + "00" * 32, "sum": "0"}]),
        ("path", [{"side": ["left"], "hash": "0x" + "00" * 32, "sum": "0"}]),
        ("path", [{"side": "left", "hash": "0x" + "00" * 32, "sum": "-5"}]),
        ("path", [{"side": "left", "hash": "0x" + "00" * 32, "sum": "0", "more": 1}]),
        ("path", [{"side": "left", "hash": "0x" + "00" * 32, "sum": "0"}] * 65),
        ("chain_id", 137),
        ("notary", "0x12"),
        ("transaction", "0x12"),
        ("more", "1"),
    ],
)
def test_a_malformed_field_is_refused(proof, field, value):
    fields = json.loads(write(proof)) | {field: value}
    with pytest.raises(ProofError):
        read(json.dumps(fields).encode())


@pytest.mark.parametrize("field", ["format", "day", "member", "amount", "salt", "path", "root", "total", "chain_id", "notary", "transaction"])
def test_a_missing_field_is_refused(proof, field):
    fields = json.loads(write(proof))
    del fields[field]
    with pytest.raises(ProofError):
        read(json.dumps(fields).encode())


def test_the_report_says_what_was_checked_and_what_was_not(proof):
    said = report(write(proof).encode())
    assert said.startswith("The proof holds: 62.400000 TEO of tea@example.org are part of the total of 62.400013 TEO on 2026-11-25.")
    assert "not yet published" in said


def test_the_report_says_where_to_compare(proof):
    published = replace(proof, chain_id=137, notary="0x" + "Ab" * 20, transaction="0x" + "5e" * 32)
    assert f"transaction 0x{'5e' * 32} on chain 137" in report(write(published).encode())


@pytest.fixture
def alone(tmp_path):
    """alone(text) runs the file as a member does who has only Python."""

    def run(text):
        file = tmp_path / "proof.json"
        file.write_text(text)
        return subprocess.run([sys.executable, "-I", "-S", solvency_proof.__file__, file], env={"PATH": os.environ["PATH"]}, check=False, capture_output=True, text=True)

    return run


def test_the_program_alone_accepts_what_holds(alone, proof):
    answer = alone(write(proof))
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.startswith("The proof holds: 62.400000 TEO")


def test_the_program_alone_refuses_what_does_not(alone, proof):
    answer = alone(write(replace(proof, amount=1)))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == "The sums on the way up come to 0.000014 TEO, not to the total of 62.400013 TEO.\n"


def test_the_program_alone_says_when_there_is_no_file(tmp_path):
    answer = subprocess.run([sys.executable, solvency_proof.__file__, tmp_path / "none.json"], check=False, capture_output=True, text=True)
    assert answer.returncode == 1 and "none.json" in answer.stderr and "Traceback" not in answer.stderr


def test_a_packed_level_gives_each_node_back(proof):
    nodes = [node for _, node in proof.path]
    packed = sum_tree.pack(nodes)
    assert [sum_tree.unpack(packed[at : at + sum_tree.WIDTH]) for at in range(0, len(packed), sum_tree.WIDTH)] == nodes
