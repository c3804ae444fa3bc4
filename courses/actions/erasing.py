"""What courses take out of their rows when a person's identity is erased."""

import datetime as dt
import functools
import uuid
from pathlib import Path

from django.conf import settings
from django.db import transaction

from courses.enums import FileState
from courses.models import Certificate, Reply, SignOff
from lms.people.models import User


def person_erased(user: User, *, at: dt.datetime, by: uuid.UUID | str) -> None:
    """Certificates lose the name and, after the commit, their file; number, course, dates, score and code stay. Answers to reminders
    and sign-offs lose their free words. A worker that draws a file just now has lost its lease; what it still writes goes with the next sweeps, which
    look for the files of erased people until twice the lease is over."""
    mine = Certificate.objects.filter(enrollment__learner=user)
    for certificate in mine.order_by("pk"):
        Certificate.objects.filter(pk=certificate.pk).update(
            name=user.name,
            latin_name="",
            drawn_name="",
            state=FileState.ERASED,
            file=f"{certificate.public_id}.pdf",
            lease_token=None,
            lease_until=None,
            last_error="",
            next_try_at=at + dt.timedelta(seconds=2 * settings.PDF_LEASE_SECONDS),
        )
    Reply.objects.filter(assignment__learner=user).update(note="", outcome_note="")
    SignOff.objects.filter(learner=user).update(note="", work_on="")
    transaction.on_commit(functools.partial(remove_files, at=at))


def remove_files(*, at: dt.datetime) -> None:
    """Removes the files of certificates of erased people. Also run by every sweep, so a crash leaves none behind."""
    for certificate in Certificate.objects.filter(state=FileState.ERASED).exclude(file=""):
        (Path(settings.CERTIFICATE_DIR) / certificate.file).unlink(missing_ok=True)
        if certificate.next_try_at <= at:
            Certificate.objects.filter(pk=certificate.pk).update(file="")
