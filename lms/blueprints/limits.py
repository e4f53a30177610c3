"""How often somebody may try. Counted in Redis, in memory while Redis is down."""

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(get_remote_address)
