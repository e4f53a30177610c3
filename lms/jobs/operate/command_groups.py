"""The groups the commands stand in."""

from flask.cli import AppGroup

chain = AppGroup("chain", help="The chain: signers, contracts, operations.")
keys = AppGroup("keys", help="The keys of members and signers.")
demo = AppGroup("demo", help="The demo only.")
rulebook = AppGroup("rulebook", help="The rules: their versions in words.")
