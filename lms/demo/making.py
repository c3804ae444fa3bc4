"""Making the demonstration: organization, people, what happened to them, and the mail and files that came of it."""

import datetime as dt

from django.conf import settings
from django.contrib.auth.hashers import make_password

from courses.actions.assessors import name_assessor
from courses.actions.site_words import enter_words
from courses.models import Course
from courses.queries.practices import practices_of
from lms.demo import cast, post, rules, stories
from lms.lib import codes, dates
from lms.people.actions import invitations, organization, people
from lms.people.models import Invitation, Organization, Site, Team, User
from lms.record import actions as record
from lms.record.actions import SYSTEM

WORDS = {
    "privacy": "Messages: take a name and number, say that you will pass it on, and give it to the shift lead.\nWritten consents are in the locked cabinet of the nurses' room.\nPolice, courts and the press speak with Denise Whitaker.",
    "escalation": "Nurse on duty: extension 12. Clinician on call: 555-0119. Shift lead: extension 10.\nEmployee support, at any hour: 555-0142.",
}


def make(at: dt.datetime) -> None:
    """Fills an empty database. Every date counts back from ``at``; chains of events are written in the order of time, person by person, and
    count as recorded when they are told to have happened, so that a past day can be looked at as it was known then."""
    with record.recorded_as_told():
        _make(at)


def _make(at: dt.datetime) -> None:
    Organization.objects.create(
        name="Alderford Recovery Services",
        short_name="Alderford",
        zone="America/Denver",
        support_phone="555-0142",
        certificate_prefix="AR",
        signatory="Priya Raman",
        signatory_title="Training Coordinator",
        demonstration=True,
    )
    sites = {name: organization.add_site(name=name, zone=zone) for name, zone in cast.SITES}
    teams: dict[str, Team] = {}
    for name, site, above in cast.TEAMS:
        teams[name] = organization.add_team(name=name, site=sites[site], parent=teams.get(above))
    password = make_password(cast.PASSWORD)
    people_by_name = {part.name: _person(part, sites, teams, password, at) for part in cast.CAST}
    coordinator = next(people_by_name[part.name] for part in cast.CAST if part.coordinator)
    for slot, text in WORDS.items():
        enter_words(slot, text, by=coordinator.subject, at=at - dt.timedelta(days=300))
    courses = {course.slug: course for course in Course.objects.select_related("current")}
    assessor = people_by_name[cast.ASSESSOR]
    _name(assessor, courses, coordinator, at - dt.timedelta(days=230))
    for part in cast.CAST:
        told = (
            ("role-and-privacy", part.role_and_privacy),
            ("stigma-reduction", part.stigma_reduction),
            ("overdose-response", part.overdose_response),
        )
        for slug, story in told:
            if story and slug in courses:
                learner = User.objects.select_related("site", "team").get(pk=people_by_name[part.name].pk)
                stories.by_name(story)(stories.Scene(learner, courses[slug], at, coordinator, assessor))
        if part.account == "deactivated":
            people.deactivate(
                people_by_name[part.name],
                reason="Left in the spring.",
                by=coordinator.subject,
                at=at - dt.timedelta(days=120),
            )
    rules.write(courses, coordinator, at)
    post.catch_up(at)


def _name(assessor: User, courses: dict[str, Course], coordinator: User, at: dt.datetime) -> None:
    """For each practice of overdose response, at the assessor's own site, for two years."""
    course = courses.get("overdose-response")
    if course is None or course.current is None:
        return
    starts_on = dates.local_date(at, assessor.zone)
    for practice in practices_of(course.current):
        name_assessor(
            assessor,
            course,
            practice.id,
            site=assessor.site,
            starts_on=starts_on,
            ends_on=starts_on + dt.timedelta(days=730),
            reason="Trains naloxone for the county; certificate seen.",
            by=coordinator,
            at=at,
        )


def _person(part: cast.Part, sites: dict[str, Site], teams: dict[str, Team], password: str, at: dt.datetime) -> User:
    team = teams.get(part.team)
    came = (at - dt.timedelta(days=part.hired_days_ago)).replace(hour=13, minute=30, second=0, microsecond=0)
    person = people.add_person(
        name=part.name,
        latin_name=part.latin_name,
        site=team.site if team else sites["Eastgate House"],
        team=team,
        email=part.address,
        phone=part.phone,
        hire_date=came.date(),
        category=part.category,
        job_role=part.job_role,
        is_coordinator=part.coordinator,
        is_auditor=part.auditor,
        is_administrator=part.administrator,
        by=SYSTEM,
        at=came,
    )
    if part.supervises:
        organization.start_supervising(teams[part.supervises], person, by=SYSTEM, at=came)
    if part.account == "not_invited" or not person.email:
        return person
    invited = {
        "invited": at - dt.timedelta(days=2),
        "invitation_ran_out": at - dt.timedelta(days=settings.INVITATION_DAYS + 9),
    }
    invitation = invitations.invite(person, by=SYSTEM, at=invited.get(part.account, came))
    post.catch_up(at)
    if part.account in ("joined", "deactivated"):
        _accept(invitation, person, password, came + dt.timedelta(hours=3))
    return person


def _accept(invitation: Invitation, person: User, password: str, at: dt.datetime) -> None:
    """Takes the way of a real invitation, with one password for all, hashed once."""
    link = invitations.open_link(invitation, at)
    invitations.accept(link.rstrip("/").rsplit("/", 1)[1], codes.token(), at)
    User.objects.filter(pk=person.pk).update(password=password)
