"""The hash tree under a seal."""

import ast
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.record import merkle

leaves = st.lists(st.binary(max_size=8), max_size=70)
some = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


def by_definition(leaves: list[bytes]) -> bytes:
    """The tree as RFC 6962 defines it, top down."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + by_definition(leaves[:half]) + by_definition(leaves[half:])).digest()


#: Of the test data of Certificate Transparency (merkle_tree_test.cc): these leaves and the roots of the first 1, 2, 3 ... of them.
KNOWN_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
KNOWN_ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@pytest.mark.parametrize(("size", "root"), KNOWN_ROOTS.items())
def test_the_roots_of_certificate_transparency(size: int, root: str) -> None:
    assert merkle.root(KNOWN_LEAVES[:size]).hex() == root


@given(leaves)
def test_three_ways_to_one_root(leaves: list[bytes]) -> None:
    assert merkle.root(leaves) == merkle.Tree(leaves).root() == by_definition(leaves)
    assert merkle.Tree(leaves).size == len(leaves)


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=70, unique=True), st.data())
def test_each_leaf_is_proved_at_its_place_and_no_other(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    other = data.draw(st.integers(-1, len(leaves) + 1))
    path, root = merkle.path(leaves, index), merkle.root(leaves)
    assert merkle.verify(leaves[index], index, len(leaves), path, root)
    assert len(path) <= len(leaves).bit_length()
    if other != index:
        assert not merkle.verify(leaves[index], other, len(leaves), path, root)


@given(some, st.data())
def test_nothing_else_is_proved(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    path, root, size = merkle.path(leaves, index), merkle.root(leaves), len(leaves)
    foreign = data.draw(st.binary(max_size=70).filter(lambda leaf: leaf != leaves[index]))
    assert not merkle.verify(foreign, index, size, path, root)
    assert not merkle.verify(leaves[index], index, size, [*path, root], root)
    assert not merkle.verify(leaves[index], index, size, path, bytes(32))
    for at in range(len(path)):
        assert not merkle.verify(leaves[index], index, size, path[:at] + path[at + 1 :], root)
        assert not merkle.verify(leaves[index], index, size, [*path[:at], bytes(32), *path[at + 1 :]], root)


@given(st.lists(st.binary(max_size=8), min_size=2, max_size=30), st.data())
def test_any_change_changes_the_root(leaves: list[bytes], data: st.DataObject) -> None:
    root = merkle.root(leaves)
    at = data.draw(st.integers(0, len(leaves) - 1))
    assert merkle.root(leaves[:at] + leaves[at + 1 :]) != root, "removed"
    assert merkle.root([*leaves[:at], leaves[at], *leaves[at:]]) != root, "inserted"
    assert merkle.root([*leaves[:at], leaves[at] + b"x", *leaves[at + 1 :]]) != root, "changed"
    to = data.draw(st.integers(0, len(leaves) - 1))
    swapped = list(leaves)
    swapped[at], swapped[to] = swapped[to], swapped[at]
    assert (merkle.root(swapped) == root) == (swapped == leaves), "swapped"


def test_a_node_is_no_leaf() -> None:
    """The two hashes under the root, shown as one leaf, are not taken for it."""
    leaves = [b"a", b"b"]
    inner = merkle.leaf_hash(b"a") + merkle.leaf_hash(b"b")
    assert merkle.root([inner]) != merkle.root(leaves)
    assert not merkle.verify(inner, 0, 1, [], merkle.root(leaves))


@pytest.mark.parametrize("index", [-1, 3, 99])
def test_there_is_no_path_of_a_leaf_that_is_not_there(index: int) -> None:
    with pytest.raises(IndexError, match="no leaf"):
        merkle.path([b"a", b"b", b"c"], index)


def test_it_needs_nothing_but_python() -> None:
    source = Path(merkle.__file__).read_text(encoding="utf-8")
    names = {alias.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)}
    assert names == {"hashlib", "collections.abc"}
