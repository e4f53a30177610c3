"""The streams open in this process, fed by one Redis subscription that all of them share."""

import json
import logging
import threading
import time
from itertools import count

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import RedisError
from redis.retry import Retry

from lms import live
from lms.blueprints.live.seats import MOST_STREAMS, Seats
from lms.blueprints.live.stream import HEARTBEAT, Stream, message
from lms.domain.accounts import queries as accounts

log = logging.getLogger(__name__)

HEARING = 1  # seconds a page waits at most for Redis to hand us what is pushed to its member
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 5  # seconds between two tries to reach Redis
HEALING_AT_ONCE = 4  # streams that render anew at a time; the others wait for their turn

_NOTHING_TO_WAIT_FOR = threading.Event()
_NOTHING_TO_WAIT_FOR.set()


class Hub:
    """Reads what is pushed to the members who have a page open here and hands it to their streams. Redis so knows who listens: to nobody else is pushed.

    With Redis down each process counts its own members' streams.
    """

    def __init__(self):
        self.lock = threading.Lock()
        self.numbers = count(1)
        self.streams = {}  # member's id → his streams, the oldest first
        self.app = None
        self.seats = Seats()
        self.is_connected = False
        self.subscription = None
        self.heard = {}  # member's id → set once Redis hands us what is pushed to him
        self._healing = threading.BoundedSemaphore(HEALING_AT_ONCE)
        self._tried = threading.Event()
        self._starting = threading.Lock()

    def open(self, app, user, names, environ):
        """A stream for the member's page. His sixth ends the oldest."""
        self._start(app)
        stream = Stream(self, user, names, environ)
        with self.lock:
            mine = self.streams.setdefault(user.id, [])
            mine.append(stream)
            candidates = list(mine)
            heard = self._hear(user.id)
        heard.wait(HEARING)
        self._drop_cut(candidates)
        for oldest in self.streams.get(user.id, [])[:-MOST_STREAMS]:
            self._end(oldest)
        self._enrol(stream)
        return stream

    def leave(self, stream):
        """Forget a stream; forgetting it twice does no harm."""
        with self.lock:
            mine = self.streams.get(stream.user_id, [])
            if stream not in mine:
                return
            mine.remove(stream)
            if not mine:
                del self.streams[stream.user_id]
                self._hear_no_more(stream.user_id)
        if self.is_connected:
            self._try(lambda: self.seats.give_up(stream))

    def heal(self, stream):
        """Render all of a stream's blocks anew, a few streams at a time."""
        with self._healing, self.app.app_context():
            order = self.moment() or 0
            for name, html in live.shown(stream.user_id, stream.orders).items():
                stream.put(name, order, message(html))
            self._enrol(stream)

    def moment(self):
        """live.moment(), or None with Redis down."""
        return self._try(live.moment) if self.is_connected else None

    def _start(self, app):
        """Start the threads at the first stream: a web process forks before."""
        with self._starting:
            if self.app is None:
                self.app = app
                for task in (self._read, self._keep):
                    threading.Thread(target=task, name=f"live-{task.__name__.strip('_')}", daemon=True).start()
        self._tried.wait(2)

    # What is read

    def _read(self):
        """Listen for ever; a lost Redis is looked for again and again."""
        pause = SHORTEST_PAUSE
        while True:
            try:
                self._listen()
            except RedisError as error:
                log.warning("live pages are not fed", extra={"error": type(error).__name__})
            except Exception:
                log.exception("live pages are not fed")
            pause = SHORTEST_PAUSE if self.is_connected else min(LONGEST_PAUSE, pause * 2)
            self.is_connected = False
            with self.lock:
                self._let_go()
            self._tried.set()
            time.sleep(pause)

    def _listen(self):
        # A client that connected again by itself would hide that pushes were missed.
        never = Retry(NoBackoff(), 0)
        redis = Redis.from_url(self.app.config["REDIS_URL"], socket_timeout=5, socket_connect_timeout=0.5, retry=never)
        with redis.pubsub() as subscription:
            subscription.subscribe(live.channel(""))  # nobody's: without any channel there is nothing to wait for
            subscription.get_message(timeout=5)
            with self.lock:
                self.subscription = subscription
                unheard = len([self._hear(user_id) for user_id in self.streams])
            while unheard:
                unheard -= self._take_in(subscription.get_message(timeout=5))
            self._connected()
            self._deliver_all(subscription)

    def _hear(self, user_id):
        """Ask Redis for what is pushed to the member; the event is set once it hands that on. Without a connection there is nothing to wait for."""
        if self.subscription is None:
            return _NOTHING_TO_WAIT_FOR
        if user_id not in self.heard:
            heard = self.heard[user_id] = threading.Event()
            self._ask(self.subscription.subscribe, user_id)
            return heard
        return self.heard[user_id]

    def _hear_no_more(self, user_id):
        if self.heard.pop(user_id, None):
            self._ask(self.subscription.unsubscribe, user_id)

    def _ask(self, change, user_id):
        """Where this fails, its reader has missed something: it must connect anew."""
        try:
            change(live.channel(user_id))
        except RedisError:
            self._let_go()

    def _let_go(self):
        self.subscription, self.heard = None, {}

    def _connected(self):
        """From here on nothing is missed; what was before may have been."""
        self.seats.renew()
        self.is_connected = True
        self._tried.set()
        for stream in self._all():
            stream.go_stale()

    def _deliver_all(self, subscription):
        """Hand on what comes; a Redis that does not answer a ping is gone."""
        asked = False
        while True:
            found = subscription.get_message(timeout=LONGEST_PAUSE)
            if self.subscription is not subscription:
                raise RedisGone("a channel could not be asked for")
            if found:
                self._take_in(found)
            else:
                if asked:
                    raise RedisGone("Redis does not answer")
                subscription.ping()
            asked = found is None

    def _take_in(self, found):
        """True when it was Redis's word that a channel is heard."""
        if found is None:
            raise RedisGone("Redis does not answer")
        if found["type"] == "message":
            self._deliver(found)
        elif found["type"] == "subscribe":
            self.heard.get(_member(found), _NOTHING_TO_WAIT_FOR).set()
        return found["type"] == "subscribe"

    def _deliver(self, found):
        mine = self.streams.get(_member(found))
        if not mine:
            return
        news = json.loads(found["data"])
        if "close" in news:
            self._end_tagged(list(mine), news["close"])
            return
        data = message(news["html"])
        for stream in list(mine):
            stream.put(news["name"], news["order"], data)

    # Five streams a member

    def _enrol(self, stream):
        if self.is_connected:
            self._try(lambda: self.seats.take(stream))

    def _end_tagged(self, streams, tag):
        for stream in streams:
            if self.seats.tag(stream) == tag:
                self._end(stream)

    def _end(self, stream):
        stream.end()
        self.leave(stream)

    # What is kept in order

    def _keep(self):
        """Every second forget whose browser has gone; at each heartbeat show that we live and end whose sign-in has ended."""
        for second in count(1):
            time.sleep(1)
            try:
                self._drop_cut(self._all())
                if second % HEARTBEAT == 0:
                    self.seats.say_alive()
                    self._end_signed_out()
            except RedisError:
                continue  # the reader says so
            except Exception:
                log.exception("live pages were not looked after")

    def _drop_cut(self, streams):
        for stream in streams:
            if stream.is_cut:
                self._end(stream)

    def _end_signed_out(self):
        streams = self._all()
        with self.app.app_context():
            lasting = accounts.lasting_sign_ins({stream.sign_in for stream in streams})
        for stream in streams:
            if stream.sign_in not in lasting:
                self._end(stream)

    def _all(self):
        with self.lock:
            return [stream for mine in self.streams.values() for stream in mine]

    def _try(self, ask):
        try:
            return ask()
        except RedisError as error:
            log.warning("live streams could not be counted", extra={"error": type(error).__name__})
            return None


def _member(found):
    """Whose channel a message came from; None for nobody's."""
    return int(found["channel"].partition(b":")[2] or 0) or None


hub = Hub()
