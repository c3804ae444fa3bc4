"""Tables of courses. One noun a file."""

from courses.models.assignment import Assignment
from courses.models.certificate import Certificate, CertificateCounter
from courses.models.course import Course, CourseVersion, Unit
from courses.models.enrollment import Enrollment, UnitProgress
from courses.models.site_words import ShownSiteWords, SiteWords

__all__ = [
    "Assignment",
    "Certificate",
    "CertificateCounter",
    "Course",
    "CourseVersion",
    "Enrollment",
    "ShownSiteWords",
    "SiteWords",
    "Unit",
    "UnitProgress",
]
