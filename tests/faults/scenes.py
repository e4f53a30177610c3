"""What the tests of the oracle and of the motifs do with a world.

A scene that is played once for many tests is a file of its own: the chain goes on with the next one, and only the database is copied."""

import random

import psycopg

from tests.faults.motifs import MOTIFS

CREDIT = [("credit", "issuance", "ana:available", 5), ("gift", "issuance", "bruno:available", 7)]


def played(world, name, seed=1):
    world.reset()
    MOTIFS[name](world, random.Random(seed))
    world.calm()
    return world


def as_it_was(world, name):
    world.restore(name)
    world.is_restored = False  # it has lost nothing
    return world


def ask(world, statement):
    with psycopg.connect(world.database) as connection:
        return connection.execute(statement).fetchall()


def plant(world, *statements):
    with psycopg.connect(world.database) as connection:
        for statement in ("SET session_replication_role = replica", *statements):
            connection.execute(statement)
