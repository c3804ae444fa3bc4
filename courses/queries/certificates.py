"""The state of a certificate at an instant, as anybody may know it."""

import dataclasses
import datetime as dt

from courses.models import Certificate
from lms.lib import dates


@dataclasses.dataclass(frozen=True)
class CertificateState:
    """``status`` is a status slug of the face; ``word`` and ``sentence`` say it to people."""

    status: str
    word: str
    sentence: str
    good: bool


def state_of(certificate: Certificate, at: dt.datetime) -> CertificateState:
    """Revoked before replaced before expired before valid."""
    if certificate.revoked_at is not None and certificate.revoked_at <= at:
        day = dates.long_date(dates.local_date(certificate.revoked_at, certificate.zone))
        return CertificateState("expired", "Revoked", f"It was withdrawn on {day} and counts no longer.", False)
    if certificate.superseded_at is not None and certificate.superseded_at <= at:
        return CertificateState(
            "exempt", "Replaced", "It was issued again with a corrected name. The newer one counts.", False
        )
    if certificate.expires_at is not None and certificate.expires_at <= at and certificate.expires_on is not None:
        return CertificateState(
            "expired", "Expired", f"It ran out at the end of {dates.long_date(certificate.expires_on)}.", False
        )
    if certificate.expires_on is not None:
        return CertificateState("complete", "Valid", f"It is valid to {dates.long_date(certificate.expires_on)}.", True)
    return CertificateState("complete", "Valid", "It does not expire.", True)
