"""Surveyor packs: whom one is about, how far it is, what the pages say of it."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Max, QuerySet

from courses.models import Course
from courses.queries.orders import words_of
from lms.lib import dates
from lms.people.models import User
from lms.people.queries.people import names_of_subjects, people_for_page
from quizzes.enums import PackState
from quizzes.models import Pack, SurveyLink, SurveyView
from quizzes.packs.naming import sample_of

MOST_PEOPLE = 500
MOST_DAYS = 30

SIGNS = {
    PackState.QUEUED: ("active", "hourglass"),
    PackState.CLAIMED: ("active", "hourglass"),
    PackState.STORED: ("done", "circle-check"),
    PackState.DEAD: ("late", "circle-alert"),
    PackState.REMOVED: ("pause", "circle-minus"),
}


@dataclasses.dataclass(frozen=True)
class Chosen:
    """The people of a pack by name, and how many they were drawn from. ``population`` is empty without a sample."""

    people: tuple[User, ...]
    out_of: int
    population: tuple[uuid.UUID, ...] = ()

    @property
    def too_many(self) -> bool:
        return len(self.people) > MOST_PEOPLE


def choose(filters: Mapping[str, Any], at: dt.datetime, *, sample: int | None = None, seed: str = "") -> Chosen:
    """Everybody whom the filters of the people list give, or a sample of them that the seed draws (``packs.naming.sample_of``)."""
    rows = people_for_page(at, **filters)
    if sample is None:
        people = tuple(rows[: MOST_PEOPLE + 1])
        return Chosen(people, rows.count() if len(people) > MOST_PEOPLE else len(people))
    population = tuple(sorted(rows.order_by().values_list("subject", flat=True)))
    drawn = sample_of(seed, population, sample)
    people = tuple(rows.filter(subject__in=drawn)) if len(drawn) <= MOST_PEOPLE else ()
    return Chosen(people, len(population), population)


def all_packs() -> QuerySet[Pack]:
    return Pack.objects.defer("population")


@dataclasses.dataclass(frozen=True)
class Story:
    """What a page says of one pack."""

    pack: Pack
    made_by: str
    whom: str
    courses: str

    @property
    def sign(self) -> tuple[str, str, str]:
        state = PackState(self.pack.state)
        return (*SIGNS[state], state.label)

    @property
    def working(self) -> bool:
        return self.pack.state in (PackState.QUEUED, PackState.CLAIMED)

    @property
    def title(self) -> str:
        number = self.pack.total
        return f"Surveyor pack of {number} {'person' if number == 1 else 'people'}"


def story_of(pack: Pack) -> Story:
    titles = dict(Course.objects.filter(slug__in=pack.courses).values_list("slug", "title"))
    return Story(
        pack=pack,
        made_by=names_of_subjects({pack.made_by}).get(pack.made_by, ""),
        whom=whom_of(pack),
        courses=", ".join(titles.get(slug, slug) for slug in pack.courses) or "all courses",
    )


def whom_of(pack: Pack) -> str:
    """Whom it is about, in words that stand in the pack too."""
    fit = words_of(pack.filters)
    if pack.seed:
        return f"a random sample of {pack.total} of the {len(pack.population)} who fit ({fit}), seed {pack.seed}"
    return fit


def path_of(pack: Pack) -> Path | None:
    """The stored file; None when there is none (any more)."""
    if pack.state != PackState.STORED:
        return None
    path = Path(settings.PACK_DIR) / pack.file
    return path if path.is_file() else None


def links_of(pack: Pack, at: dt.datetime) -> list[Any]:
    """The links of a pack, newest first, with ``open``, ``looks`` and ``looked_at``. One query."""
    rows: list[Any] = list(
        SurveyLink.objects.filter(pack=pack).annotate(looks=Count("views"), looked_at=Max("views__at"))
    )
    for row in rows:
        row.open = is_open(row, at)
    return rows


def is_open(link: SurveyLink, at: dt.datetime) -> bool:
    return link.ended_at is None and at < link.ends_at


def views_of(pack: Pack) -> QuerySet[SurveyView]:
    """Every look through a link of this pack, newest first."""
    rows = SurveyView.objects.filter(link__pack=pack).select_related("link", "person__person")
    return rows.order_by("-at", "-pk").annotate(made_for=F("link__made_for"))


def last_day(pack: Pack) -> dt.date:
    """The last day on which the file is there."""
    return dates.local_date(pack.keep_until, pack.zone)
