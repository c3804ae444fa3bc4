"""The hash tree under a seal (RFC 6962, section 2.1): one short root stands for many leaves, and a path of a few hashes proves
that one leaf is among them to somebody who has the root alone.

Pure and without a key: needs nothing but Python's own library, so that a checker far from this system can carry this file along.
A leaf is hashed with a zero byte in front and a node with a one byte, so that no node can be shown as a leaf.
"""

import hashlib
from collections.abc import Iterable, Sequence


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Growing:
    """The root of leaves that come one after the other, in memory that grows with the number of digits of their count."""

    def __init__(self) -> None:
        self.size = 0
        self._whole: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        node, size = leaf_hash(leaf), self.size
        while size & 1:
            node = node_hash(self._whole.pop(), node)
            size >>= 1
        self._whole.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The root so far. Of no leaf it is the hash of nothing."""
        if not self._whole:
            return hashlib.sha256(b"").digest()
        node = self._whole[-1]
        for left in reversed(self._whole[:-1]):
            node = node_hash(left, node)
        return node


class Tree:
    """All levels of a tree, for somebody who needs the paths of many leaves."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        self._levels = [[leaf_hash(leaf) for leaf in leaves]]
        while len(self._levels[-1]) > 1:
            level = self._levels[-1]
            above = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
            self._levels.append(above + level[len(level) & ~1 :])

    @property
    def size(self) -> int:
        return len(self._levels[0])

    def root(self) -> bytes:
        return self._levels[-1][0] if self.size else hashlib.sha256(b"").digest()

    def path(self, index: int) -> list[bytes]:
        """The hashes beside the way from a leaf to the root, lowest first. Raises IndexError when there is no such leaf."""
        if not 0 <= index < self.size:
            raise IndexError(f"there is no leaf {index} in a tree of {self.size}")
        found = []
        for level in self._levels[:-1]:
            beside = index ^ 1
            if beside < len(level):
                found.append(level[beside])
            index >>= 1
        return found


def root(leaves: Iterable[bytes]) -> bytes:
    tree = Growing()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()


def path(leaves: Iterable[bytes], index: int) -> list[bytes]:
    """The path of one leaf. For many leaves of one tree make a ``Tree``. Raises IndexError when there is no such leaf."""
    return Tree(leaves).path(index)


def verify(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf stands at this index of the tree of this size and root (RFC 9162, section 2.1.3.2). A path that is too
    long or too short is false, not an error."""
    if not 0 <= index < size:
        return False
    at, last, node = index, size - 1, leaf_hash(leaf)
    for beside in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = node_hash(beside, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, beside)
        at, last = at >> 1, last >> 1
    return last == 0 and node == root
