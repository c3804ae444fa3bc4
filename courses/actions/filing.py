"""Drawing and storing a certificate's file. Run by Celery; whatever a crash loses, the sweep finds by looking at rows.

Steps, each with a failpoint: claim (tries + 1, lease), draw, write to a temporary name, fsync, rename, then one transaction that
stores the SHA-256, marks the row and releases the waiting mail. Running it twice, late or at once leaves the same file: the
same facts give the same bytes, and a lost lease changes nothing.
"""

import datetime as dt
import logging
import os
from pathlib import Path

from django.conf import settings
from django.db import transaction

from courses.certificates import drawing
from courses.enums import FileState
from courses.models import Certificate
from lms.lib.failpoints import failpoint
from lms.outbox import actions as outbox
from lms.outbox import work
from lms.outbox.models import Occasion

log = logging.getLogger(__name__)


def facts_of(certificate: Certificate) -> drawing.CertificateFacts:
    """What is printed, from the frozen row."""
    edition, _, content_hash = certificate.edition.partition(" \u00b7 ")
    return drawing.CertificateFacts(
        organization=certificate.organization,
        name=certificate.name,
        latin_name=certificate.latin_name,
        course=certificate.course_title,
        edition=edition,
        content_hash=content_hash,
        completed_on=certificate.completed_on,
        expires_on=certificate.expires_on,
        hours=f"{certificate.hours:.2f}".rstrip("0").rstrip("."),
        score=certificate.score,
        number=certificate.number,
        code=certificate.printed_code,
        verify_url=certificate.verify_url,
        signatory=certificate.signatory,
        signatory_title=certificate.signatory_title,
        issued_at=certificate.issued_at,
        paper=certificate.paper,
        language=certificate.language,
    )


def file_certificate(certificate_pk: int, *, at: dt.datetime) -> bool:
    """Draws and stores one certificate's file if it wants work now. True if this call stored it."""
    rows = Certificate.objects.filter(pk=certificate_pk)
    lease = dt.timedelta(seconds=settings.PDF_LEASE_SECONDS)
    token = work.claim(rows, ready=FileState.QUEUED, claimed=FileState.CLAIMED, lease=lease, at=at)
    if token is None:
        return False
    failpoint("pdf.after_claim")
    certificate = rows.select_related("enrollment").get()
    if certificate.tries > work.MAX_TRIES:
        work.move(rows, token, state=FileState.DEAD, last_error=certificate.last_error or "The worker died each time.")
        log.error("certificate %s could not be made after %d tries", certificate_pk, work.MAX_TRIES)
        return False
    try:
        drawn = drawing.draw(facts_of(certificate))
        failpoint("pdf.after_draw")
        name = f"{certificate.public_id}.pdf"
        _store(Path(settings.CERTIFICATE_DIR), name, drawn.pdf)
    except Exception as error:  # the row must say why, and the next try must come
        log.warning("certificate %s: try %d failed: %r", certificate_pk, certificate.tries, error)
        dead = certificate.tries >= work.MAX_TRIES
        work.move(
            rows,
            token,
            state=FileState.DEAD if dead else FileState.QUEUED,
            next_try_at=at + work.backoff(certificate.tries),
            last_error=f"{error.__class__.__name__}: {error}"[:300],
        )
        return False
    failpoint("pdf.before_finish")
    versions = drawing.versions()
    with transaction.atomic():
        won = work.move(
            rows,
            token,
            state=FileState.STORED,
            file=name,
            sha256=drawn.sha256,
            typst_version=versions["typst"],
            template_version=versions["template"],
            drawn_name=drawn.name_drawn,
            name_fell_back=drawn.fell_back,
            last_error="",
            lease_token=None,
            lease_until=None,
        )
        if won:
            for occasion in Occasion.objects.filter(kind="certificate_ready", ref=str(certificate.public_id)):
                if occasion.message_id:
                    outbox.release(occasion.message_id, at=at)
    if won:
        _remove_leftovers(Path(settings.CERTIFICATE_DIR), name)
    failpoint("pdf.after_finish")
    return won


def _store(folder: Path, name: str, content: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{name}.{os.getpid()}"
    try:
        with temporary.open("wb") as file:
            file.write(content[: len(content) // 2])
            failpoint("pdf.mid_write")
            file.write(content[len(content) // 2 :])
            file.flush()
            os.fsync(file.fileno())
        failpoint("pdf.before_rename")
        temporary.replace(folder / name)
    finally:
        temporary.unlink(missing_ok=True)
    failpoint("pdf.after_rename")
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_leftovers(folder: Path, name: str) -> None:
    """Removes what killed workers left of this file. Only the winner calls it: whoever still writes has lost the lease."""
    for path in folder.glob(f".{name}.*"):
        path.unlink(missing_ok=True)


def sweep(*, at: dt.datetime) -> int:
    """Draws every certificate that wants work; returns how many it stored. Each is its own transaction."""
    pks = list(
        work.due(Certificate.objects.all(), ready=FileState.QUEUED, claimed=FileState.CLAIMED, at=at).values_list(
            "pk", flat=True
        )[:200]
    )
    return sum(file_certificate(pk, at=at) for pk in pks)
