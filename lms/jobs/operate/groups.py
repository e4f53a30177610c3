"""The groups the commands stand in."""

from flask.cli import AppGroup

chain = AppGroup("chain", help="The chain: signers, contracts, operations.")
demo = AppGroup("demo", help="The demo only.")
