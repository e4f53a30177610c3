"""Read the house without running it: style, layers, types, dead code, packages and templates, as `make test` begins."""

from rig.terminal import run, say
from rig.test import conclude, do, style


def main():
    conclude([do(step) for step in style()])
    say("\nNothing to mend.")


if __name__ == "__main__":
    run(main)
