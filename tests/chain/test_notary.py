"""Merkle roots on a real node: published once, read back."""

import pytest

from lms.chain import transactions
from lms.chain.contracts import Notary
from lms.chain.errors import CodeMismatch, Reverted

ROOT, OTHER = b"\x01" * 32, b"\x02" * 32


def test_a_root_is_read_back_with_its_total(pool, notary, submit):
    assert notary.root_of(pool, "solvency", 20_000) is None
    receipt = submit(notary.address, notary.publish_data(1, "solvency", 20_000, ROOT, 5_000_000))
    publication = notary.publication(receipt, 1)
    assert publication.brought("solvency", 20_000, ROOT, 5_000_000)
    assert not publication.brought("solvency", 20_000, ROOT, 5_000_001)
    assert notary.root_of(pool, "solvency", 20_000) == ROOT


def test_a_subject_gets_one_root(pool, notary, signer, submit):
    submit(notary.address, notary.publish_data(1, "solvency", 20_000, ROOT, 0))
    with pytest.raises(Reverted, match=r"AlreadyPublished\(0x736f6c76656e6379.*, 20000\)"):
        transactions.estimate_gas(pool, signer.address, notary.address, notary.publish_data(2, "solvency", 20_000, OTHER, 0))


def test_the_same_op_is_refused_by_name(pool, notary, signer, submit):
    submit(notary.address, notary.publish_data(1, "solvency", 1, ROOT, 0))
    with pytest.raises(Reverted, match=r"OpUsed\(1\)"):
        transactions.estimate_gas(pool, signer.address, notary.address, notary.publish_data(1, "solvency", 2, ROOT, 0))


def test_a_used_op_is_found_again_without_its_hash(pool, notary, submit):
    assert not notary.op_used(pool, 3)
    assert notary.find_used(pool, 3) is None
    receipt = submit(notary.address, notary.publish_data(3, "ballot", 7, ROOT, 0))
    assert notary.op_used(pool, 3)
    assert notary.find_used(pool, 3) == receipt.tx_hash


def test_a_receipt_of_another_op_says_nothing(notary, submit):
    assert notary.publication(submit(notary.address, notary.publish_data(1, "ballot", 7, ROOT, 0)), 2) is None


@pytest.mark.parametrize("kind", ["", "k" * 33, "più"])
def test_a_kind_that_does_not_fit_is_refused(notary, kind):
    with pytest.raises(ValueError, match=r"a kind is a name|'ascii'"):
        notary.publish_data(1, kind, 1, ROOT, 0)


def test_the_code_built_here_is_known_again(pool, notary, certificate):
    notary.check_code(pool)
    with pytest.raises(CodeMismatch, match="is not the one"):
        Notary(certificate.address).check_code(pool)
