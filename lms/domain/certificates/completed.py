"""What certificates and badges read of an enrolment, of which learning, above them, knows more."""

from datetime import datetime
from typing import Protocol

from lms.domain.courses.models import Course


class Completed(Protocol):
    """An enrolment; `completed_at` and `ended_at` say whether what it brings is the member's. `paid` in cents."""

    @property
    def user_id(self) -> int: ...

    @property
    def course_id(self) -> int: ...

    @property
    def order_id(self) -> int | None: ...

    @property
    def paid(self) -> int: ...

    @property
    def completed_at(self) -> datetime | None: ...

    @property
    def ended_at(self) -> datetime | None: ...

    @property
    def course(self) -> Course: ...
