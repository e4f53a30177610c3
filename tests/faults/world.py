"""A platform small enough to break: PostgreSQL, Redis, anvil, two doors to the node, and workers that are forked for each job."""

import base64
import json
import math
import shutil
import subprocess
import time
from collections import Counter
from contextlib import suppress

import redis
import rq

from rig import ROOT
from rig.services import Anvil, Postgres, Redis
from rig.tools import PYTHON
from tests.faults import node, oracle
from tests.faults.databases import Databases
from tests.faults.proxy import Faults, Proxy
from tests.faults.strangers import ADMIN, STRANGER, Strangers

MEMBERS = ("ana", "bruno", "carla", "dino", "elsa", "fabio")
COURSES = ("algebra", "botany", "chemistry")
DROPPED_COURSE = "drama"  # whose certificates an operator drops
TREASURY = 1_000 * 10**6
OUTSIDE = "outside@"
LANES = 2
ROUNDS = 12  # of settling, mining and sweeping before a world counts as stuck
THIEF = "0x" + "dead".rjust(40, "0")
_STEP = 25  # seconds from one round to the next: more than what a stuck transaction waits
_PAUSE = "8456cb59"
_SECRET = "only-for-faults-" + "0123456789abcdef" * 2
_WEI = 10**21
_DAY = 24 * 3600


def job(do, *args, **how):
    """`how`: `trapped` False for what no kill may meet, `inside` for what the workers' parent itself does."""
    return {"do": do, "args": args, **how}


class World:
    def __init__(self, directory):
        self.directory = directory
        self.postgres, self.redis, self.anvil = Postgres(directory, durable=False), Redis(directory, durable=False), Anvil(directory, epoch=node.EPOCH)
        self.faults = self._proxies = ()
        self._databases, self.strangers = Databases(self.postgres), Strangers(self.anvil, directory / "foreign")
        self._fresh = directory / "fresh.json"
        self._workers = self._snapshot = None

    def __enter__(self):
        for service in (self.postgres, self.redis, self.anvil):
            service.start()
        self.anvil.keeper.stop()
        self.faults = (Faults(), Faults())
        self._proxies = [Proxy(self.anvil.url, faults) for faults in self.faults]
        self._redis = redis.Redis(port=self.redis.port, socket_timeout=1)
        self._queue = rq.Queue(connection=self._redis)
        self._databases.create("world")
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
        return self._databases.url("world")

    @property
    def head(self):
        return node.height(self.anvil)

    def reset(self, mutant=None, endpoints=1):
        """Everything as it was at the beginning; workers built as the mutant is."""
        self._begin(mutant, endpoints)
        if not self.redis.running:  # a schedule ended in the middle
            self.redis.start()
        self._databases.copy("fresh", "world")
        self._redis.flushall()
        self.move_clock(self._founded + _DAY)  # what the first rows say has been; the day's tree has not
        self._reset_chain()
        node.mine(self.anvil)  # anvil forgets the states of old blocks: nothing is rolled back to one from before
        self.stand()

    def run(self, *jobs):
        """The fates of jobs that run at the same time; kill, cut and kill_sent count on over all of them."""
        order = {"jobs": [each | self.how for each in jobs], "mutant": self.mutant, "config": self.config, "left": self.left}
        print(json.dumps(order), file=self._workers.stdin, flush=True)
        answer = json.loads(self._workers.stdout.readline())
        self.left = answer["left"]
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
        """Transfers (key, source, target, amount): whoever asks again with the same key gets the same one. From somebody's parts is a refund.

        To somebody's "…@" is a withdrawal, to OUTSIDE and to "token@" too; from OUTSIDE it is a deposit. Either may go to "…@before":
        who sends it has kept the address from before the key was replaced."""
        if self.is_restored:
            moves = [move for move in moves if move[1] in ("issuance", OUTSIDE) or move[1].endswith(":parts")]  # who has what is no longer what the schedule thinks
        asked = [(key, source, self._place(target), amount) for key, source, target, amount in moves if source != OUTSIDE]
        self.insist(job("tests.faults.deeds.post", asked))
        self.acknowledged(asked)
        for _, source, target, amount in moves:
            if source == OUTSIDE:
                self.pay_in(target, amount)
        self.operations += len(moves)

    def acknowledged(self, moves):
        """These happened. What somebody got by them is remembered when the database is an older one again, too."""
        self.posted |= {key: amount for key, _, _, amount in moves}
        for key, source, target, amount in moves:
            owner = target.partition(":")[0]
            if owner != source.partition(":")[0]:
                self.credits[key] = owner, amount

    def pay_in(self, name, amount):
        """A stranger sends what he has of it to a member's address."""
        if address := self.address(name):
            self.strangers.pay(address, amount)

    def certify(self, achieved):
        """Members complete courses, (name, slug) each, and get a certificate: whoever asks again gets the same one."""
        self.insist(job("tests.faults.deeds.certify", achieved))
        self.posted |= {f"certificate:{name}:{slug}": 1 for name, slug in achieved}

    def resend(self):
        self.strangers.resend()

    def join(self, name):
        self._newcomers.add(name)
        self.insist(job("tests.faults.deeds.join", name))

    def suspend(self, name):
        newest = self._sql("SELECT coalesce(max(id), 0) FROM attempts")[0][0]
        self.insist(job("tests.faults.deeds.suspend", name))
        self.suspended.setdefault(name, newest)

    def let_in(self, name):
        self.insist(job("tests.faults.deeds.let_in", name))
        self.suspended.pop(name, None)

    def work(self, most=200):
        """Let a worker do what is queued; a second one comes with a sweep, so that they meet at one operation."""
        seconds = [job("tests.faults.deeds.work", most, 2), job("lms.jobs.stuck_transactions.sweep")] * (self.workers - 1)
        while "killed" in self.run(job("tests.faults.deeds.work", most, self.operations), *seconds):
            pass  # and the next worker starts
        self.workers = 1

    def cron(self):
        """What the clock starts, each once; the blocks that time brings."""
        self.move_clock(_STEP)
        self.resend()
        self._start("wallets.sweep", "settlement.settle", "solvency.publish", "certificates.issue")
        node.mine(self.anvil, node.FINAL + 1)
        self._start("deposits.scan", "stuck_transactions.sweep")
        self.operate()

    def _start(self, *names):
        for name in names:
            self.enqueue(name)
        self.work()

    def operate(self):
        """What an operator does who reads the incidents: a command that cannot help yet is given again in the next round."""
        for number, kind, subject in self._sql(_INCIDENTS):
            if kind not in _COMMANDS:
                continue
            words = [word.format(subject) for word in _COMMANDS[kind]]
            if not words or self.command(*words):
                self._sql(f"UPDATE incidents SET closed_at = now() WHERE id = {number}")
        if self._sql("SELECT name FROM switches") and not self.is_paused:
            self.command("chain", "resume")
        if self.strangers.is_paused() and not self.keeps_contract_paused:
            self.strangers.unpause()

    def recover(self):
        """After a restored database, before anything else: a command that dies is given again, once a node that lost blocks is as high as it was."""
        for tries in range(6):
            if self.command("chain", "recover"):
                return
            time.sleep(tries / 2)  # on a slow machine
            node.mine(self.anvil, max(1, self.highest - self.head))
        said = (self.directory / "workers.log").read_text().splitlines()[-40:]
        raise RuntimeError("\n".join(["flask chain recover never ends well:", *said]))

    def adopt_lanes(self):
        """What an operator does who knows why the chain is ahead of each lane, and of nothing else."""
        for signer in self.signers:
            self.insist(job("tests.faults.deeds.command", "chain", "adopt", signer))

    def replace_key(self, name):
        """By the operator, of a member who has an address. A command that dies may have done it: given again, it replaces the new key too."""
        if self.address(name):
            self.insist(job("tests.faults.deeds.command", "keys", "replace", f"{name}@example.org"))

    def command(self, *words):
        """Whether a command of `flask` did it; newest blocks become final first, and from then on stand."""
        node.mine(self.anvil, node.FINAL + 1)
        self.stand()
        return self.run(job("tests.faults.deeds.command", *words)) == ["done"]

    def enqueue(self, name, *args):
        with suppress(redis.RedisError):
            self._queue.enqueue(f"lms.jobs.{name}", *args)

    def forget_jobs(self):
        with suppress(redis.RedisError):  # it may be dead meanwhile
            self._redis.flushall()

    def newest_operation(self):
        """Its id as arguments of a job; none where there is no operation."""
        return self._sql("SELECT id FROM operations ORDER BY id DESC LIMIT 1")[0]

    def open_operations(self, kind):
        """Ids of those that may still be dropped, newest first."""
        return [row[0] for row in self._sql(f"SELECT id FROM operations WHERE kind = '{kind}' AND state IN ('queued', 'signed', 'sent') ORDER BY id DESC")]

    def send_first_attempt(self, operation):
        """Somebody gives the node what was signed for an operation first."""
        for (raw,) in self._sql(f"SELECT raw FROM attempts WHERE operation_id = {operation} ORDER BY id LIMIT 1"):
            self.strangers.send("0x" + raw.hex())

    def rob(self, to=THIEF):
        """Let the treasury's tokens leave its address on the chain, all of them."""
        self.strangers.rob(self.address("treasury"), to)
        self.is_robbed = True
        self.stand()

    def send_from_the_same_key(self, lane):
        self.insist(job("tests.faults.deeds.send_from_the_same_key", lane, str(self.strangers.foreign), trapped=False))

    def pause_contract(self, lane):
        """By the key of one of our signers; the admin ends it once nobody wants it any more."""
        self.insist(job("tests.faults.deeds.send_from_the_same_key", lane, str(self.strangers.foreign), self.token, _PAUSE, trapped=False))
        self.keeps_contract_paused = True

    def kill_node(self, forgets):
        """SIGKILL, and started again: it has lost its newest blocks; if it `forgets`, every block there was."""
        self.highest = max(self.highest, self.head)
        self.anvil.process.child.kill()
        self.anvil.process.child.wait()
        if forgets:
            self.anvil.state.unlink(missing_ok=True)
        self._start_node()
        self.strangers.fund()
        self.resend()
        self._snapshot = None

    def stand(self):
        """No block up to here vanishes from now on: we could not bring back what is in it."""
        self.base = self.head

    def _place(self, target):
        """Where a withdrawal goes: "ana@" is her custodial address, if she has one by now."""
        if target == OUTSIDE:
            return STRANGER.address
        if "@" in target:
            return (self.token if target == "token@" else self.address(target.removesuffix("@"))) or STRANGER.address
        return target

    def address(self, name):
        """In use; of "ana@before" what she had before her key was replaced. None before she has one."""
        name, _, before = name.partition("@")
        who = "u.id IS NULL" if name == "treasury" else f"u.email = '{name}@example.org'"
        found = self._sql(f"SELECT address FROM wallets JOIN holders h ON h.id = holder_id LEFT JOIN users u ON u.id = user_id WHERE {who} ORDER BY wallets.id")
        return found[-2 if before and found[1:] else -1][0] if found else None

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
        self.left = {}
        node.set_base_fee(self.anvil, 1)
        node.mine_by_itself(self.anvil, True)
        self.is_paused = self.keeps_contract_paused = False
        self.ahead = self.furthest
        self.resend()
        traces = []
        for _ in range(ROUNDS):
            for address in self.signers:
                node.set_balance(self.anvil, address, _WEI)
            self.cron()
            traces.append(self._sql(_TRACES))
            if self.is_quiet() or (self.mutant and self._is_past_help(traces)):
                break
        if not self.is_robbed:
            self.insist(job("lms.jobs.balances.compare"))

    def _is_past_help(self, traces):
        """A broken build, and it is plain already, or nothing has moved for four rounds."""
        return (len(traces) > 4 and len(set(map(tuple, traces[-5:]))) == 1) or bool(self.violations(is_quiet=False))

    def is_quiet(self):
        return self._sql(_UNDER_WAY) == [(0,)] and not self.strangers.unmined()

    def violations(self, is_quiet=True):
        return oracle.violations(oracle.Facts(self.anvil, self.database, self.posted, self.suspended, self.is_restored, self.credits), is_quiet)

    def copy(self, name):
        """Keep the database as it is now, for restore(name)."""
        self._databases.copy("world", name)
        return dict(self.posted)

    def restore(self, name):
        """The database as it was then; those it knows nothing of sign up again."""
        self._databases.copy(name, "world")
        self.is_restored = True
        self.suspended = dict(self._sql(_SUSPENDED))
        for newcomer in sorted(self._newcomers):
            self.join(newcomer)

    def move_clock(self, seconds):
        self.ahead += seconds
        self.furthest = max(self.furthest, self.ahead)
        (self.directory / "clock").write_text(str(self.ahead))

    def _begin(self, mutant, endpoints):
        for faults in self.faults:
            faults.calm()
        self.mutant, self.config = mutant, {"RPC_URLS": [proxy.url for proxy in self._proxies[:endpoints]]}
        self.left, self.killed = {}, 0
        self.endpoints, self.workers, self.posted, self.operations = endpoints, 1, {}, 0
        self.ahead = self.furthest = 0
        self.is_restored = self.is_robbed = self.is_paused = self.keeps_contract_paused = False
        self.suspended = {}  # by name the newest attempt that was signed before
        self._plans, self.struck, self.highest = [], Counter(), 0
        self._newcomers = set()
        self.credits = {}  # (who got it, amount) by key, of all that was ever asked for
        self.strangers.forget()

    def _found(self):
        """Schema, contract, members with addresses, a treasury that holds something: what each schedule begins with."""
        self._begin(None, 1)
        self.how = {"inside": True}
        self.insist(job("tests.faults.deeds.open_house", MEMBERS, (*COURSES, DROPPED_COURSE)), times=1)
        for words in (("chain", "signer"), ("chain", "deploy")):
            self.insist(job("tests.faults.deeds.command", *words), times=1)
        self.token = self.strangers.token = self._sql("SELECT address FROM contracts WHERE name = 'TeoCoin'")[0][0]
        self.strangers.fund()
        self.cron()
        self.signers = [row[0] for row in self._sql("SELECT address FROM signers ORDER BY address")]
        self.post([("treasury", "issuance", "treasury", TREASURY)])
        self.calm()
        self.how = {}
        assert self.violations() == []
        self._founded = self.ahead
        self._databases.copy("world", "fresh")
        self._keep_chain()

    def _keep_chain(self):
        """The node's state as a file too: a node that was killed has no snapshot any more."""
        self.anvil.stop()
        shutil.copy(self.anvil.state, self._fresh)
        self._start_node()
        self._snapshot = self.anvil.call("evm_snapshot")

    def _reset_chain(self):
        if self._snapshot is None or not self.anvil.call("evm_revert", self._snapshot):
            self.anvil.stop()
            shutil.copy(self._fresh, self.anvil.state)
            self._start_node()
        shutil.copy(self._fresh, self.anvil.state)  # a node that is killed before it keeps it anew would begin with the schedule before
        node.mine_by_itself(self.anvil, True)
        node.drop_waiting(self.anvil)  # what waited for a nonce of the schedule before would be a stranger's in this one
        self._snapshot = self.anvil.call("evm_snapshot")

    def _start_node(self):
        self.anvil.start()
        self.anvil.keeper.stop()
        self.stand()

    def _sql(self, statement):
        return self._databases.sql("world", statement)

    def _environment(self):
        return {
            "ENVIRONMENT": "test",
            "DATABASE_URL": self.database,
            "REDIS_URL": self.redis.url,
            "RPC_URLS": self._proxies[0].url,
            "SECRET_KEY": _SECRET,
            "BASE_URL": "http://127.0.0.1:8000",
            "MAIL_URL": f"outbox://{self.directory}/outbox",
            "FILES_URL": f"file://{self.directory}/files",
            "CHAIN_ID": str(self.anvil.chain_id),
            "CHAIN_DEPTH": "1",
            "TOKEN_ADMIN": ADMIN.address,
            "CLOCK_FILE": str(self.directory / "clock"),
            "KEK": base64.b64encode(b"k" * 32).decode(),
            "SIGNER_FILES": ",".join(str(self.directory / f"signer{lane}.json") for lane in range(LANES)),
            "SETTLE_SECONDS": "0",
            "LOG_LEVEL": "WARNING",
        }


_LOOKED_AT = "(SELECT subject FROM incidents WHERE kind = 'burn skipped' AND closed_at IS NULL)"
_UNDER_WAY = f"""
    SELECT (SELECT count(*) FROM operations WHERE state NOT IN ('final', 'failed'))
         + (SELECT count(*) FROM transfers WHERE source_entry_id IS NULL AND source_holder_id IS NOT NULL AND source_holder_id::text NOT IN {_LOOKED_AT})
         + (SELECT count(*) FROM transfers WHERE target_entry_id IS NULL AND target_holder_id IS NOT NULL AND target_holder_id::text NOT IN {_LOOKED_AT})
         + (SELECT count(*) FROM withdrawals w JOIN holders h USING (user_id)
            WHERE state NOT IN ('sent', 'failed')
            AND NOT (state = 'approved' AND (h.id::text IN {_LOOKED_AT} OR user_id IN (SELECT id FROM users WHERE suspended_at IS NOT NULL))))
         + (SELECT count(*) FROM deposits WHERE entry_id IS NULL AND NOT is_parked AND amount >= {oracle.SMALL})
         + (SELECT count(*) FROM wallets WHERE must_move)
         + (SELECT count(*) FROM certificates WHERE operation_id IS NULL)
         + (SELECT count(*) FROM switches)"""
_TRACES = f"SELECT state, count(*) FROM operations GROUP BY state UNION ALL SELECT 'attempts', count(*) FROM attempts UNION ALL SELECT 'under way', ({_UNDER_WAY}) ORDER BY 1, 2"
_SUSPENDED = "SELECT split_part(email, '@', 1), (SELECT coalesce(max(id), 0) FROM attempts) FROM users WHERE suspended_at IS NOT NULL"
_INCIDENTS = "SELECT id, kind, subject FROM incidents WHERE closed_at IS NULL ORDER BY id"
# What is done about an incident; nothing but a look where the world itself does it.
_COMMANDS = {
    "foreign nonce": ("chain", "adopt", "{}"),
    "lane halted": ("chain", "adopt", "{}"),
    "not our entries": ("chain", "recover"),
    "foreign mint": ("chain", "recover"),
    "out of funds": (),
    "fees too high": (),
}
