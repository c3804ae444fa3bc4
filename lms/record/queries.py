"""Reading the record."""

import uuid
from collections.abc import Iterator

from lms.record.chain import event_hash
from lms.record.models import RecordHead, TrainingEvent


def events_of(subject: uuid.UUID) -> list[TrainingEvent]:
    """A subject's events, oldest first."""
    return list(TrainingEvent.objects.filter(subject=subject).order_by("seq"))


def faults(subject: uuid.UUID) -> Iterator[str]:
    """What is wrong with a subject's chain, one sentence each: a gap, a changed event, a broken link, a head that differs."""
    previous, expected = "", 1
    for event in TrainingEvent.objects.filter(subject=subject).order_by("seq").iterator():
        if event.seq != expected:
            yield f"event {expected} of {subject} is missing"
            expected = event.seq
        if event.prev != previous:
            yield f"event {event.seq} of {subject} does not follow the one before it"
        if event.hash != event_hash(event):
            yield f"event {event.seq} of {subject} was changed"
        previous, expected = event.hash, expected + 1
    head = RecordHead.objects.filter(pk=subject).first()
    if (head.seq if head else 0) != expected - 1 or (head.hash if head else "") != previous:
        yield f"the record of {subject} does not end where its head says"
