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
from courses.models.site_words import ShownSiteWords, SiteWords, SlotWaiver

__all__ = [
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
    "Reply",
    "Requirement",
    "RequirementVersion",
    "ShownSiteWords",
    "SiteWords",
    "SlotWaiver",
    "Unit",
    "UnitProgress",
]
