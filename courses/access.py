"""Who may reach what in courses: one helper an object, which fetches what the matrix lets the person reach, or raises Http404."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Sequence

from django.db.models import Q, QuerySet
from django.http import Http404

from courses.enums import Answer, Known
from courses.links import read_answer_token, read_feed_token
from courses.models import (
    AssessorQualification,
    Assignment,
    Batch,
    CalendarFeed,
    Certificate,
    Course,
    CourseAcceptance,
    CourseApproval,
    CourseVersion,
    DutyException,
    Enrollment,
    Reply,
    Requirement,
    SavedView,
    SignOff,
    Unit,
)
from courses.queries.asof import people_as_of
from courses.queries.editions import material_edition
from courses.queries.practices import Practice, practice_of
from courses.queries.sign_offs import reach
from lms.people.access import Action, demand, granted
from lms.people.models import Site, Team, User
from lms.people.queries.teams import teams_below
from lms.people.roles import sees_everybody


@dataclasses.dataclass(frozen=True)
class Scope:
    """Whom a viewer of people and courses may see: ``people``, and the teams and sites they may be narrowed to. ``whole``: everybody."""

    people: QuerySet[User]
    teams: list[Team]
    sites: list[Site]
    whole: bool


def enrollment_for(user: User, public_id: uuid.UUID) -> Enrollment:
    """The learner's own enrollment."""
    rows = Enrollment.objects.select_related("learner__site", "version", "course")
    enrollment = rows.filter(public_id=public_id, learner=user).first()
    if enrollment is None:
        raise Http404
    return enrollment


def unit_for(enrollment: Enrollment, slug: str) -> Unit:
    """A unit of the enrollment's own version."""
    unit = Unit.objects.filter(version_id=enrollment.version_id, slug=slug).first()
    if unit is None:
        raise Http404
    return unit


def certificate_for(user: User, public_id: uuid.UUID, action: Action = Action.SEE_CERTIFICATE) -> Certificate:
    """A certificate of somebody to whom the user may do this."""
    rows = Certificate.objects.select_related("enrollment__learner__site", "enrollment__course", "enrollment__version")
    certificate = rows.filter(public_id=public_id).first()
    if certificate is None:
        raise Http404
    return granted(user, action, certificate.enrollment.learner, certificate)


def assignment_for_coordinator(user: User, public_id: uuid.UUID) -> Assignment:
    """Any person's assignment, for a coordinator."""
    rows = Assignment.objects.select_related("learner__site", "course", "enrollment__version")
    assignment = rows.filter(public_id=public_id).first()
    if assignment is None:
        raise Http404
    return granted(user, Action.CHANGE_TRAINING, assignment.learner, assignment)


def assignment_for_reader(user: User, public_id: uuid.UUID) -> Assignment:
    """An assignment for those who may see why it is asked: the learner, a supervisor of the learner's team or of one above, and more."""
    rows = Assignment.objects.select_related(
        "learner__site", "course", "enrollment__version", "accepted", "rule", "requirement__course", "requirement__path"
    )
    assignment = rows.filter(public_id=public_id).first()
    if assignment is None:
        raise Http404
    return granted(user, Action.SEE_WHY, assignment.learner, assignment)


def assignment_for_supervisor(user: User, public_id: uuid.UUID, action: Action) -> Assignment:
    """An assignment of somebody to whom the matrix lets the viewer do this as their supervisor; never the viewer's own."""
    rows = Assignment.objects.select_related("learner__site", "learner__team", "course", "enrollment", "accepted")
    assignment = rows.filter(public_id=public_id).first()
    if assignment is None:
        raise Http404
    return granted(user, action, assignment.learner, assignment)


def assignment_for_answer(token: str) -> tuple[Assignment, Answer]:
    """What the signed token of an answer is about; whoever holds it may answer for the learner, while the account is active."""
    read = read_answer_token(token)
    if read is None:
        raise Http404
    rows = Assignment.objects.select_related("learner__site", "learner__team", "course", "enrollment", "accepted")
    assignment = rows.filter(public_id=read[0], learner__is_active=True).first()
    if assignment is None:
        raise Http404
    return assignment, read[1]


def feed_for_token(token: str) -> CalendarFeed:
    """The private calendar behind an address, while it is the newest one and its person's account is active."""
    nonce = read_feed_token(token)
    rows = CalendarFeed.objects.select_related("user__site")
    feed = rows.filter(nonce=nonce, user__is_active=True).first() if nonce else None
    if feed is None:
        raise Http404
    return feed


def reply_for_supervisor(user: User, public_id: uuid.UUID) -> Reply:
    """An answer to a reminder for those who may settle it: a coordinator, or a supervisor of the learner's team or of one above, for
    anybody but themselves."""
    rows = Reply.objects.select_related(
        "learner__site", "learner__team", "assignment__course", "assignment__enrollment"
    )
    reply = rows.filter(public_id=public_id).first()
    if reply is None:
        raise Http404
    return granted(user, Action.SETTLE_REPLY, reply.learner, reply)


def requirement_for(user: User, public_id: uuid.UUID, action: Action = Action.SEE_REQUIREMENTS) -> Requirement:
    demand(user, action)
    requirement = Requirement.objects.select_related("current", "course", "path").filter(public_id=public_id).first()
    if requirement is None:
        raise Http404
    return requirement


def practice_for_assessor(
    user: User, enrollment: uuid.UUID, practice: str, at: dt.datetime
) -> tuple[Enrollment, Practice]:
    """A practice of somebody in the viewer's reach as a supervisor or a named assessor, completed or not; never the viewer's own."""
    rows = Enrollment.objects.filter(public_id=enrollment, learner__is_active=True).exclude(version__sign_offs=[])
    rows = rows.select_related("learner__site", "learner__team", "version", "course")
    found = rows.filter(reach(user, at)).first() if user.is_active else None
    asked = practice_of(found.version, practice) if found is not None else None
    if found is None or asked is None:
        raise Http404
    return found, asked


def sign_off_for_coordinator(user: User, public_id: uuid.UUID) -> SignOff:
    rows = SignOff.objects.select_related("enrollment__version", "enrollment__course", "learner__site", "assessor")
    row = rows.filter(public_id=public_id).first()
    if row is None or not user.is_coordinator:
        raise Http404
    return row


def qualification_for_coordinator(user: User, public_id: uuid.UUID) -> AssessorQualification:
    rows = AssessorQualification.objects.select_related("person__site", "person__team", "course__current", "site")
    row = rows.filter(public_id=public_id).first()
    if row is None or not user.is_coordinator:
        raise Http404
    return row


def scope_of(user: User) -> Scope:
    """The active people of the viewer's teams and below; whoever the matrix lets see everybody, all active people. Http404 for others."""
    active = User.objects.filter(is_active=True)
    if sees_everybody(user, Action.SEE_TEAM):
        teams = list(Team.objects.select_related("site").order_by("site__name", "name"))
        return Scope(active, teams, list(Site.objects.all()), whole=True)
    teams = teams_below(user)
    if not user.is_active or not teams:
        raise Http404
    sites = {team.site_id: team.site for team in teams}
    return Scope(active.filter(team__in=[team.pk for team in teams]), teams, list(sites.values()), whole=False)


def people_of_then(scope: Scope, day: dt.date, known: Known, zones: Sequence[str]) -> QuerySet[User]:
    """Who was active at the end of a past day in the teams of a scope, which are those of today; everybody when it is whole."""
    people = people_as_of(day, known, zones)
    return people if scope.whole else people.filter(Q(then_team__in=[team.pk for team in scope.teams]))


def saved_view_for(user: User, public_id: uuid.UUID) -> SavedView:
    """The viewer's own saved view."""
    view = SavedView.objects.filter(public_id=public_id, owner=user).first()
    if view is None:
        raise Http404
    return view


def requirement_for_coordinator(user: User, public_id: uuid.UUID) -> Requirement:
    return requirement_for(user, public_id, Action.WRITE_REQUIREMENTS)


def exception_for_coordinator(user: User, public_id: uuid.UUID) -> DutyException:
    rows = DutyException.objects.select_related("learner__site", "learner__team", "course")
    exception = rows.filter(public_id=public_id).first()
    if exception is None:
        raise Http404
    return granted(user, Action.CHANGE_TRAINING, exception.learner, exception)


def batch_for_coordinator(user: User, public_id: uuid.UUID) -> Batch:
    demand(user, Action.RUN_BATCHES)
    batch = Batch.objects.select_related("course").filter(public_id=public_id).first()
    if batch is None:
        raise Http404
    return batch


def current_version_for_coordinator(user: User, slug: str) -> CourseVersion:
    """The current version of a course, for a coordinator. A course without one is as good as absent."""
    demand(user, Action.RUN_COURSES)
    course = Course.objects.select_related("current__course").filter(slug=slug).first()
    if course is None or course.current is None:
        raise Http404
    return course.current


def version_for_coordinator(user: User, public_id: uuid.UUID) -> CourseVersion:
    """Any version, current or not, for a coordinator."""
    demand(user, Action.RUN_COURSES)
    version = CourseVersion.objects.select_related("course__current").filter(public_id=public_id).first()
    if version is None:
        raise Http404
    return version


def material_edition_for_coordinator(user: User, public_id: uuid.UUID) -> CourseVersion:
    """The edition of its course that last changed what is taught, for a coordinator; any other is as good as absent."""
    current = version_for_coordinator(user, public_id).course.current
    found = material_edition(current) if current is not None else None
    if found is None or found.public_id != public_id:
        raise Http404
    return found


def approval_for_coordinator(user: User, public_id: uuid.UUID) -> CourseApproval:
    demand(user, Action.RUN_COURSES)
    rows = CourseApproval.objects.select_related("version__course", "reviewer__site", "reviewer__team")
    approval = rows.filter(public_id=public_id).first()
    if approval is None:
        raise Http404
    return approval


def acceptance_for_coordinator(user: User, public_id: uuid.UUID) -> CourseAcceptance:
    demand(user, Action.RUN_COURSES)
    rows = CourseAcceptance.objects.select_related("version__course", "accepted_by__site", "accepted_by__team")
    acceptance = rows.filter(public_id=public_id).first()
    if acceptance is None:
        raise Http404
    return acceptance
