"""How the numbers of an admin's home went: noted by the day, read for a fortnight."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lms import clock
from lms.db import db
from lms.domain.desk.snapshot_models import Snapshot

DAYS = 14  # shown, today included
SPAN = 7  # days over which a change is told


@dataclass(frozen=True)
class Trend:
    """`value` is as it is now, None where nobody can say; `points` are the (day, value) known of the last DAYS days, oldest first, today's as it is now."""

    value: int | None
    points: tuple[tuple[date, int], ...]

    @property
    def change(self) -> tuple[int, int] | None:
        """(by how much it grew, within how many days): since SPAN days ago, or the nearest day known. None where there is nothing to compare."""
        if self.value is None or len(self.points) < 2:
            return None
        today = self.points[-1][0]
        day, before = min(self.points[:-1], key=lambda point: abs((today - point[0]).days - SPAN))
        return self.value - before, (today - day).days


def of(values: Mapping[str, int | None]) -> dict[str, Trend]:
    """{name: Trend} of numbers as they are now; one statement."""
    today = _today()
    earlier: dict[str, list[tuple[date, int]]] = {name: [] for name in values}
    rows = select(Snapshot.day, Snapshot.name, Snapshot.value).where(Snapshot.day > today - timedelta(days=DAYS), Snapshot.day < today)
    for day, name, value in db.session.execute(rows.order_by(Snapshot.day)):
        earlier.get(name, []).append((day, value))
    return {name: Trend(value, (*earlier[name], *([] if value is None else [(today, value)]))) for name, value in values.items()}


def note(values: Mapping[str, int | None]) -> None:
    """Keep numbers as today's; what was noted earlier today is replaced, and what nobody can say leaves it as it is."""
    keep(_today(), values)


def keep(day: date, values: Mapping[str, int | None]) -> None:
    """Keep numbers as those of a day."""
    rows = [dict(day=day, name=name, value=value) for name, value in values.items() if value is not None]
    if rows:
        added = insert(Snapshot).values(rows)
        db.session.execute(added.on_conflict_do_update(index_elements=["day", "name"], set_={"value": added.excluded.value}))


def _today() -> date:
    return clock.now().astimezone(UTC).date()
