"""The frozen fact that an enrollment was completed."""

import uuid

from django.db import models

from courses.enums import FileState
from courses.models.enrollment import Enrollment
from lms.lib import codes


class CertificateCounter(models.Model):
    """The last certificate number of a year."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"


class Certificate(models.Model):
    """What is printed is stored here at completion and never edited; it can be revoked, or superseded by a reissue.

    The columns of work (state, lease, tries, next_try_at) belong to the drawing of the file.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    enrollment = models.ForeignKey(Enrollment, on_delete=models.PROTECT, related_name="certificates")
    code = models.CharField(max_length=32, unique=True, default=codes.public_code, editable=False)
    number = models.CharField(max_length=30, unique=True)
    snapshot = models.CharField(max_length=64, help_text="Hash of the identity snapshot that it was printed from.")
    name = models.CharField(max_length=120)
    latin_name = models.CharField(max_length=120, blank=True)
    organization = models.CharField(max_length=120)
    course_title = models.CharField(max_length=120)
    edition = models.CharField(max_length=30)
    language = models.CharField(max_length=12, default="en")
    hours = models.DecimalField(max_digits=5, decimal_places=2)
    score = models.CharField(max_length=40)
    zone = models.CharField(max_length=64)
    completed_on = models.DateField()
    expires_on = models.DateField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    signatory = models.CharField(max_length=80, blank=True)
    signatory_title = models.CharField(max_length=80, blank=True)
    paper = models.CharField(max_length=10, default="us-letter")
    verify_url = models.CharField(max_length=300)
    issued_at = models.DateTimeField()
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    superseded_at = models.DateTimeField(null=True, blank=True)
    reissue_reason = models.CharField(max_length=200, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=200, blank=True)

    state = models.CharField(max_length=8, choices=FileState.choices, default=FileState.QUEUED)
    next_try_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
    file = models.CharField(max_length=120, blank=True, help_text="Name under CERTIFICATE_DIR.")
    sha256 = models.CharField(max_length=64, blank=True)
    typst_version = models.CharField(max_length=20, blank=True)
    template_version = models.CharField(max_length=20, blank=True)
    drawn_name = models.CharField(max_length=120, blank=True, help_text="The name as it stands in the file.")
    name_fell_back = models.BooleanField(default=False)

    class Meta:
        ordering = ["-issued_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["enrollment"],
                condition=models.Q(superseded_at__isnull=True),
                name="courses_certificate_once",
                violation_error_message="This completion already has its certificate.",
            )
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def printed_code(self) -> str:
        return codes.grouped(self.code)
