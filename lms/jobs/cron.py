"""RQ's own scheduler over the table of scheduled jobs: `python -m lms.jobs.cron`. It needs no keys and no database."""

import os

from redis import Redis
from rq.cron import CronScheduler

from lms import config, logs
from lms.jobs import schedule
from lms.queue import NAME


def main():
    settings = config.read("web")
    logs.init(settings["LOG_LEVEL"], hide=config.sensitive(settings))
    scheduler = CronScheduler(Redis.from_url(settings["REDIS_URL"]), name=f"cron:{os.getpid()}")
    for name, seconds in schedule.TABLE:
        # An entry that no worker took is worthless when the next one comes.
        scheduler.register(schedule.run, NAME, args=(name,), interval=seconds, ttl=seconds, result_ttl=0, failure_ttl=3600, name=name)
    scheduler.start()


if __name__ == "__main__":
    main()
