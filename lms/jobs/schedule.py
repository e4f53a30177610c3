"""What runs by the clock: (job, seconds). The database is the truth: each of these finds what no queued job holds."""

from importlib import import_module

TABLE = (
    ("settlement.settle", 3),
    ("stuck_transactions.sweep", 5),
    ("deposits.scan", 10),
    ("balances.compare", 60),
    ("wallets.sweep", 10),
    ("rpc_endpoints.survey", 30),
    ("notices.deliver", 3),
    ("mail.sweep", 20),
    ("withdrawals.check", 10),
    ("withdrawals.look_again", 3600),
    ("rewards.mature", 20),
    ("checkout.expire", 30),
    ("checkout.decide", 60),
    ("checkout.keep", 300),
    ("exercises.replace", 60),
    ("quizzes.close", 60),
    ("staking.release", 30),
    ("payments.sweep", 20),
    ("payments.compare", 86_400),
    ("accounts.forget_sessions", 3600),
    ("notices.forget", 3600),
    ("contracts.check", 300),
    ("solvency.publish", 300),
    ("audit.check", 86_400),
    ("certificates.issue", 60),
    ("files.sweep", 86_400),
    ("snapshots.take", 3600),
    ("backtests.sweep", 30),
    ("desk.tell_admins", 60),
)


def run(name):
    """Run lms.jobs.<module>.<function>; cron enqueues this, so that it needs to import none of the jobs itself."""
    if name not in dict(TABLE):
        raise LookupError(f"{name} does not run by the clock")
    module, function = name.rsplit(".", 1)
    getattr(import_module(f"lms.jobs.{module}"), function)()
