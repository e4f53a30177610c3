"""The database and the only way to write to it: `with transaction():`."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from psycopg.errors import LockNotAvailable
from sqlalchemy import ARRAY, ColumnElement, Connection, MetaData, Select, any_, event, func, literal, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, scoped_session
from sqlalchemy.types import DateTime

T = TypeVar("T")
Facts = dict[str, Any]  # a JSON object, as a column keeps it


class Model(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Model, disable_autonaming=True)

Moment = DateTime(timezone=True)
PAGE = 24
_ALONE, _IN_TURN = 0x51, 0x52  # the kinds of advisory lock that `alone` and `in_turn` take


@contextmanager
def transaction() -> Iterator[scoped_session[Session]]:
    """Commit at the end of the block, or leave nothing of it behind. Opened by views, jobs and commands only."""
    try:
        yield db.session
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise


def array(values: Iterable[int | str]) -> str:
    """Numbers or hex words as PostgreSQL writes an array, to be cast: psycopg's general way takes ten times as long for two hundred."""
    return "{" + ",".join(map(str, values)) + "}"


@contextmanager
def patience() -> Iterator[None]:
    """For a command that may ask the node for an hour between two statements: what it has begun is not taken from it, as it is from who hangs."""
    db.session.rollback()  # what was begun before has its limit still
    engine = db.engine
    event.listen(engine, "begin", _let_wait)
    try:
        yield
    finally:
        event.remove(engine, "begin", _let_wait)


def _let_wait(connection: Connection) -> None:
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def disconnect() -> None:
    """Close every connection of this process: who forks must have none, or its children share them."""
    db.session.remove()
    for engine in db.engines.values():
        engine.dispose()


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """with alone("lane 0x1") as is_alone: … True for one process at a time; the lock ends with it, however it ends.

    It ends with the connection, too, and who has lost that goes on: it spares work, and what must happen once is kept by locked rows and unique keys."""
    key = _number(name)
    with db.engines["reading"].connect() as connection:
        is_alone = bool(connection.scalar(select(func.pg_try_advisory_lock(_ALONE, key))))
        try:
            yield is_alone
        finally:
            if is_alone:
                connection.scalar(select(func.pg_advisory_unlock(_ALONE, key)))


def in_turn(name: str) -> None:
    """Until this transaction ends whoever else comes by this name waits: for what there is no row to lock yet."""
    db.session.execute(select(func.pg_advisory_xact_lock(_IN_TURN, _number(name))))


def before_turn(name: str) -> None:
    """Until this transaction ends who comes in_turn by this name waits; those who come by here do not wait for each other."""
    db.session.execute(select(func.pg_advisory_xact_lock_shared(_IN_TURN, _number(name))))


def are_over(name: str, seconds: float) -> bool:
    """Wait in_turn so many seconds, in a transaction that has done nothing else; whether all who came before_turn have ended by then."""
    try:
        db.session.execute(select(func.set_config("lock_timeout", f"{round(1000 * seconds)}ms", True)))
        in_turn(name)
    except OperationalError as error:
        db.session.rollback()
        if not isinstance(error.orig, LockNotAvailable):
            raise
        return False
    return True


def _number(name: str) -> int:
    return zlib.crc32(name.encode()) - 2**31  # PostgreSQL takes a signed number


def among(column: InstrumentedAttribute[T] | ColumnElement[T], values: Iterable[T]) -> ColumnElement[bool]:
    """Whether the column has one of the values, which are one parameter: `in_` binds each, and a statement has 65,535 at most."""
    return column == any_(literal(list(values), ARRAY(column.type)))


@dataclass(frozen=True)
class Page(Generic[T]):
    """`items` of page `number` of a list of `total`. Knows what the pager asks: page, pages, has_prev, has_next."""

    items: Sequence[T]
    number: int
    total: int
    size: int = PAGE

    @property
    def page(self) -> int:
        return self.number

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def has_prev(self) -> bool:
        return self.number > 1

    @property
    def has_next(self) -> bool:
        return self.number < self.pages


def page_of(rows: Select[T], number: int, size: int = PAGE) -> Page[T]:
    """Page `number` of the rows selected, in two statements."""
    total = db.session.scalars(select(func.count()).select_from(rows.order_by(None).subquery())).one()
    number = nearest_page(number, total, size)
    return Page(db.session.scalars(rows.limit(size).offset((number - 1) * size)).all(), number, total, size)


def page_among(items: Sequence[T], number: int, size: int = PAGE) -> Page[T]:
    """Page `number` of a list that is read whole."""
    number = nearest_page(number, len(items), size)
    return Page(items[(number - 1) * size : number * size], number, len(items), size)


def nearest_page(number: int, total: int, size: int = PAGE) -> int:
    """The page asked for, or the nearest there is: an address may ask for any."""
    return min(max(1, number), max(1, -(-total // size)))
