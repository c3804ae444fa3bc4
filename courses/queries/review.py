"""Whether a course version was reviewed, and what stands in the way of requiring it of people."""

import dataclasses
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db.models import prefetch_related_objects

from courses.enums import Decision, ReviewRole, ReviewState
from courses.models import CourseAcceptance, CourseApproval, CourseVersion, SiteWords, SlotWaiver, Unit
from courses.queries.site_words import current_words, standing_waivers
from courses.slots import SlotWords, slot_words

PEOPLE_NEEDED = 2


@dataclasses.dataclass(frozen=True)
class Slot:
    """A place for the site's own words that a version has: filled, waived, or empty."""

    name: str
    words: SiteWords | None
    waiver: SlotWaiver | None

    @property
    def about(self) -> SlotWords:
        return slot_words(self.name)

    @property
    def empty(self) -> bool:
        return self.words is None and self.waiver is None


@dataclasses.dataclass(frozen=True)
class Review:
    """A version with all that was decided about it: every row of approval (``log``) and every acceptance, oldest first."""

    version: CourseVersion
    units: tuple[Unit, ...]
    log: tuple[CourseApproval, ...]
    acceptances: tuple[CourseAcceptance, ...]
    slots: tuple[Slot, ...]

    @property
    def standing(self) -> list[CourseApproval]:
        """The approvals that count: of each person the latest row, if it approves. Oldest first."""
        latest = {row.reviewer_id: row for row in self.log}
        return [row for row in self.log if latest[row.reviewer_id] is row and row.decision == Decision.APPROVED]

    @property
    def acceptance(self) -> CourseAcceptance | None:
        """The one that holds now."""
        return next((row for row in self.acceptances if row.ended_at is None), None)

    @property
    def approved(self) -> bool:
        """Two different people approve it, at least one of them as a clinician."""
        standing = self.standing
        return len(standing) >= PEOPLE_NEEDED and any(row.role == ReviewRole.CLINICIAN for row in standing)

    @property
    def state(self) -> ReviewState:
        if self.approved:
            return ReviewState.APPROVED
        return ReviewState.ACCEPTED if self.acceptance else ReviewState.PENDING

    @property
    def empty_slots(self) -> list[Slot]:
        return [slot for slot in self.slots if slot.empty]

    @property
    def so_far(self) -> str:
        """How far the approval is, as the end of a sentence."""
        count = len(self.standing)
        if not count:
            return "so far nobody has"
        clinician = any(row.role == ReviewRole.CLINICIAN for row in self.standing)
        people = "1 person has" if count == 1 else f"{count} people have"
        return f"so far {people}{'' if clinician else ', not as a clinician'}"

    @property
    def obstacles(self) -> list[str]:
        """Sentences, each about one thing that is missing before people may be required to hold this version."""
        found = []
        if self.state == ReviewState.PENDING:
            found.append(
                f"Edition {self.version.number} is not approved. Two different people have to approve it, one of them as a clinician; "
                f"{self.so_far}."
            )
        for slot in self.empty_slots:
            found.append(
                f"“{slot.about.title}” is empty. Enter your site's own words there, or waive them with a reason."
            )
        return found


def reviews_of(versions: Iterable[CourseVersion]) -> list[Review]:
    """The review of each version, in the order given. At most five queries, however many versions."""
    rows = list(versions)
    prefetch_related_objects(rows, "units")
    keys = [version.pk for version in rows]
    log: dict[int, list[CourseApproval]] = {key: [] for key in keys}
    for approval in CourseApproval.objects.filter(version__in=keys).select_related("reviewer").order_by("at", "pk"):
        log[approval.version_id].append(approval)
    accepted: dict[int, list[CourseAcceptance]] = {key: [] for key in keys}
    for acceptance in (
        CourseAcceptance.objects.filter(version__in=keys).select_related("accepted_by").order_by("at", "pk")
    ):
        accepted[acceptance.version_id].append(acceptance)
    units = {version.pk: tuple(version.units.all()) for version in rows}
    names = {key: _slot_names(units[key]) for key in keys}
    everything = {name for each in names.values() for name in each}
    words, waivers = current_words(everything), standing_waivers(everything)
    return [
        Review(
            version,
            units[version.pk],
            tuple(log[version.pk]),
            tuple(accepted[version.pk]),
            tuple(Slot(name, words.get(name), waivers.get(name)) for name in names[version.pk]),
        )
        for version in rows
    ]


def _slot_names(units: Sequence[Unit]) -> list[str]:
    return list(dict.fromkeys(slot for unit in units for slot in unit.slots))


def review_of(version: CourseVersion) -> Review:
    return reviews_of([version])[0]


def may_require(version: CourseVersion) -> list[str]:
    """What forbids requiring this version of people, in words; nothing when it may be required.

    In production a version has to be approved (or accepted by a coordinator with a reason), and each of its places for the site's own
    words filled (or waived with a reason). Outside production nothing forbids it; pages show ``Review.obstacles`` all the same.
    """
    return review_of(version).obstacles if settings.PRODUCTION else []
