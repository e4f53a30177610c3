"""A platform small enough to break: PostgreSQL, Redis, anvil, two doors to the node, and workers that are forked for each job."""

import base64
import json
import math
import subprocess
from collections import Counter
from contextlib import suppress

import psycopg
import redis
import rq

from rig import ROOT
from rig.services import Anvil, Postgres, Redis
from rig.tools import PYTHON
from tests.faults import node, oracle
from tests.faults.proxy import Faults, Proxy

MEMBERS = ("ana", "bruno", "carla", "dino", "elsa", "fabio")
TREASURY = 1_000 * 10**6
ROUNDS = 12  # of settling, mining and sweeping before a world counts as stuck
FEW_ROUNDS = 3  # where an operator would be needed
_SECRET = "only-for-faults-" + "0123456789abcdef" * 2
_WEI = 10**21


def job(do, *args, **how):
    """`how`: `trapped` False for what no kill may meet, `inside` for what the workers' parent itself does."""
    return {"do": do, "args": args, **how}


class World:
    def __init__(self, directory):
        self.directory = directory
        self.postgres, self.redis, self.anvil = Postgres(directory, durable=False), Redis(directory, durable=False), Anvil(directory)
        self.faults = self._proxies = ()
        self._workers = self._fresh = None

    def __enter__(self):
        for service in (self.postgres, self.redis, self.anvil):
            service.start()
        self.anvil.keeper.stop()  # no state is kept
        self.faults = (Faults(), Faults())
        self._proxies = [Proxy(self.anvil.url, faults) for faults in self.faults]
        self._redis = redis.Redis(port=self.redis.port, socket_timeout=1)
        self._queue = rq.Queue(connection=self._redis)
        self._sql("lms", "CREATE DATABASE world")
        with open(self.directory / "workers.log", "w") as log:
            command = [PYTHON, "-m", "tests.faults.workers"]
            self._workers = subprocess.Popen(
                command, cwd=ROOT, env=self._environment(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )
        self._found()
        return self

    def __exit__(self, *_):
        if self._workers:
            self._workers.stdin.close()
            self._workers.wait(30)
        for proxy in self._proxies:
            proxy.close()
        for service in (self.anvil, self.redis, self.postgres):
            service.remove()

    @property
    def database(self):
        return self._database("world")

    @property
    def head(self):
        return node.height(self.anvil)

    def reset(self, mutant=None, endpoints=1):
        """Everything as it was at the beginning; workers built as the mutant is."""
        self._begin(mutant, endpoints)
        if not self.redis.running:  # a schedule ended in the middle
            self.redis.start()
        node.mine_by_itself(self.anvil, True)
        self._copy_database("fresh", "world")
        self._redis.flushall()
        (self.directory / "clock").unlink(missing_ok=True)
        self.anvil.call("evm_revert", self._fresh)
        self._fresh = self.anvil.call("evm_snapshot")
        node.mine(self.anvil)  # anvil forgets the states of old blocks: nothing is rolled back to one from before
        self.base = self.head

    def run(self, *jobs):
        """The fates of jobs that run at the same time; kill and cut count on over all of them."""
        jobs = [each | self.how for each in jobs]
        order = {"jobs": jobs, "mutant": self.mutant, "config": self.config, "kill": self.kill, "cut": self.cut}
        print(json.dumps(order), file=self._workers.stdin, flush=True)
        answer = json.loads(self._workers.stdout.readline())
        self.kill, self.cut = answer["kill"], answer["cut"]
        self.killed += answer["fates"].count("killed")
        if "hung" in answer["fates"]:
            raise RuntimeError(f"one of {jobs} hangs: see {self.directory}/workers.log")
        return answer["fates"]

    def insist(self, *jobs, times=6):
        """Run them until all are done, as a person would who sees an error page."""
        for _ in range(times):
            if set(self.run(*jobs)) == {"done"}:
                return
        raise RuntimeError(f"one of {jobs} is never done: see {self.directory}/workers.log")

    def post(self, moves):
        """Ledger transfers (key, source, target, amount): whoever asks again with the same key gets the same transfer."""
        if self.is_restored:
            moves = [move for move in moves if move[1] == "issuance"]  # who has what is no longer what the schedule thinks
        self.insist(job("tests.faults.deeds.post", moves))
        self.posted |= {key: amount for key, _, _, amount in moves}
        self.operations += len(moves)

    def join(self, name):
        self.insist(job("tests.faults.deeds.join", name))

    def work(self, most=200):
        """Let a worker do what is queued; a second one comes with a sweep, so that they meet at one operation."""
        seconds = [job("tests.faults.deeds.work", most), job("lms.jobs.chain.sweep")] * (self.workers - 1)
        while "killed" in self.run(job("tests.faults.deeds.work", most), *seconds):
            pass  # and the next worker starts
        self.workers = 1

    def cron(self):
        """What the clock starts, each once; the blocks that time brings."""
        self.enqueue("wallets.sweep")
        self.enqueue("settlement.settle")
        self.work()
        node.mine(self.anvil, 3)
        self.enqueue("chain.sweep")
        self.work()

    def enqueue(self, name, *args):
        with suppress(redis.RedisError):
            self._queue.enqueue(f"lms.jobs.{name}", *args)

    def forget_jobs(self):
        self._redis.flushall()

    def newest_operation(self):
        """Its id as arguments of a job; none where there is no operation."""
        return self._sql("world", "SELECT id FROM operations ORDER BY id DESC LIMIT 1")[0]

    def rob(self):
        """Let the treasury's tokens leave its address on the chain, all of them."""
        address = self._sql("world", _TREASURY)[0][0]
        balance = self.anvil.call("eth_call", {"to": self.token, "data": _BALANCE_OF + address[2:].rjust(64, "0")}, "latest")
        self.anvil.call("anvil_impersonateAccount", address)
        node.set_balance(self.anvil, address, _WEI)
        data = _TRANSFER + f"{0xDEAD:064x}" + balance[2:]
        self.anvil.call("eth_sendTransaction", {"from": address, "to": self.token, "data": data})

    def later(self, deed, operations=1):
        """After so many operations more, or at the end."""
        self._plans.append((self.operations + operations, deed))

    def go_on(self, until=None):
        """Do what is due."""
        now = self.operations if until is None else until
        due = [deed for mark, deed in self._plans if mark <= now]
        self._plans = [(mark, deed) for mark, deed in self._plans if mark > now]
        for deed in due:
            deed()

    def calm(self):
        """No more faults, and rounds until nothing is under way."""
        self.go_on(until=math.inf)
        for faults in self.faults:
            self.struck.update(faults.struck)
            faults.calm()
        self.kill = self.cut = 0
        node.set_base_fee(self.anvil, 1)
        node.mine_by_itself(self.anvil, True)
        node.set_balance(self.anvil, self.signer, _WEI)
        for _ in range(FEW_ROUNDS if "quiet" in self.excused else ROUNDS):
            self.cron()
            if self.is_quiet():
                return

    def is_quiet(self):
        return self._sql("world", _UNDER_WAY) == [(0,)]

    def violations(self):
        return oracle.violations(oracle.Facts(self.anvil, self.database, self.posted), self.excused)

    def copy(self, name):
        """Keep the database as it is now, for restore(name)."""
        self._copy_database("world", name)
        return dict(self.posted)

    def restore(self, name):
        self._copy_database(name, "world")
        self.is_restored = True

    def move_clock(self, seconds):
        (self.directory / "clock").write_text(str(seconds))

    def _begin(self, mutant, endpoints):
        for faults in self.faults:
            faults.calm()
        self.mutant, self.config = mutant, {"RPC_URLS": [proxy.url for proxy in self._proxies[:endpoints]]}
        self.kill = self.cut = self.killed = 0
        self.endpoints, self.workers, self.posted, self.excused = endpoints, 1, {}, set()
        self.operations, self.is_restored, self._plans, self.struck = 0, False, [], Counter()

    def _found(self):
        """Schema, contract, members with addresses, a treasury that holds something: what each schedule begins with."""
        self._begin(None, 1)
        self.how = {"inside": True}
        self.insist(job("tests.faults.deeds.open_house", MEMBERS), times=1)
        for words in (("chain", "signer"), ("chain", "deploy")):
            self.insist(job("tests.faults.deeds.command", *words), times=1)
        self.signer, self.token = self._sql("world", "SELECT signer, token_address FROM deployments")[0]
        self.post([("treasury", "issuance", "treasury", TREASURY)])
        self.calm()
        self.how = {}
        assert self.violations() == []
        self._copy_database("world", "fresh")
        self._fresh = self.anvil.call("evm_snapshot")

    def _copy_database(self, source, target):
        self._sql("lms", f"SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE datname = '{source}'")  # of who was killed
        self._sql("lms", f"DROP DATABASE IF EXISTS {target} WITH (FORCE)")
        self._sql("lms", f"CREATE DATABASE {target} TEMPLATE {source} STRATEGY file_copy")

    def _sql(self, database, statement):
        with psycopg.connect(self._database(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else None

    def _database(self, name):
        return self.postgres.url.replace("+psycopg", "").removesuffix("lms") + name

    def _environment(self):
        return {
            "ENVIRONMENT": "test",
            "DATABASE_URL": self.database,
            "REDIS_URL": self.redis.url,
            "RPC_URLS": self._proxies[0].url,
            "SECRET_KEY": _SECRET,
            "BASE_URL": "http://127.0.0.1:8000",
            "MAIL_URL": f"outbox://{self.directory}/outbox",
            "CHAIN_ID": str(self.anvil.chain_id),
            "CHAIN_DEPTH": "1",
            "CLOCK_FILE": str(self.directory / "clock"),
            "KEK": base64.b64encode(b"k" * 32).decode(),
            "SIGNER_FILE": str(self.directory / "signer.json"),
            "LOG_LEVEL": "WARNING",
        }


_UNDER_WAY = """
    SELECT (SELECT count(*) FROM operations WHERE state NOT IN ('final', 'failed'))
         + (SELECT count(*) FROM transfers WHERE source_holder_id IS NOT NULL AND source_entry_id IS NULL)
         + (SELECT count(*) FROM transfers WHERE target_holder_id IS NOT NULL AND target_entry_id IS NULL)"""
_TREASURY = "SELECT address FROM wallets JOIN holders ON holders.id = holder_id WHERE user_id IS NULL"
_BALANCE_OF, _TRANSFER = "0x70a08231", "0xa9059cbb"
