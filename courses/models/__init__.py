"""Tables of courses. One noun a file."""

from courses.models.approval import CourseAcceptance, CourseApproval
from courses.models.assignment import Assignment
from courses.models.batch import Batch, BatchRow
from courses.models.certificate import Certificate, CertificateCounter
from courses.models.course import Course, CourseVersion, Unit
from courses.models.edition import EditionDecision
from courses.models.enrollment import Enrollment, UnitProgress
from courses.models.exception import DutyException
from courses.models.feed import CalendarFeed
from courses.models.nudge import Nudge
from courses.models.path import CoursePath
from courses.models.reply import Reply
from courses.models.requirement import Requirement, RequirementVersion
from courses.models.saved_view import SavedView
from courses.models.sign_off import AssessorQualification, SignOff
from courses.models.site_words import ShownSiteWords, SiteWords, SlotWaiver
from courses.models.span import PlaceSpan, SpanBook, StatusSpan

__all__ = [
    "AssessorQualification",
    "Assignment",
    "Batch",
    "BatchRow",
    "CalendarFeed",
    "Certificate",
    "CertificateCounter",
    "Course",
    "CourseAcceptance",
    "CourseApproval",
    "CoursePath",
    "CourseVersion",
    "DutyException",
    "EditionDecision",
    "Enrollment",
    "Nudge",
    "PlaceSpan",
    "Reply",
    "Requirement",
    "RequirementVersion",
    "SavedView",
    "ShownSiteWords",
    "SignOff",
    "SiteWords",
    "SlotWaiver",
    "SpanBook",
    "StatusSpan",
    "Unit",
    "UnitProgress",
]
