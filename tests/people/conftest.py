"""A small organization to look at: two sites, a tree of teams, and one person of each role."""

import dataclasses
import datetime as dt
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lms.outbox.models import Message
from lms.people.actions.invitations import invite
from lms.people.models import Site, Supervision, Team, User
from lms.record.actions import SYSTEM
from tests.factories import make_coordinator, make_site, make_supervisor, make_team, make_user

ROLES = ("coordinator", "supervisor", "ordinary", "stranger")


@dataclasses.dataclass
class House:
    site: Site
    team: Team
    below: Team
    elsewhere: Team
    coordinator: User
    supervisor: User
    ordinary: User
    newcomer: User
    message: Message
    supervision: Supervision

    def client(self, role: str, **options: bool) -> Client:
        client = Client(**options)  # type: ignore[arg-type]
        if role != "stranger":
            client.force_login(getattr(self, role))
        return client


@pytest.fixture
def house(db: None, at: dt.datetime) -> House:
    site = make_site()
    team = make_team("Day team")
    below = make_team("Kitchen", parent=team)
    elsewhere = make_team("Garden", site=make_site("Westside", "America/New_York"))
    supervisor = make_supervisor(team, name="Denise Whitaker", email="denise@example.org")
    newcomer = make_user("Maya Okafor", team=below, email="maya@example.org", joined_at=None)
    invite(newcomer, by=SYSTEM, at=at)
    return House(
        site=site,
        team=team,
        below=below,
        elsewhere=elsewhere,
        coordinator=make_coordinator(site=site, email="priya@example.org"),
        supervisor=supervisor,
        ordinary=make_user("Darnell Hughes", team=team, email="darnell@example.org"),
        newcomer=newcomer,
        message=Message.objects.get(),
        supervision=Supervision.objects.get(),
    )


@pytest.fixture
def desk(house: House) -> Client:
    """The coordinator's browser."""
    return house.client("coordinator")


@pytest.fixture
def queries_of(desk: Client) -> Callable[[str], int]:
    """How many queries one page of the coordinator's takes."""

    def count(url: str) -> int:
        desk.get(url)  # whatever is loaded once a process
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(url).status_code == 200
        return len(captured)

    return count
