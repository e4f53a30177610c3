"""The whole Merkle sum tree, of which solvency_proof.py checks one path. Its construction and its sources stand there."""

from collections.abc import Iterable

from lms.formats.solvency_proof import FILLER, Node, Step, parent

WIDTH = 40  # bytes of a packed node: 32 of its hash, 8 of its sum


def levels(leaves: Iterable[Node]) -> list[list[Node]]:
    """The Nodes of each level from at least one leaf up to the root. An odd level below the root ends in a filler."""
    found = [list(leaves)]
    while len(found[-1]) > 1:
        nodes = found[-1]
        if len(nodes) % 2:
            nodes.append(FILLER)
        found.append([parent(left, right) for left, right in zip(nodes[::2], nodes[1::2], strict=True)])
    return found


def path(siblings: Iterable[Node], index: int) -> tuple[Step, ...]:
    """The Steps up from leaf `index`, given its sibling on each level."""
    return tuple(Step("left" if index >> height & 1 else "right", sibling) for height, sibling in enumerate(siblings))


def pack(nodes: Iterable[Node]) -> bytes:
    """A level as bytes: any node of it is a slice."""
    return b"".join(node.hash + node.sum.to_bytes(8, "big") for node in nodes)


def unpack(packed: bytes) -> Node:
    return Node(bytes(packed[:32]), int.from_bytes(packed[32:WIDTH], "big"))
