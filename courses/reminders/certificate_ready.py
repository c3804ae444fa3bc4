"""Your certificate is attached. Announced by the issuing action; released when the file is stored."""

import datetime as dt
from pathlib import Path
from typing import Any

from django.conf import settings
from django.urls import reverse

from courses.models import Assignment, Certificate
from courses.reminders.base import CourseMail, newest_of
from lms.outbox import kinds
from lms.outbox.models import Message, Occasion
from lms.people.links import site_url


class CertificateReady(CourseMail):
    slug = "certificate_ready"
    label = "Certificate ready"
    why_it_comes = "you completed a course of {organization}"
    optional = True
    resend_after_doubt = True

    def certificate(self, occasion: Occasion) -> Certificate | None:
        return Certificate.objects.select_related("enrollment__learner").filter(public_id=occasion.ref).first()

    def refs(self, assignment: Assignment) -> list[str]:
        rows = Certificate.objects.filter(enrollment=assignment.enrollment_id)
        return [str(public_id) for public_id in rows.values_list("public_id", flat=True)]

    def assignment(self, occasion: Occasion) -> Assignment | None:
        return newest_of(Assignment.objects.filter(enrollment__certificates__public_id=occasion.ref))

    def reason(self, occasion: Occasion) -> str:
        return "The certificate was ready."

    def still_wanted(self, occasion: Occasion, at: dt.datetime) -> str | None:
        certificate = self.certificate(occasion)
        if certificate is None or certificate.revoked_at is not None:
            return "The certificate was revoked."
        return "The certificate was replaced." if certificate.superseded_at is not None else None

    def context(self, occasion: Occasion, at: dt.datetime) -> dict[str, Any]:
        certificate = self.certificate(occasion)
        assert certificate is not None
        return {
            "certificate": certificate,
            "learner": certificate.enrollment.learner,
            "button_url": site_url(reverse("certificate", args=[certificate.public_id])),
            "button_label": "See your certificate",
        }

    def attachments(self, message: Message) -> list[kinds.Attachment]:
        """The stored file. Raises FileNotFoundError while there is none, so that the mail is tried later and never goes without it."""
        found = []
        for occasion in message.occasions.filter(kind=self.slug):
            certificate = self.certificate(occasion)
            if certificate is not None:
                if not certificate.file:
                    raise FileNotFoundError(f"the file of certificate {certificate.number} is not stored yet")
                content = (Path(settings.CERTIFICATE_DIR) / certificate.file).read_bytes()
                found.append(kinds.Attachment(f"Certificate {certificate.number}.pdf", content, "application/pdf"))
        return found


kinds.register(CertificateReady())
