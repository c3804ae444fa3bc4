"""The reviews of questions, and who reads what learners say about a question."""

from collections.abc import Iterable

from django.db.models import Count, QuerySet

from lms.people.models import User
from quizzes.models import ItemReview, Response


def reader_of(responses: Iterable[Response]) -> str:
    """Who reads the open disputes among these responses, in words; empty, and asked for nothing, when there are none.

    Needs ``dispute__review`` selected. One coordinator is named; of several it is not known who will.
    """
    disputes = [getattr(response, "dispute", None) for response in responses]
    if not any(one is not None and one.review.closed_at is None for one in disputes):
        return ""
    names = list(User.objects.filter(is_active=True, is_coordinator=True).values_list("name", flat=True)[:2])
    return names[0] if len(names) == 1 else "The training coordinator"


def item_reviews(*, is_open: bool) -> QuerySet[ItemReview]:
    """With ``number`` of disputes each. Open ones: critical questions first, then the oldest; closed ones: the latest first."""
    rows = ItemReview.objects.filter(closed_at__isnull=is_open).select_related("question__quiz__unit__version__course")
    order = ("-question__critical", "opened_at", "pk") if is_open else ("-closed_at", "-pk")
    return rows.annotate(number=Count("disputes")).order_by(*order)
