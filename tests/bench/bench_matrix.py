"""People and courses with 20,000 people and 10 courses: ``pytest tests/bench/bench_matrix.py -s``. Prints figures and judges none."""

import time
from collections.abc import Iterator

import pytest

from courses.queries.matrix import SORTS
from lms.lib import clock
from lms.people.models import Team
from tests import factories
from tests.courses.pages import client_of
from tests.courses.test_matrix import whole
from tests.courses.town import make_town

pytestmark = pytest.mark.django_db
_lines: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def _report() -> Iterator[None]:
    yield
    print("\n\n" + "\n".join(_lines))


def test_20_000() -> None:
    make_town(20_000, 10, clock.now(), teams=40)
    desk = client_of(factories.make_coordinator(site=factories.make_site("Site 1")))
    team = client_of(factories.make_supervisor(Team.objects.order_by("name")[0]))
    addresses = [(desk, f"/team/?sort={sort}&page={page}") for sort in SORTS for page in (1, 800)]
    addresses += [(desk, "/team/?status=late"), (desk, "/team/summary/"), (desk, "/team/table.csv"), (team, "/team/")]
    for client, address in addresses:
        begun = time.perf_counter()
        whole(client.get(address))
        _lines.append(
            f"{'500 people' if client is team else 'everybody':12} {address:34} {time.perf_counter() - begun:6.2f} s"
        )
