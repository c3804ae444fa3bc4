"""The courses are written in their own words: no run of six words of the provider's article stands in the content.

``article_runs.txt`` holds the first ten hex signs of the SHA-256 of each run of six words of the article (lower case, single
spaces), so the test needs no copy of it.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

CONTENT = Path(settings.BASE_DIR) / "courses" / "content"
RUNS = frozenset((Path(__file__).parent / "article_runs.txt").read_text().split())
WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
FILES = sorted(p for p in CONTENT.rglob("*") if p.suffix in {".md", ".yaml", ".svg"})


def shared_runs(text: str, runs: frozenset[str] = RUNS) -> Iterator[str]:
    words = WORD.findall(text.lower().replace("\u2019", "'"))
    for start in range(len(words) - 5):
        run = " ".join(words[start : start + 6])
        if hashlib.sha256(run.encode()).hexdigest()[:10] in runs:
            yield run


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CONTENT)))
def test_no_run_of_six_words_is_the_articles(path: Path) -> None:
    assert list(shared_runs(path.read_text())) == []


def test_the_check_can_fail() -> None:
    runs = frozenset({hashlib.sha256(b"the river runs past the house").hexdigest()[:10]})
    assert list(shared_runs("Here **the River runs\npast the** house.", runs)) == ["the river runs past the house"]
    assert list(shared_runs("Here the river ran past the house.", runs)) == []
    assert len(RUNS) > 1500
