"""What the site has to say in ``protocol`` slots."""

from collections.abc import Iterable

from courses.models import Course, SiteWords, SlotWaiver


def current_words(slots: Iterable[str]) -> dict[str, SiteWords]:
    """The latest words of each slot that has any."""
    latest = {row.slot: row for row in SiteWords.objects.filter(slot__in=set(slots)).order_by("slot", "number")}
    return {slot: row for slot, row in latest.items() if row.text.strip()}


def standing_waivers(slots: Iterable[str]) -> dict[str, SlotWaiver]:
    """The waiver of each slot that has one now."""
    rows = SlotWaiver.objects.filter(slot__in=set(slots), ended_at__isnull=True).select_related("waived_by")
    return {row.slot: row for row in rows}


def slots_in_use() -> list[str]:
    """Every slot that a current course version has, sorted."""
    slots: set[str] = set()
    for course in (
        Course.objects.filter(current__isnull=False).select_related("current").prefetch_related("current__units")
    ):
        assert course.current is not None
        for unit in course.current.units.all():
            slots.update(unit.slots)
    return sorted(slots)
