"""One version of the KEK follows another: every stored key is wrapped anew, none is lost, none is shown."""

import base64
import signal

import pytest

from lms import config, create_app
from lms.chain import custodial_keys
from lms.chain.errors import KekMissing
from lms.chain.signers import LocalSigner, kek_version
from lms.db import db, transaction
from lms.domain.ledger import queries as books
from lms.domain.wallet import actions as wallet
from lms.domain.wallet import custody, key_replacements
from lms.domain.wallet.models import Wallet
from lms.jobs import keys, node
from lms.jobs.wallets import owner
from tests.forks import fate
from tests.jobs import mortal
from tests.jobs.conftest import KEK

NEXT = "2:" + base64.b64encode(b"n" * 32).decode()


@pytest.fixture
def settings(worker_environ, tmp_path):
    """settings(KEK=…) are a worker's, with a signer's file of its own."""
    return lambda **changed: {**worker_environ, "SIGNER_FILES": str(tmp_path / "signer.json"), **changed}


@pytest.fixture
def as_worker(app, settings):
    """as_worker(KEK=…) is the app with these settings, in its context."""
    opened = []

    def start(**changed):
        made = create_app("cli", settings(**changed))
        opened.append(made.app_context())
        opened[-1].push()
        return made

    yield start
    for context in reversed(opened):
        context.pop()


@pytest.fixture
def wallets(as_worker, member, tmp_path):
    """Five members' wallets and a signer, wrapped by the first KEK; their secrets by holder id, as only a test may know them."""
    as_worker()
    LocalSigner.create(tmp_path / "signer.json", node.keks())
    holders = [books.holder_of(member(name).id).id for name in ("ana", "bruno", "carla", "dario", "elena")]
    with transaction():
        for holder_id in holders:
            wallet.keep_wallet(holder_id, custodial_keys.new_key(owner(holder_id), node.keks()))
    return secrets_of(holders)


def secrets_of(holders):
    sealed = custody.sealed_keys([key_replacements.in_use(holder).address for holder in holders])
    return {row.holder_id: custodial_keys.open_key(row, owner(row.holder_id), node.keks()).reveal() for row in sealed.values()}


def rotate(app):
    return app.test_cli_runner().invoke(args=["keys", "rotate"])


def versions():
    return sorted(version for (version,) in db.session.query(Wallet.kek_version))


def test_rotating_wraps_every_key_anew_and_tells_what_is_left(wallets, as_worker, tmp_path, monkeypatch):
    monkeypatch.setattr(keys, "BATCH", 2)
    result = rotate(as_worker(KEK=NEXT, KEK_OLD=KEK))
    assert result.exit_code == 0, (result.output, result.exception)
    assert [line for line in result.output.splitlines() if "left" in line] == [
        "2 keys rewrapped, 3 left",
        "2 keys rewrapped, 1 left",
        "1 keys rewrapped, 0 left",
    ]
    assert (versions(), kek_version(tmp_path / "signer.json")) == ([2] * 5, 2)


def test_afterwards_the_newest_kek_alone_opens_the_same_keys(wallets, as_worker):
    rotate(as_worker(KEK=NEXT, KEK_OLD=KEK))
    as_worker(KEK=NEXT)
    keys.check()
    assert secrets_of(list(wallets)) == wallets
    assert [signer.address for signer in node.signers()] == node.addresses()


def test_rotating_again_changes_nothing(wallets, as_worker):
    app = as_worker(KEK=NEXT, KEK_OLD=KEK)
    rotate(app)
    before = db.session.query(Wallet.wrapped_key).order_by(Wallet.id).all()
    assert "rewrapped" not in rotate(app).output
    assert db.session.query(Wallet.wrapped_key).order_by(Wallet.id).all() == before


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_killed_anywhere_it_goes_on_where_it_was(wallets, as_worker, settings, nth):
    """The first is the signer's file; then the wallets, in transactions of two."""
    both = dict(KEK=NEXT, KEK_OLD=KEK)
    assert fate(mortal.rotate, settings(**both), nth) == -signal.SIGKILL
    db.session.rollback()
    app = as_worker(**both)
    assert secrets_of(list(wallets)) == wallets, "while both are there, all open"
    assert rotate(app).exit_code == 0
    as_worker(KEK=NEXT)
    assert (versions(), secrets_of(list(wallets))) == ([2] * 5, wallets)


def test_no_key_is_in_what_it_prints_or_raises(wallets, as_worker):
    wrong = "1:" + base64.b64encode(b"w" * 32).decode()
    failed = rotate(as_worker(KEK=NEXT, KEK_OLD=wrong))
    done = rotate(as_worker(KEK=NEXT, KEK_OLD=KEK))
    told = f"{failed.output} {failed.exception!r} {done.output}"
    keks = [text.removeprefix("2:") for text in (KEK, NEXT, wrong)]
    hidden = [secret.hex() for secret in wallets.values()] + keks + [base64.b64decode(kek).hex() for kek in keks]
    assert not [secret for secret in hidden if secret in told]


def test_a_kek_that_is_not_the_older_one_changes_nothing_and_names_whose_keys_stay_closed(wallets, as_worker, tmp_path):
    (tmp_path / "signer.json").unlink()
    result = rotate(as_worker(KEK=NEXT, KEK_OLD="1:" + base64.b64encode(b"w" * 32).decode()))
    address = db.session.query(Wallet.address).order_by(Wallet.id).first()[0]
    assert result.exit_code == 1 and custodial_keys.shorten(address) in result.output and address not in result.output
    assert versions() == [1] * 5
    as_worker()
    assert secrets_of(list(wallets)) == wallets


def test_a_worker_without_the_older_kek_refuses_to_start_and_says_what_helps(wallets, as_worker):
    app = as_worker(KEK=NEXT)
    with pytest.raises(config.ConfigError) as refused:
        keys.check_at_start(app)
    assert "version 1 of the KEK" in str(refused.value) and "run: flask keys rotate" in str(refused.value)
    assert "version 1 of the KEK" in rotate(app).output


def test_a_worker_with_every_version_starts(wallets, as_worker):
    keys.check_at_start(as_worker(KEK=NEXT, KEK_OLD=KEK))


def test_a_worker_that_has_checked_its_keys_forks_with_no_connection(wallets, as_worker):
    """Its children would share it, and each prepare statements under names the server has from the one before."""
    app = as_worker(KEK=NEXT, KEK_OLD=KEK)
    keys.check_at_start(app)
    with app.app_context():
        assert [engine.pool.checkedin() + engine.pool.checkedout() for engine in db.engines.values()] == [0, 0]


def test_a_key_that_cannot_be_opened_is_told_by_its_version(wallets, as_worker):
    as_worker(KEK=NEXT)
    holder_id = next(iter(wallets))
    with pytest.raises(KekMissing, match="KEK_OLD"):
        custodial_keys.open_key(custody.sealed_keys([key_replacements.in_use(holder_id).address]).popitem()[1], owner(holder_id), node.keks())


def test_a_worker_whose_kek_is_not_the_one_refuses_to_start(wallets, as_worker):
    with pytest.raises(config.ConfigError, match="This worker cannot open every key"):
        keys.check_at_start(as_worker(KEK=base64.b64encode(b"w" * 32).decode()))


def test_a_worker_whose_key_service_is_down_starts_nevertheless(wallets, as_worker):
    """Its jobs say what they wait for."""
    keys.check_at_start(as_worker(KEK="1:vault:transit/teo", VAULT_ADDR="http://127.0.0.1:9", VAULT_TOKEN="a-token-of-a-vault"))
