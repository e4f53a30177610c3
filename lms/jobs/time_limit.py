"""The time a job has, ended so that nothing takes the end for a fault of what it was at."""

from contextlib import suppress

from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty


class TimeIsUp(BaseException):
    """No Exception, as RQ's own is: who goes on after what went wrong with one row would go on without an end, its alarm spent.

    SQLAlchemy gives up the connection whose statement this broke off; with an Exception the rollback would fail on it."""


class Alarm(UnixSignalDeathPenalty):
    """RQ's, which also ends its own waiting for a fork, by an exception of its own."""

    def handle_death_penalty(self, signum, frame):
        if self._exception is JobTimeoutException:
            raise TimeIsUp(f"it took more than {self._timeout} s")
        super().handle_death_penalty(signum, frame)

    def cancel_death_penalty(self):
        with suppress(TimeIsUp):  # done at the last moment is done
            super().cancel_death_penalty()
