"""Links for surveyors: made, ended, and every look written down."""

import datetime as dt
import hashlib
import secrets
import uuid

from django.core.exceptions import ValidationError
from django.db import transaction

from lms.lib import dates, names
from lms.people.models import User
from lms.record import actions as record
from lms.record.enums import EventKind
from quizzes.actions.packing import write
from quizzes.enums import PackState, SurveyPart
from quizzes.links import survey_url
from quizzes.models import Pack, PackPerson, SurveyLink, SurveyView
from quizzes.queries.packs import MOST_DAYS, last_day


def make_link(
    pack: Pack, *, made_for: str, days: int, by: User, at: dt.datetime, key: uuid.UUID | None = None
) -> tuple[SurveyLink, str]:
    """A link that ends by itself after so many days, with its address. The address is given here once and kept nowhere; with a ``key``
    that was used before it is empty. Raises ValidationError, by field."""
    made_for = names.one_line(made_for)
    if not made_for:
        raise ValidationError({"made_for": "Say who gets this link, for example the surveyor's name."})
    if not 1 <= days <= MOST_DAYS:
        raise ValidationError({"days": f"Give a number of days from 1 to {MOST_DAYS}."})
    if pack.state != PackState.STORED:
        raise ValidationError("There is no file to show. A link can be made when the pack is ready.")
    ends_at = at + dt.timedelta(days=days)
    if ends_at > pack.keep_until:
        left = (pack.keep_until - at).days
        day = dates.long_date(last_day(pack))
        raise ValidationError({"days": f"The file is deleted on {day}. Give at most {left} days, or make a new pack."})
    secret = secrets.token_urlsafe(24)
    with transaction.atomic():
        record.hold(by.subject)
        known = SurveyLink.objects.filter(public_id=key).first() if key else None
        if known is not None:
            return known, ""
        link = SurveyLink.objects.create(
            pack=pack,
            public_id=key or uuid.uuid4(),
            secret_hash=hash_of(secret),
            made_for=made_for,
            made_by=str(by.subject),
            made_at=at,
            ends_at=ends_at,
        )
        payload = {"link": str(link.public_id), "made_for": made_for, "days": days}
        write(pack, EventKind.SURVEY_LINK_MADE, payload, by=by, at=at)
    return link, survey_url(link.public_id, secret)


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def end_link(link: SurveyLink, *, by: User, at: dt.datetime) -> bool:
    """Nobody gets in through it from now on. False if it had ended."""
    with transaction.atomic():
        record.hold(by.subject)
        won = SurveyLink.objects.filter(pk=link.pk, ended_at__isnull=True, ends_at__gt=at).update(
            ended_at=at, ended_by=str(by.subject)
        )
        if won:
            write(link.pack, EventKind.SURVEY_LINK_ENDED, {"link": str(link.public_id)}, by=by, at=at)
    return bool(won)


def note_view(link: SurveyLink, part: SurveyPart, *, at: dt.datetime, person: PackPerson | None = None) -> None:
    SurveyView.objects.create(link=link, at=at, part=part, person=person)
