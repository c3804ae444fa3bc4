"""A house in a storm: people do what people do, while processes die, lines break, servers refuse and clocks jump."""

import datetime as dt
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from django.urls import reverse

from courses.actions import assigning, issuing
from courses.models import Assignment, Certificate, Course
from lms.lib import clock, dates
from lms.outbox.enums import FINAL, MessageState
from lms.outbox.models import Message
from lms.people.actions import people
from lms.people.models import User
from lms.record.actions import SYSTEM
from quizzes.actions import attempts
from tests.factories import answer_all, make_user
from tests.faults.browsing import Browser, Gone
from tests.faults.harness import House, Process
from tests.faults.invariants import ABOUT_DUTIES
from tests.faults.points import POINTS
from tests.faults.proxy import Proxy

SLOWEST = 10.0  # seconds; a page that waits for something broken hangs longer, an old machine does not
DOOMED = [point for point in POINTS if point.startswith(("pdf.", "mail."))]
REPLIES = {
    "MAIL": ["421 4.3.2 closing", "450 4.7.1 later", "drop", "hang"],
    "RCPT": ["450 4.2.1 greylisted", "452 4.2.2 full", "550 5.1.1 nobody", "drop", "hang"],
    "DATA": ["451 4.3.0 again", "552 5.3.4 too big", "554 5.6.0 no", "drop", "hang"],
}


class Storm:
    """``act`` and ``strike`` do something of chance; ``calm`` makes everything run again. What must not be sent any more is noted at
    the moment when it was decided, and ``sent_all_the_same`` says what was sent all the same."""

    def __init__(self, house: House, course: Course) -> None:
        self.house, self.course = house, course
        self.broker_line, self.mail_line = house.proxied()
        self.faults: Counter[str] = Counter()
        self.actions: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.people: list[User] = []
        self.ended: list[tuple[int, tuple[str, ...], str, set[int]]] = []
        house.broker.start()
        self.running: dict[str, Process] = {}
        self.extra: list[Process] = []
        self.revive()

    # --- what people do -----------------------------------------------------------------------------------------------
    def act(self, chance: random.Random) -> None:
        action: Callable[[random.Random], None] = chance.choice(
            [self.assign, self.hand_in, self.hand_in, self.complete, self.withdraw, self.deactivate, self.revoke]
        )
        self.actions[action.__name__] += 1
        action(chance)

    def assign(self, chance: random.Random) -> None:
        self.give(chance)

    def give(self, chance: random.Random) -> Assignment:
        """Somebody new has a course to do."""
        learner = make_user()
        self.people.append(learner)
        due_on = dates.local_date(clock.now(), learner.zone) + dt.timedelta(days=chance.randint(1, 5))
        return assigning.assign(learner, self.course, due_on=due_on, reason="Onboarding", by=SYSTEM, at=clock.now())

    def complete(self, chance: random.Random) -> None:
        """In this process, as another web process would."""
        assignment = self.give(chance)
        assert assignment.enrollment is not None
        attempt = attempts.start(assignment.enrollment, assignment.enrollment.version.units.get(), at=clock.now())
        answer_all(attempt, at=clock.now())
        attempts.submit(attempt, at=clock.now())
        self._ends(assignment.learner, ABOUT_DUTIES, str(assignment.public_id))

    def hand_in(self, chance: random.Random) -> None:
        """Over HTTP. Sometimes the web server dies on the way; then the button is pressed again."""
        assignment = self.give(chance)
        assert assignment.enrollment is not None
        attempt = attempts.start(assignment.enrollment, assignment.enrollment.version.units.get(), at=clock.now())
        answer_all(attempt, at=clock.now())
        self.revive("web")
        browser = Browser(self.house.port, assignment.learner)
        web, dies = self.running["web"], chance.random() < 0.3
        if dies:
            self.faults["web killed at a hand-in"] += 1
            threading.Timer(chance.uniform(0, 0.15), web.kill).start()
        began = time.monotonic()
        try:
            page = browser.hand_in(attempt)
        except (Gone, OSError):
            if not dies:
                self.wrong.append("17: the page did not answer")
            web.kill()
            self.revive("web")
            browser.port, began = self.house.port, time.monotonic()
            page = browser.hand_in(attempt)
        if dies:
            web.popen.wait(10)
            self.revive("web")
            browser.port = self.house.port
        took = time.monotonic() - began
        if (page.status, page.address) != (200, f"/attempts/{attempt.public_id}/result/") or took > SLOWEST:
            self.wrong.append(f"17: {page.status} at {page.address} after {took:.1f} s")
        certificate = Certificate.objects.get(enrollment=attempt.enrollment)
        if browser.get(reverse("verify", args=[certificate.code])).status != 200:
            self.wrong.append(f"12: {certificate.number} cannot be verified when its pass is shown")
        self._ends(assignment.learner, ABOUT_DUTIES, str(assignment.public_id))

    def withdraw(self, chance: random.Random) -> None:
        assignment = self.give(chance)
        assigning.withdraw(assignment, reason="Plans changed.", by=SYSTEM, at=clock.now())
        self._ends(assignment.learner, ABOUT_DUTIES, str(assignment.public_id))

    def deactivate(self, chance: random.Random) -> None:
        """Somebody new, or somebody whose certificate may be on its way."""
        active = [person for person in self.people[-4:] if User.objects.get(pk=person.pk).is_active]
        learner = chance.choice([*active, self.give(chance).learner])
        people.deactivate(User.objects.get(pk=learner.pk), "left", by=SYSTEM, at=clock.now())
        self._ends(learner, (), "")

    def revoke(self, chance: random.Random) -> None:
        rows = Certificate.objects.filter(revoked_at=None, superseded_at=None).order_by("-pk")
        certificate = rows.first()
        if certificate is None:
            return
        issuing.revoke(certificate, reason="By mistake.", by=self.people[0].subject, at=clock.now())
        self._ends(certificate.enrollment.learner, ("certificate_ready",), str(certificate.public_id))
        self.revive("web")
        page = Browser(self.house.port, certificate.enrollment.learner).get(reverse("verify", args=[certificate.code]))
        if "revoked" not in page.text.lower():
            self.wrong.append(f"14: {certificate.number} was revoked, and its page does not say so")

    def _ends(self, person: User, kinds: tuple[str, ...], ref: str) -> None:
        """From now on these mails (no kinds: all) to this person are not wanted. Those already in a worker's hands may still arrive."""
        rows = Message.objects.filter(recipient=person)
        beyond = rows.filter(state__in=[MessageState.CLAIMED, MessageState.HANDING_OVER, *FINAL])
        self.ended.append((person.pk, kinds, ref, set(beyond.values_list("pk", flat=True))))

    def sent_all_the_same(self) -> list[str]:
        found = []
        for person, kinds, ref, beyond in self.ended:
            rows = Message.objects.filter(recipient=person, state__in=[MessageState.SENT, MessageState.UNCERTAIN])
            if kinds:
                rows = rows.filter(occasions__kind__in=kinds, occasions__ref=ref)
            for message in rows.exclude(pk__in=beyond):
                found.append(f"16: {message.kind} was sent to person {person}, for whom it was over")
        self.ended = []
        return found

    # --- what breaks --------------------------------------------------------------------------------------------------
    def strike(self, chance: random.Random) -> None:
        fault: Callable[[random.Random], None] = chance.choice(
            [
                self.kill_a_child,
                self.kill_the_worker,
                self.kill_beat,
                self.doom_a_worker,
                self.restart_the_broker,
                self.empty_the_broker,
                self.spoil_the_broker_line,
                self.spoil_the_mail_line,
                self.spoil_an_answer,
                self.move_the_clock,
                self.second_beat,
            ]
        )
        self.faults[fault.__name__.replace("_", " ")] += 1
        fault(chance)

    def kill_a_child(self, chance: random.Random) -> None:
        children = children_of(self.running["worker"].popen.pid)
        if children:
            os.kill(chance.choice(children), signal.SIGKILL)

    def kill_the_worker(self, chance: random.Random) -> None:
        self.running["worker"].kill()

    def kill_beat(self, chance: random.Random) -> None:
        self.running["beat"].kill()

    def second_beat(self, chance: random.Random) -> None:
        self.extra.append(self.house.start("beat"))

    def doom_a_worker(self, chance: random.Random) -> None:
        """The first of its processes to come by a point of chance dies there."""
        point = chance.choice(DOOMED)
        count = self.house.reached().get(point, 0) + 1
        self.extra.append(self.house.start("worker", "--concurrency", "2", failpoint=f"{point}:kill:{count}"))

    def restart_the_broker(self, chance: random.Random) -> None:
        """It forgets everything."""
        self.house.broker.kill()
        time.sleep(chance.uniform(0, 1))
        self.house.broker.start()

    def empty_the_broker(self, chance: random.Random) -> None:
        with self.house.broker.client() as client:
            client.flushall()

    def spoil_the_broker_line(self, chance: random.Random) -> None:
        self._spoil(self.broker_line, chance)

    def spoil_the_mail_line(self, chance: random.Random) -> None:
        self._spoil(self.mail_line, chance)

    def _spoil(self, line: Proxy, chance: random.Random) -> None:
        mode = chance.choice(["refuse", "swallow", "slow", "bytes", "seconds"])
        if mode == "refuse":
            line.refuse()
        elif mode == "swallow":
            line.swallow()
        elif mode == "slow":
            line.slow(chance.uniform(0.05, 1))
        elif mode == "bytes":
            line.cut(after=chance.randint(1, 3000))
        else:
            line.cut(seconds=chance.uniform(0.05, 1))

    def spoil_an_answer(self, chance: random.Random) -> None:
        stage = chance.choice(list(REPLIES))
        self.house.mail.say[stage] = [chance.choice(REPLIES[stage]) for _ in range(chance.randint(1, 3))]

    def move_the_clock(self, chance: random.Random) -> None:
        self.house.move_clock(chance.choice([-3600, 3600, 24 * 3600, 3 * 24 * 3600, 30 * 24 * 3600]))

    # --- calm ---------------------------------------------------------------------------------------------------------
    def revive(self, *names: str) -> None:
        """Starts what is dead, of web, worker and beat (or of these names)."""
        for name in names or ("web", "beat", "worker"):
            process = self.running.get(name)
            if process is not None and process.popen.poll() is None:
                continue
            if name == "web":
                self.running[name] = self.house.web()
            else:
                options = ("--concurrency", "2") if name == "worker" else ()
                self.running[name] = self.house.start(name, *options)

    def calm(self) -> None:
        for line in (self.broker_line, self.mail_line):
            line.pass_on()
        self.house.mail.say = {}
        for process in self.extra:
            process.kill()
        self.extra = []
        self.revive()


def children_of(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:  # it is gone itself
        return []
