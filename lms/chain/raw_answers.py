"""A node's answer as it is: what web3 makes of a receipt with two hundred logs takes longer than signing the batch."""

from typing import Any

from web3 import Web3
from web3.exceptions import Web3RPCError
from web3.types import RPCEndpoint


def ask(web3: Web3, method: str, *params: Any) -> Any:
    """The result, None where there is none; Web3RPCError when the node refuses, as web3 raises it."""
    answer = web3.provider.make_request(RPCEndpoint(method), params)
    if answer.get("error"):
        raise Web3RPCError(str(answer["error"]), rpc_response=answer)
    return answer["result"]


def number(web3: Web3, method: str, *params: Any) -> int:
    """The number that is the result."""
    return int(ask(web3, method, *params), 16)
