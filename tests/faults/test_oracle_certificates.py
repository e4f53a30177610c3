"""The oracle finds what is planted into a world with certificates, and says it."""

import psycopg
import pytest

from tests.faults.scenes import as_it_was, plant


@pytest.fixture(scope="module")
def certified_once(world):
    """Two members' certificates, one of whom has had his key replaced since; all final."""
    world.reset()
    world.certify([("ana", "algebra"), ("bruno", "botany")])
    world.calm()
    world.replace_key("bruno")
    world.calm()
    world.copy("certified")
    return world


@pytest.fixture
def certified(certified_once):
    return as_it_was(certified_once, "certified")


def test_certificates_of_a_batch_are_right(certified):
    assert certified.violations() == []
    with psycopg.connect(certified.database) as connection:
        rows = connection.execute("SELECT state, count(*) FROM certificates JOIN operations o ON o.id = operation_id GROUP BY 1")
        assert rows.fetchall() == [("final", 2)]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("DELETE FROM certificates WHERE id = 1", "1 times, its row is None"),
        ("DELETE FROM certificates WHERE id = 1", "certificate:ana:algebra of 1 was acknowledged"),
        ("UPDATE certificates SET digest = sha256(digest) WHERE id = 1", "is called final, and the chain has none"),
        ("UPDATE certificates SET address = 'nowhere' WHERE id = 1", "1 times, its row is Row"),
        ("UPDATE certificates SET holder_id = (SELECT max(id) FROM holders) WHERE id = 1", "1 times, its row is Row"),
        ("UPDATE certificates SET operation_id = NULL, address = NULL WHERE id = 1", "certificate 1 is in no batch"),
        ("UPDATE operations SET payload = '{\"entries\": []}' WHERE kind = 'certificates'", ", its row says []"),
        ("UPDATE operations SET op = 99 WHERE kind = 'certificates'", "is on the chain and in no row"),
        ("UPDATE operations SET state = 'failed' WHERE kind = 'certificates'", "is called failed, and the chain did it"),
        ("UPDATE operations SET kind = 'settle' WHERE kind = 'certificates'", "its block does not hold it"),
    ],
)
def test_a_planted_fault_about_a_certificate_is_told(certified, fault, said):
    plant(certified, fault)
    assert said in " ".join(certified.violations())


def test_a_world_is_not_at_rest_while_a_certificate_waits(certified):
    plant(certified, "UPDATE certificates SET operation_id = NULL, address = NULL WHERE id = 1")
    assert not certified.is_quiet()
