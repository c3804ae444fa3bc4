from pathlib import Path

import pytest

from tests.courses.authoring.smalltree import SmallTree


@pytest.fixture
def small(tmp_path: Path) -> SmallTree:
    return SmallTree(tmp_path / "content")
