"""Everything that runs at a provider, started for the journeys as a person starts it: web, worker, beat, broker, demonstration.

``Stack`` holds the address, the clock that all its processes share, the mail files, and the insider (``tests.journeys.insider``).
"""

import datetime as dt
import email
import email.policy
import json
import os
import re
import signal
import subprocess
import sys
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from lms.demo import cast
from lms.lib import clock
from lms.lib.hours import SendingHours
from tests.platform.launching import ROOT, Run, wait_for

PASSWORD = cast.PASSWORD
VOLUNTEER, SUPERVISOR, COORDINATOR, AUDITOR, ADMINISTRATOR = (
    dict(cast.SIGN_INS)[w] for w in ("Volunteer", "Supervisor", "Training coordinator", "Auditor", "Administrator")
)
STAFF = dict(cast.SIGN_INS)["New staff member"]
BEAT = {
    "LMS_BEAT_SWEEP_SECONDS": "2",
    "LMS_BEAT_PLAN_SECONDS": "2",
    "LMS_BEAT_GATHER_SECONDS": "2",
    "LMS_BEAT_PULSE_SECONDS": "5",
}
MORNING = SendingHours("America/Denver", "1234", first=10, last=11)


class Stack:
    """One start, on the next working morning, so that mail which waits for the sending hours goes out. ``close`` stops it as Ctrl-C
    does and kills whatever is left."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.var = folder / "var"
        self.clock_file = folder / "clock"
        now = clock.now()
        self.clock_file.write_text(str((MORNING.next_open(now) - now).total_seconds()))
        env = {"LMS_TEST_CLOCK": str(self.clock_file), **BEAT, **env}
        self._own = env
        self.run = Run(self.var, folder / "output", port=None, wrap=(), **env)
        self.url = f"http://127.0.0.1:{self.run.port}"
        self._env = {**os.environ, "LMS_VAR": str(self.var), "PORT": str(self.run.port), **env}
        if "DATABASE_URL" not in env:
            self._env.pop("DATABASE_URL", None)
        self._log = folder / "insider.log"
        self._insider: subprocess.Popen[str] | None = None

    def wait_until_ready(self) -> "Stack":
        self.run.wait_until_ready()
        with self._log.open("w") as log:
            self._insider = subprocess.Popen(
                [sys.executable, "-m", "tests.journeys.insider"],
                cwd=ROOT,
                env=self._env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        wait_for(lambda: self.run.get("/health/work")[0] == 200, 60, "/health/work answers 200")
        return self

    def stop(self) -> None:
        """The server and all that runs beside it are killed at once, as by a power cut."""
        self.run.kill_all()
        self.run.assert_nothing_left()

    def start_again(self) -> None:
        """The same installation at the same address."""
        self.run = Run(self.var, self.run.output.with_suffix(".again"), port=self.run.port, wrap=(), **self._own)
        self.run.wait_until_ready()
        wait_for(lambda: self.run.get("/health/work")[0] == 200, 60, "/health/work answers 200")

    def ask(self, question: str, **details: Any) -> Any:
        """What the insider knows or makes. Instants come back as text."""
        assert self._insider is not None
        assert self._insider.stdin is not None
        assert self._insider.stdout is not None
        self._insider.stdin.write(json.dumps([question, details]) + "\n")
        self._insider.stdin.flush()
        line = self._insider.stdout.readline()
        assert line, self._log.read_text()
        answer = json.loads(line)
        assert "failed" not in answer, answer["failed"]
        return answer["said"]

    def move_clock(self, **step: float) -> None:
        """Time goes on for every process: ``move_clock(days=1)``. It never goes back."""
        moved = float(self.clock_file.read_text()) + dt.timedelta(**step).total_seconds()
        following = self.clock_file.with_suffix(".next")
        following.write_text(str(moved))
        following.replace(self.clock_file)

    def mails(self, to: str) -> list[EmailMessage]:
        """Every mail that was written for this address, the oldest first."""
        found = []
        for file in (self.var / "mail").glob("*.eml"):
            mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            assert isinstance(mail, EmailMessage)
            if str(mail["To"]) == to:
                found.append(mail)
        return sorted(found, key=lambda mail: parsedate_to_datetime(str(mail["Date"])))

    def wait_for_mail(self, to: str, words: str, seconds: float = 30) -> EmailMessage:
        """The first mail to this address with these words in its subject."""
        found: EmailMessage = wait_for(
            lambda: next((m for m in self.mails(to) if words.lower() in str(m["Subject"]).lower()), None),
            seconds,
            f"a mail to {to} about {words!r}; there are {[str(m['Subject']) for m in self.mails(to)]}",
        )
        return found

    def close(self) -> None:
        try:
            if self._insider is not None:
                assert self._insider.stdin is not None
                assert self._insider.stdout is not None
                self._insider.stdin.close()
                self._insider.wait(10)
                self._insider.stdout.close()
        finally:
            try:
                if self.run.process.poll() is None:
                    self.run.stop(signal.SIGINT)
            finally:
                self.run.kill_all()


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def link_in(mail: EmailMessage, words: str) -> str:
    """The address in the text of the mail that holds these words."""
    found = [link for link in re.findall(r"https?://\S+", text_of(mail)) if words in link]
    assert found, text_of(mail)
    return found[0].rstrip(".,)")
