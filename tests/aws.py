"""AWS KMS as moto plays it; what it signs is a digest, as KMS takes it with MessageType=DIGEST."""

from types import SimpleNamespace

import boto3
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto import mock_aws
from moto.kms.utils import ECDSAPrivateKey


def _sign(key, message, _algorithm):
    """moto ignores MessageType and would hash once more."""
    return key.private_key.sign(message, ECDSA(Prehashed(hashes.SHA256())))


@pytest.fixture
def kms(monkeypatch):
    """aws_kms.signing() and aws_kms.wrapping() make a key and answer its ARN; aws_kms.client is AWS's own."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setattr(ECDSAPrivateKey, "sign", _sign)
    with mock_aws():
        client = boto3.client("kms", region_name="eu-central-1")

        def make(spec, usage):
            return client.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["Arn"]

        yield SimpleNamespace(
            client=client,
            signing=lambda spec="ECC_SECG_P256K1": make(spec, "SIGN_VERIFY"),
            wrapping=lambda: make("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
        )
