"""What stands in a pack, and what does not."""

import datetime as dt
import json
from pathlib import Path

import pytest

from tests import factories
from tests.quizzes.packs.making import NOW, checked, make_pack, sealed, trained, unzipped

pytestmark = pytest.mark.django_db


def test_smoke(tmp_path: Path) -> None:
    by = factories.make_coordinator()
    ana = trained("Ana Sol", fails=1)
    sealed(dt.date(2026, 11, 10), NOW - dt.timedelta(days=10))
    pack = make_pack(by)
    top = unzipped(pack, tmp_path / "out")
    for p in sorted(top.rglob("*")):
        print(p.relative_to(top), p.stat().st_size)
    code, words = checked(top)
    print(words)
    assert code == 0
    print(json.dumps(json.loads(next(top.glob("people/*ana*/transcript.json")).read_text()), indent=1))
