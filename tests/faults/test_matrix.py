"""Every row of the matrix is held by tests that exist."""

import importlib

import pytest

from tests.faults.matrix import MATRIX, OWED


@pytest.mark.parametrize("row", OWED)
def test_every_part_of_a_row_has_a_test(row: str) -> None:
    assert MATRIX.get(row), f"{row} has no test"
    assert all(MATRIX[row].values())


@pytest.mark.parametrize(
    "node", sorted({node for parts in MATRIX.values() for nodes in parts.values() for node in nodes})
)
def test_every_test_that_is_named_exists(node: str) -> None:
    path, _, name = node.partition("::")
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    assert name.startswith("test_")
    assert callable(getattr(module, name, None)), f"{node} is not there"
    assert getattr(module, name).__module__ == module.__name__
