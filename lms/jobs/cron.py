"""RQ's own scheduler over the table of scheduled jobs: `python -m lms.jobs.cron`. It needs no keys and no database."""

import os

from rq.cron import CronScheduler

from lms import config, logs
from lms.jobs import schedule
from lms.queue import lasting, queue_of


def main():
    settings = config.read("web")
    logs.init(settings["LOG_LEVEL"], hide=config.sensitive(settings))
    scheduler(lasting(settings["REDIS_URL"])).start()


def scheduler(redis):
    made = CronScheduler(redis, name=f"cron:{os.getpid()}")
    for name, seconds in schedule.TABLE:
        # An entry that no worker took is worthless when the next one comes; one that failed is shown until then, or for an hour.
        kept = max(3600, seconds)
        made.register(schedule.run, queue_of(name), args=(name,), interval=seconds, ttl=seconds, result_ttl=0, failure_ttl=kept, name=name)
    return made


if __name__ == "__main__":
    main()
