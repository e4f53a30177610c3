"""The way to the chain: endpoints, keys, contracts, transactions. Only the worker and the commands import it."""
