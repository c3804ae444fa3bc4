"""The mail line is tried out against a real mail server that works, refuses, hangs, or is not there. Nothing is ever sent."""

import asyncio
import contextlib
import datetime as dt
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.test import Client

from lms.health import actions, queries, tasks
from lms.health.models import Pulse
from lms.lib import broker, clock
from lms.record import checking

pytestmark = [pytest.mark.django_db, pytest.mark.both_db]


class Server:
    """Keeps the words it was given. ``noop`` is its answer to NOOP; None: it never answers."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.noop: str | None = "250 ready"
        self.ehlo = "250 HELP"

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]) -> Any:
        self.heard.append("EHLO")
        if self.ehlo.startswith("250"):
            session.host_name = hostname
            return responses
        return [self.ehlo]

    async def handle_HELO(self, server: Any, session: Any, envelope: Any, hostname: str) -> str:
        return self.ehlo

    async def handle_NOOP(self, server: Any, session: Any, envelope: Any, arg: str) -> str:
        self.heard.append("NOOP")
        if self.noop is None:
            await asyncio.sleep(2)
        return self.noop or "421 too late"

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        self.heard.append("MAIL")
        return "550 nothing is sent here"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def over_smtp(settings: Any, port: int) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 0.5


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    handler, port = Server(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    over_smtp(settings, port)
    try:
        yield handler
    finally:
        controller.stop()


@pytest.fixture(autouse=True)
def _rest_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "ping", lambda url, seconds: True)
    actions.note_asked()
    actions.note_answered()
    actions.note_run(actions.PLAN)
    actions.note_run(actions.GATHER)
    checking.check(clock.now().date(), at=clock.now())


def answer(client: Client) -> tuple[int, dict[str, str]]:
    response = client.get("/health/work")
    return response.status_code, response.json().get("problems", {})


def test_a_server_that_works_is_asked_and_nothing_is_sent(client: Client, server: Server) -> None:
    tasks.pulse_mail()
    assert server.heard == ["EHLO", "NOOP"]
    assert answer(client) == (200, {})


def test_a_refusal_is_told_in_the_words_of_the_server_until_it_is_over(client: Client, server: Server) -> None:
    server.noop = "421 4.3.2 We are closed for the night"
    tasks.pulse_mail()
    words = 'The mail server does not take mail. It says: "421 4.3.2 We are closed for the night".'
    assert answer(client) == (503, {"smtp": words})
    server.noop = "250 ready"
    tasks.pulse_mail()
    assert answer(client) == (200, {})


def test_a_server_that_does_not_let_us_in_says_why(client: Client, server: Server) -> None:
    server.ehlo = "550 5.7.1 Not from this address"
    assert "5.7.1 Not from this address" in actions.try_mail()
    assert "5.7.1 Not from this address" in answer(client)[1]["smtp"]
    assert server.heard == ["EHLO"]


def test_a_server_that_hangs_in_the_middle_is_given_up_and_named(client: Client, server: Server) -> None:
    server.noop = None
    tasks.pulse_mail()
    status, problems = answer(client)
    assert (status, set(problems)) == (503, {"smtp"})
    assert "timed out" in problems["smtp"].lower()


def test_a_server_that_accepts_and_never_greets_is_given_up_and_named(client: Client, settings: Any) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:
        over_smtp(settings, silent.getsockname()[1])
        tasks.pulse_mail()
    assert "timed out" in answer(client)[1]["smtp"].lower()


def test_nobody_listens(client: Client, settings: Any) -> None:
    over_smtp(settings, free_port())
    tasks.pulse_mail()
    assert "refused" in answer(client)[1]["smtp"].lower()


def test_mail_that_was_not_tried_for_three_minutes_is_named_though_it_went_well(client: Client, server: Server) -> None:
    now = clock.now()
    actions.try_mail(at=now - dt.timedelta(seconds=170))
    assert answer(client) == (200, {})
    actions.try_mail(at=now - dt.timedelta(seconds=190))
    assert answer(client) == (503, {"smtp": "The mail server was last tried 3 minutes ago."})


def test_the_last_time_that_it_went_well_is_kept(server: Server) -> None:
    now = clock.now()
    actions.try_mail(at=now - dt.timedelta(minutes=2))
    server.noop = "421 no"
    actions.try_mail(at=now)
    part = next(part for part in queries.work_parts(now) if part.slug == "smtp")
    assert (part.seen, part.problem != "") == (now - dt.timedelta(minutes=2), True)


@pytest.mark.parametrize("way", ["folder", "file"])
def test_a_folder_of_mail_files_must_be_writable(settings: Any, tmp_path: Path, way: str) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    if way == "file":
        (tmp_path / "mail").write_text("in the way")
        assert "The mail folder cannot be" in actions.try_mail()
    else:
        assert actions.try_mail() == ""
        assert list((tmp_path / "mail").iterdir()) == []


def test_what_nobody_thought_of_is_a_problem_and_not_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    from lms.outbox import sending

    def broken(timeout: float | None = None) -> Any:
        raise RuntimeError("something else")

    monkeypatch.setattr(sending, "line", broken)
    assert actions.try_mail() == "It could not be tried (RuntimeError)."
    assert Pulse.objects.get(name="mail").problem == "It could not be tried (RuntimeError)."
