"""Certificates on a real node: issued once, revoked, read back."""

import os

import pytest

from lms.chain import transactions
from lms.chain.contracts import Certificate
from lms.chain.contracts import certificate as certificates
from lms.chain.errors import CodeMismatch, Reverted


@pytest.fixture
def entry(make_key):
    """A fresh holder and the digest of a fresh credential."""
    return lambda: (make_key().address, int.from_bytes(os.urandom(32)))


def test_a_batch_says_what_it_issued(certificate, submit, entry):
    entries = [entry() for _ in range(3)]
    issuance = certificate.issuance(submit(certificate.address, certificate.issue_data(7, entries)), 7)
    assert issuance.brought(entries)
    assert issuance.skips == ()
    assert not issuance.brought(entries[:2])
    assert not issuance.brought([(entries[1][0], entries[0][1]), *entries[1:]])


def test_an_id_that_exists_is_skipped_and_told(certificate, submit, entry):
    old, new = entry(), entry()
    submit(certificate.address, certificate.issue_data(1, [old]))
    issuance = certificate.issuance(submit(certificate.address, certificate.issue_data(2, [old, new])), 2)
    assert (issuance.issued, issuance.skips) == ((new,), (old,))
    assert issuance.brought([new, old])


def test_a_receipt_of_another_op_says_nothing(certificate, submit, entry):
    receipt = submit(certificate.address, certificate.issue_data(1, [entry()]))
    assert certificate.issuance(receipt, 2) is None
    assert certificate.revoked(receipt, 1) is None


def test_a_revocation_says_its_id(certificate, submit, entry):
    holder, number = entry()
    submit(certificate.address, certificate.issue_data(1, [(holder, number)]))
    receipt = submit(certificate.address, certificate.revoke_data(2, number))
    assert certificate.revoked(receipt, 2) == number


def test_the_same_op_is_refused_by_name(pool, certificate, signer, submit, entry):
    data = certificate.issue_data(1, [entry()])
    submit(certificate.address, data)
    with pytest.raises(Reverted, match=r"OpUsed\(1\)"):
        transactions.estimate_gas(pool, signer.address, certificate.address, data)


def test_a_used_op_is_found_again_without_its_hash(pool, certificate, submit, entry):
    holder, number = entry()
    assert not certificate.op_used(pool, 3)
    assert certificate.find_used(pool, 3) is None
    issued = submit(certificate.address, certificate.issue_data(3, [(holder, number)]))
    revoked = submit(certificate.address, certificate.revoke_data(4, number))
    assert certificate.op_used(pool, 3)
    assert certificate.find_used(pool, 3) == issued.tx_hash
    assert certificate.find_used(pool, 4) == revoked.tx_hash


def test_a_voided_op_never_happens(pool, certificate, signer, submit, entry):
    submit(certificate.address, certificate.void_data(9))
    with pytest.raises(Reverted, match=r"OpUsed\(9\)"):
        transactions.estimate_gas(pool, signer.address, certificate.address, certificate.issue_data(9, [entry()]))


def test_the_order_given_does_not_matter(certificate, entry):
    entries = [entry() for _ in range(3)]
    assert certificate.issue_data(1, entries) == certificate.issue_data(1, entries[::-1])
    assert certificates.digest(entries) == certificates.digest(entries[::-1])


def test_fifty_are_the_most(certificate, entry):
    entries = [entry() for _ in range(51)]
    certificate.issue_data(1, entries[:50])
    with pytest.raises(ValueError, match="at most 50"):
        certificate.issue_data(1, entries)


def test_the_code_built_here_is_known_again(pool, certificate, notary):
    certificate.check_code(pool)
    with pytest.raises(CodeMismatch, match="is not the one"):
        Certificate(notary.address).check_code(pool)
