"""What the coordinator's page of the training record shows."""

import dataclasses
import datetime as dt
import json
import re
import uuid

from lms.people.models import User
from lms.people.queries.people import names_of_subjects
from lms.record.enums import EventKind
from lms.record.models import RecordCheck, RecordHead, Seal, TrainingEvent
from lms.record.queries import last_check, last_seal

_SUBJECT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclasses.dataclass(frozen=True)
class Export:
    """When the seals were last taken elsewhere, by whom, and up to which seal."""

    at: dt.datetime
    by: str
    number: int


@dataclasses.dataclass(frozen=True)
class RecordState:
    events: int
    people: int
    seal: Seal | None
    check: RecordCheck | None
    faults: list[str]
    export: Export | None

    @property
    def unexported(self) -> int:
        """How many seals are in no exported file."""
        return (self.seal.number if self.seal else 0) - (self.export.number if self.export else 0)


def record_state() -> RecordState:
    """Six queries, seven when there are faults."""
    check = last_check()
    return RecordState(
        events=TrainingEvent.objects.count(),
        people=RecordHead.objects.filter(subject__in=User.objects.values("subject")).count(),
        seal=last_seal(),
        check=check,
        faults=with_names(check.sentences) if check else [],
        export=_last_export(),
    )


def with_names(sentences: list[str]) -> list[str]:
    """The same sentences with names in place of the ids of people who are known. One query."""
    ids = {found for sentence in sentences for found in _SUBJECT.findall(sentence)}
    names = names_of_subjects(ids) if ids else {}
    return [_SUBJECT.sub(lambda found: names.get(found[0], found[0]), sentence) for sentence in sentences]


def _last_export() -> Export | None:
    event = TrainingEvent.objects.filter(kind=EventKind.SEALS_EXPORTED).order_by("-recorded_at", "-pk").first()
    if event is None:
        return None
    name = User.objects.filter(subject=uuid.UUID(event.actor)).values_list("name", flat=True).first()
    return Export(event.effective_at, name or "", json.loads(event.payload)["seals"])
