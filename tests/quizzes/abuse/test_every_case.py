"""No case of the list may be forgotten."""

import ast
import re
from pathlib import Path

CASES = range(1, 25)  # reliability.md, section 6, Attempts


def test_each_case_has_a_test() -> None:
    found = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and (match := re.match(r"test_(\d\d)_", node.name)):
                found.add(int(match[1]))
    assert sorted(found) == list(CASES)
