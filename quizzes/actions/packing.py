"""A surveyor pack is asked for, and its file goes when its time is over."""

import datetime as dt
import functools
import secrets
import shutil
import uuid
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from lms.lib import dates, names
from lms.outbox import work
from lms.people.actions.identity import snapshot_of
from lms.people.models import User
from lms.record import actions as record
from lms.record.enums import EventKind
from quizzes.enums import PackState
from quizzes.models import Pack, PackPerson
from quizzes.packs.naming import folder_of
from quizzes.queries.packs import MOST_PEOPLE, Chosen

BUILD = "quizzes.tasks.build_pack"
_UNUSED = "abcdefghjkmnpqrstuvwxyz23456789"  # without letters and digits that are read as others


def new_seed() -> str:
    """Eight letters and digits that are easy to read out."""
    return "".join(secrets.choice(_UNUSED) for _ in range(8))


def make(
    chosen: Chosen,
    *,
    as_of: dt.date,
    reason: str,
    by: User,
    at: dt.datetime,
    filters: Mapping[str, Any] | None = None,
    seed: str = "",
    courses: Sequence[str] = (),
    with_key: bool = False,
    without: Collection[uuid.UUID] = (),
    key: uuid.UUID | None = None,
) -> Pack:
    """Writes down whom and what it is about with the event in the record of who asked, in one transaction, and rings the worker.

    ``without`` are people (public ids) who were taken off the list; a sample has none. ``key`` becomes the public id, and the same key
    a second time gives the pack that is there. The day counts to its end in the zone of who asks; today counts to this instant.
    Raises ValidationError, by field, without a reason, for a day that is still to come, for nobody and for too many.
    """
    reason = names.one_line(reason)
    today = dates.local_date(at, by.zone)
    people = [person for person in chosen.people if person.public_id not in without]
    if not reason:
        raise ValidationError({"reason": "Say why. The reason stays in the record."})
    if as_of > today:
        raise ValidationError({"as_of": "This day is still to come. Choose today or an earlier day."})
    if not people:
        raise ValidationError("Nobody is chosen. Choose other people.")
    if chosen.too_many:
        raise ValidationError(f"A pack has room for {MOST_PEOPLE} people. Choose fewer, or draw a sample.")
    if known := _pack_of(key):
        return known
    with transaction.atomic():
        record.hold(by.subject)
        if known := _pack_of(key):
            return known
        pack = Pack.objects.create(
            public_id=key or uuid.uuid4(),
            as_of=as_of,
            until=min(at, dates.end_of_day(as_of, by.zone)),
            zone=by.zone,
            courses=list(courses),
            filters=dict(filters or {}),
            seed=seed if chosen.population else "",
            population=[str(subject) for subject in chosen.population],
            with_key=with_key,
            reason=reason,
            total=len(people),
            made_by=str(by.subject),
            made_at=at,
            keep_until=at + dt.timedelta(days=settings.PACK_KEEP_DAYS),
            next_try_at=at,
        )
        PackPerson.objects.bulk_create(
            [
                PackPerson(
                    pack=pack,
                    person=person,
                    position=n,
                    folder=folder_of(n, person.name, person.latin_name, person.subject),
                )
                for n, person in enumerate(people, 1)
            ],
            batch_size=500,
        )
        payload = {
            "as_of": as_of.isoformat(),
            "people": [str(person.subject) for person in people],
            "courses": pack.courses,
            "seed": pack.seed,
            "out_of": chosen.out_of,
            "with_key": with_key,
            "reason": reason,
        }
        write(pack, EventKind.PACK_MADE, payload, by=by, at=at)
        work.ring_after_commit(BUILD, pack.pk)
    return pack


def write(pack: Pack, kind: EventKind, payload: dict[str, Any], *, by: User, at: dt.datetime) -> None:
    """An event about the pack in the record of the coordinator who does something with it."""
    identity = snapshot_of(by, at).hash
    record.append(
        by.subject, kind, {"identity": identity, "pack": str(pack.public_id), **payload}, at=at, by=by.subject
    )


def _pack_of(key: uuid.UUID | None) -> Pack | None:
    return Pack.objects.filter(public_id=key).first() if key else None


def again(pack: Pack, *, at: dt.datetime) -> bool:
    """A pack that could not be made is tried once more. False if it needs none."""
    with transaction.atomic():
        won = Pack.objects.filter(pk=pack.pk, state=PackState.DEAD).update(
            state=PackState.QUEUED, tries=0, next_try_at=at, lease_token=None, lease_until=None
        )
        if won:
            work.ring_after_commit(BUILD, pack.pk)
    return bool(won)


def remove_old(*, at: dt.datetime) -> int:
    """Deletes the files whose time is over; returns how many. The rows stay. The row says so first, so that a file that cannot be
    deleted is tried again by the next sweep and is never handed out in between."""
    old = Pack.objects.filter(keep_until__lte=at, state__in=[PackState.STORED, PackState.DEAD])
    old.update(state=PackState.REMOVED)
    gone = 0
    for pack in Pack.objects.filter(state=PackState.REMOVED, removed_at__isnull=True).defer("population"):
        delete_files(pack)
        gone += Pack.objects.filter(pk=pack.pk, removed_at__isnull=True).update(removed_at=at)
    return gone


def delete_files(pack: Pack) -> None:
    """The ZIP, and whatever lies where it is put together."""
    (Path(settings.PACK_DIR) / f"{pack.public_id}.zip").unlink(missing_ok=True)
    remove_leftovers(pack)


def remove_leftovers(pack: Pack) -> None:
    """What putting it together left, also that of killed workers. Called by the winner, or when nobody works on it."""
    shutil.rmtree(folder_of_work(pack), ignore_errors=True)
    for path in Path(settings.PACK_DIR).glob(f".{pack.public_id}.zip.*"):
        path.unlink(missing_ok=True)


def folder_of_work(pack: Pack) -> Path:
    """Where a pack is put together."""
    return Path(settings.PACK_DIR) / f"{pack.public_id}.work"


def person_erased(user: User, *, at: dt.datetime, by: uuid.UUID | str) -> None:
    """Packs with somebody whose identity is erased lose their file, whatever state they are in, and what names the person in their
    rows. The files themselves go after commit, or with the next sweep. Inside the transaction of the erasure."""
    for one in PackPerson.objects.filter(person=user).select_related("pack"):
        PackPerson.objects.filter(pk=one.pk).update(folder=folder_of(one.position, "", "", user.subject))
        filters = {**one.pack.filters, "search": ""} if one.pack.filters else {}
        Pack.objects.filter(pk=one.pack_id).update(filters=filters)
        Pack.objects.filter(pk=one.pack_id).exclude(state=PackState.REMOVED).update(
            state=PackState.REMOVED, lease_token=None, lease_until=None, last_error=""
        )
        transaction.on_commit(functools.partial(delete_files, one.pack), robust=True)
