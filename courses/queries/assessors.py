"""Who may observe a practice of whom, and on which day."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from courses.models import AssessorQualification, Certificate, Enrollment
from courses.queries.practices import Practice, practices_of
from lms.lib import dates
from lms.people.models import Supervision, Team, User

GRACE_DAYS = 14  # so long somebody whose time is over may still write down what they saw before


class Key(NamedTuple):
    """A practice of one enrollment."""

    enrollment: int
    practice: str


@dataclasses.dataclass(frozen=True)
class Assessor:
    """``basis`` is what qualifies the person: their certificate, or what the coordinator gave; ``words`` says it for people."""

    person: User
    basis: str
    words: str


def assessors_of(
    enrollments: Iterable[Enrollment], at: dt.datetime, *, on: dt.date | None = None
) -> dict[Key, tuple[Assessor, ...]]:
    """Who may observe each practice of these enrollments on a day; without ``on``, today in each learner's zone. By name, each once.

    Supervisors of the learner's team, or of one above, who hold on that day a certificate of a course that the practice names. People
    whom the coordinator named for the practice, for the learner's site. Never the learner, nobody deactivated. A certificate that
    was revoked and a qualification that was ended early count for no day at all. Five queries, however many enrollments.
    ``enrollments`` come with version, course and the learner's site and team.
    """
    rows = [row for row in enrollments if row.version.sign_offs]
    if not rows:
        return {}
    leaders = _leaders({row.learner.team_id for row in rows if row.learner.team_id is not None})
    slugs = {slug for row in rows for practice in practices_of(row.version) for slug in practice.assessors}
    everybody = {supervision.supervisor_id for found in leaders.values() for supervision in found}
    held = _certificates(everybody, slugs)
    given = list(
        AssessorQualification.objects.filter(
            course__in={row.course_id for row in rows}, ended_at__isnull=True, person__is_active=True
        ).select_related("person__site")
    )
    found: dict[Key, tuple[Assessor, ...]] = {}
    for row in rows:
        day = on or dates.local_date(at, row.learner.zone)
        above = [supervision.supervisor for supervision in leaders.get(row.learner.team_id or 0, ())]
        for practice in practices_of(row.version):
            possible = [*_by_gift(given, row, practice, day), *_by_certificate(above, held, practice, day)]
            each = {one.person.pk: one for one in reversed(possible) if one.person.pk != row.learner_id}
            ordered = sorted(each.values(), key=lambda one: (one.person.name.casefold(), one.person.pk))
            found[Key(row.pk, practice.id)] = tuple(ordered)
    return found


def _by_gift(
    given: Sequence[AssessorQualification], row: Enrollment, practice: Practice, day: dt.date
) -> Iterable[Assessor]:
    for one in given:
        fits = one.course_id == row.course_id and one.practice == practice.id
        if fits and one.site_id in (None, row.learner.site_id) and one.starts_on <= day <= one.ends_on:
            words = f"named by the coordinator until {dates.long_date(one.ends_on)}"
            yield Assessor(one.person, f"given:{one.public_id}", words)


def _by_certificate(
    above: Sequence[User], held: dict[int, list[Certificate]], practice: Practice, day: dt.date
) -> Iterable[Assessor]:
    for person in above:
        for one in held.get(person.pk, ()):
            counts = one.completed_on <= day and (one.expires_on is None or day <= one.expires_on)
            if counts and one.enrollment.course.slug in practice.assessors:
                until = f" until {dates.long_date(one.expires_on)}" if one.expires_on else ""
                yield Assessor(
                    person, f"certificate:{one.public_id}", f"holds a certificate of {one.course_title}{until}"
                )
                break


def _leaders(teams: set[int]) -> dict[int, list[Supervision]]:
    """The open supervisions of each team and of those above it, by active people. Two queries."""
    if not teams:
        return {}
    parents = dict(Team.objects.values_list("pk", "parent_id"))
    ways: dict[int, list[int]] = {}
    for team in teams:
        way: list[int] = []
        here: int | None = team
        while here is not None and here not in way:
            way.append(here)
            here = parents.get(here)
        ways[team] = way
    reached = {team for way in ways.values() for team in way}
    rows = Supervision.objects.filter(team__in=reached, ended_at=None, supervisor__is_active=True)
    by_team: dict[int, list[Supervision]] = {}
    for row in rows.select_related("supervisor__site"):
        by_team.setdefault(row.team_id, []).append(row)
    return {team: [row for place in way for row in by_team.get(place, ())] for team, way in ways.items()}


def _certificates(people: set[int], slugs: set[str]) -> dict[int, list[Certificate]]:
    """Those that count, the one that lasts longest first. One query."""
    if not people or not slugs:
        return {}
    rows = Certificate.objects.filter(
        enrollment__learner__in=people,
        enrollment__course__slug__in=slugs,
        superseded_at__isnull=True,
        revoked_at__isnull=True,
    ).select_related("enrollment__course")
    found: dict[int, list[Certificate]] = {}
    for row in rows:
        found.setdefault(row.enrollment.learner_id, []).append(row)
    for mine in found.values():
        mine.sort(key=lambda row: row.expires_on or dt.date.max, reverse=True)
    return found


def given_to(person: User, at: dt.datetime) -> list[AssessorQualification]:
    """What the coordinator gave a person that lets them into the pages of sign-offs now: not ended, and over for at most
    ``GRACE_DAYS``. One query."""
    today = dates.local_date(at, person.zone)
    rows = AssessorQualification.objects.filter(
        person=person, ended_at__isnull=True, ends_on__gte=today - dt.timedelta(days=GRACE_DAYS)
    )
    return list(rows.select_related("course", "site"))
