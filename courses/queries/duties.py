"""Rows as facts for the pure rules: requirements in force, people, duties, evidence. And the steps that follow from them."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from courses.enums import ExceptionKind
from courses.models import Assignment, Certificate, Course, DutyException, Requirement, RequirementVersion
from courses.queries.review import reviews_of
from courses.queries.status import with_status
from courses.requirements.facts import Audience, Due, Duty, Holding, Person, Renewal, Rule
from courses.requirements.planning import Act, Step, step
from courses.requirements.wording import Names
from lms.lib import dates
from lms.people.models import Site, Supervision, Team, User

AUDIENCE_IDS = ("sites", "teams", "people", "without_teams", "without_people")
AUDIENCE_WORDS = ("categories", "job_roles", "without_job_roles")


@dataclasses.dataclass(frozen=True)
class Asked:
    """A version of a requirement with its rule and the courses that it asks for, by slug."""

    requirement: Requirement
    version: RequirementVersion
    rule: Rule
    courses: Mapping[str, Course]


def audience_of(stored: Mapping[str, Any]) -> Audience:
    """The stored audience as facts; what is not stored is not asked."""
    sets = {name: frozenset(stored.get(name, ())) for name in (*AUDIENCE_IDS, *AUDIENCE_WORDS)}
    return Audience(**sets, supervising=stored.get("supervising", ""))


def stored_audience(audience: Audience) -> dict[str, Any]:
    """The audience as a version stores it: sorted lists, nothing that is empty."""
    stored: dict[str, Any] = {
        name: sorted(getattr(audience, name)) for name in (*AUDIENCE_IDS, *AUDIENCE_WORDS) if getattr(audience, name)
    }
    return {**stored, "supervising": audience.supervising} if audience.supervising else stored


def asked(requirement: Requirement, version: RequirementVersion, courses: Mapping[str, Course]) -> Asked:
    """The version as facts. ``courses``: all that have a published edition, by slug; others of a path are left out."""
    slugs = requirement.path.courses if requirement.path else [requirement.course.slug] if requirement.course else []
    mine = {slug: courses[slug] for slug in dict.fromkeys(slugs) if slug in courses}
    rule = Rule(
        requirement=requirement.pk,
        number=version.number,
        audience=audience_of(version.audience),
        courses=tuple(mine),
        due=Due(version.due_kind, version.due_days, version.due_on),
        renewal=renewal_of(version),
        grace=version.grace_days,
        active_from=version.active_from,
        active_until=version.active_until if requirement.ended_at is None else dt.date.min,
    )
    return Asked(requirement, version, rule, mine)


def renewal_of(version: RequirementVersion) -> Renewal:
    return Renewal(
        version.renewal_kind, version.renewal_months, version.renewal_month, version.renewal_day, version.window_days
    )


def published_courses() -> dict[str, Course]:
    return {course.slug: course for course in Course.objects.filter(current__isnull=False).select_related("current")}


def all_asked() -> list[Asked]:
    """Every requirement that was ever switched on, with the version that holds; ended ones too, so that what they opened is closed.
    Two queries."""
    courses = published_courses()
    rows = Requirement.objects.filter(current__isnull=False).select_related("current", "course", "path").order_by("pk")
    return [asked(row, row.current, courses) for row in rows if row.current is not None]


def people_of(users: Iterable[User], at: dt.datetime) -> dict[int, Person]:
    """The users as rules see them. Three queries."""
    rows = list(users)
    parents = dict(Team.objects.values_list("pk", "parent_id"))
    keys = [user.pk for user in rows]
    supervisors = set(
        Supervision.objects.filter(supervisor__in=keys, ended_at=None).values_list("supervisor", flat=True)
    )
    leaves: dict[int, dt.date] = {}
    running = DutyException.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=at), learner__in=keys, kind=ExceptionKind.LEAVE, starts_at__lte=at
    )
    for learner, ends_on in running.values_list("learner", "ends_on"):
        leaves[learner] = max(leaves.get(learner, dt.date.min), ends_on or dt.date.max)
    return {
        user.pk: Person(
            key=user.pk,
            name=user.name,
            category=str(user.category),
            job_role=user.job_role,
            site=user.site_id,
            teams=_way_up(user.team_id, parents),
            supervisor=user.pk in supervisors,
            active=user.is_active,
            hire_date=user.hire_date,
            first_shift_on=user.first_shift_on,
            leave=leaves.get(user.pk),
        )
        for user in rows
    }


def _way_up(team: int | None, parents: Mapping[int, int | None]) -> frozenset[int]:
    way: list[int] = []
    while team is not None and team not in way:
        way.append(team)
        team = parents.get(team)
    return frozenset(way)


def _duties(
    requirements: Sequence[int], users: Mapping[int, User], at: dt.datetime
) -> dict[tuple[int, int, str], Duty]:
    """The newest duty that is not withdrawn, by requirement, person and course. One query."""
    rows = with_status(
        Assignment.objects.filter(requirement__in=requirements, learner__in=list(users), withdrawn_at__isnull=True), at
    ).select_related("course", "enrollment", "rule")
    found: dict[tuple[int, int, str], Duty] = {}
    for row in rows.order_by("cycle"):
        assert row.requirement_id is not None
        found[row.requirement_id, row.learner_id, row.course.slug] = duty_of(row, users[row.learner_id].zone)
    return found


def duty_of(row: Assignment, zone: str) -> Duty:
    """An assignment annotated by ``with_status`` as a duty."""
    done = (row.enrollment.completed_at if row.enrollment else None) or row.satisfied_at
    assigned_on = dates.local_date(row.assigned_at, zone)
    ends = [row.certificate_expires_on, row.valid_until_on]  # type: ignore[attr-defined]
    return Duty(
        key=row.pk,
        cycle=row.cycle,
        assigned_on=assigned_on,
        joined_on=_day(row.why.get("joined_on")) or assigned_on,
        due_on=row.due_on,
        rule=row.rule.number if row.rule else 0,
        dated=row.why.get("dated") or 0,
        done_on=dates.local_date(done, zone) if done else None,
        valid_until=min((day for day in ends if day is not None), default=None),
        revoked=row.certificate_revoked_at is not None,  # type: ignore[attr-defined]
        moved=bool(row.why.get("moved")),
        ended=row.ended_at is not None,
        renewal=row.renews_until_on is not None or bool(row.why.get("renewal")),
        reopened=bool(row.why.get("reopened")),
        used_hire_date=_day(row.why.get("hire_date")),
        used_first_shift_on=_day(row.why.get("first_shift_on")),
    )


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def holdings_of(courses: Iterable[Course], users: Sequence[int], at: dt.datetime) -> dict[tuple[int, str], Holding]:
    """The newest evidence of each course that each person has and that is neither revoked nor run out. Two queries."""
    slugs = {course.pk: course.slug for course in courses}
    found: dict[tuple[int, str], Holding] = {}
    certificates = Certificate.objects.filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=at),
        enrollment__learner__in=users,
        enrollment__course__in=list(slugs),
        superseded_at__isnull=True,
        revoked_at__isnull=True,
    ).order_by("completed_on", "pk")
    for learner, course, key, done, ends in certificates.values_list(
        "enrollment__learner", "enrollment__course", "enrollment", "completed_on", "expires_on"
    ):
        found[learner, slugs[course]] = Holding(key, done, ends)
    elsewhere = DutyException.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=at),
        learner__in=users,
        course__in=list(slugs),
        kind=ExceptionKind.PRIOR_LEARNING,
    ).order_by("starts_on", "pk")
    for learner, course, key, done, ends in elsewhere.values_list("learner", "course", "pk", "starts_on", "ends_on"):
        known = found.get((learner, slugs[course]))
        if known is None or known.completed_on < done:
            found[learner, slugs[course]] = Holding(key, done, ends, outside=True)
    return found


def blocked_courses(courses: Iterable[Course]) -> dict[str, str]:
    """By slug, why a course may not be required of people yet (``may_require``), in one sentence. Nothing outside production."""
    if not settings.PRODUCTION:
        return {}
    rows = [course.current for course in courses if course.current is not None]
    return {
        review.version.course.slug: f"{review.version.title} cannot be required of people yet. {' '.join(review.obstacles)}"
        for review in reviews_of(rows)
        if review.obstacles
    }


@dataclasses.dataclass(frozen=True)
class Planned:
    """A step with the rows it is about."""

    step: Step
    asked: Asked
    user: User

    @property
    def course(self) -> Course:
        return self.asked.courses[self.step.course]


def plan(rules: Sequence[Asked], users: Iterable[User], at: dt.datetime) -> list[Planned]:
    """What every rule asks of every user at the instant, person by person. A fixed number of queries, however many there are.

    Users need their site loaded. ``NOTHING`` is left out. A course that may not be required of people yet is a ``PROBLEM`` instead of
    a new cycle. Steps of one course that was taken out of a rule's path come too, as long as it is published.
    """
    by_key = {user.pk: user for user in users}
    people = people_of(by_key.values(), at)
    courses = {slug: course for each in rules for slug, course in each.courses.items()}
    duties = _duties([each.requirement.pk for each in rules], by_key, at)
    holdings = holdings_of(courses.values(), list(by_key), at)
    blocked = blocked_courses(courses.values())
    gone = _left_over(rules, duties)
    found = []
    for key, user in by_key.items():
        today = dates.local_date(at, user.zone)
        for each in rules:
            for slug in (*each.courses, *gone.get(each.requirement.pk, {})):
                one = step(
                    each.rule,
                    people[key],
                    slug,
                    duty=duties.get((each.requirement.pk, key, slug)),
                    holding=holdings.get((key, slug)),
                    today=today,
                )
                if one.act in (Act.OPEN, Act.RENEW) and slug in blocked:
                    one = dataclasses.replace(one, act=Act.PROBLEM, because=blocked[slug], due_on=None)
                if one.act != Act.NOTHING:
                    extra = dataclasses.replace(each, courses={**each.courses, **gone.get(each.requirement.pk, {})})
                    found.append(Planned(one, extra if slug not in each.courses else each, user))
    return found


def _left_over(rules: Sequence[Asked], duties: Mapping[tuple[int, int, str], Duty]) -> dict[int, dict[str, Course]]:
    """Courses that a requirement's duties name although its rule does not any more."""
    mine = {each.requirement.pk: each.courses for each in rules}
    pairs = {(requirement, slug) for requirement, _, slug in duties if slug not in mine[requirement]}
    if not pairs:
        return {}
    rows = {course.slug: course for course in Course.objects.filter(slug__in=[slug for _, slug in pairs])}
    found: dict[int, dict[str, Course]] = {}
    for requirement, slug in sorted(pairs):
        found.setdefault(requirement, {})[slug] = rows[slug]
    return found


def everybody() -> QuerySet[User]:
    """All people in the order in which the heads of their records are taken."""
    return User.objects.select_related("site", "team").order_by("subject")


def names_for(audiences: Iterable[Audience]) -> Names:
    """What the sites, teams and people of some audiences are called. Three queries."""
    rows = list(audiences)
    sites = {key for a in rows for key in a.sites}
    teams = {key for a in rows for key in a.teams | a.without_teams}
    people = {key for a in rows for key in a.people | a.without_people}
    return Names(
        dict(Site.objects.filter(pk__in=sites).values_list("pk", "name")),
        dict(Team.objects.filter(pk__in=teams).values_list("pk", "name")),
        dict(User.objects.filter(pk__in=people).values_list("pk", "name")),
    )
