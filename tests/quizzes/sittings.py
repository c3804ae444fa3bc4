"""Sittings for tests of pages: one with a question of each kind, and ways to answer as a browser does."""

import re
from typing import Any

from django.http import QueryDict
from django.test import Client

from lms.lib import clock
from lms.people.models import User
from quizzes import kinds
from quizzes.actions import attempts
from quizzes.models import Attempt, Response
from tests import factories
from tests.quizzes.kinds import samples

KINDS = samples.SLUGS


def course_of_all_kinds(*, planted: bool = False, **changes: Any) -> Any:
    """A compiled course whose one quiz asks a question of each kind; ``planted`` ones carry the sentinel in all that is secret."""
    compiled = factories.compiled_course("all-kinds", title="All kinds", **changes)
    questions = []
    for number, slug in enumerate(KINDS, start=1):
        row = samples.twin(slug) if planted else {**samples.AUTHORED[slug]}
        stored = samples.compiled({**row, "id": f"{row['id']}-{number}"})
        questions.append({**stored, "section": "First part", "section_id": "section-first-part"})
    quiz = {
        "unit": "ALL-U1",
        "serve": len(questions),
        "draw": [{"objective": "TST-1.1", "take": len(questions), "critical": False}],
        "questions": questions,
        "misconceptions": [],
    }
    unit = compiled.units[0]
    unit.quiz = quiz
    unit.objectives = [{"id": "TST-1.1", "level": "Understand", "text": "Help somebody with a form."}]
    if planted:
        unit.author_id = f"{samples.SENTINEL}-U1"
        unit.misconceptions = [f"{samples.SENTINEL}-belief"]
        compiled.misconceptions = {
            f"{samples.SENTINEL}-belief": {"belief": samples.SENTINEL, "correction": samples.SENTINEL}
        }
    return compiled


def sit(learner: User | None = None, *, planted: bool = False) -> Attempt:
    """An open attempt at the quiz of all kinds."""
    course = factories.make_course(course_of_all_kinds(planted=planted))
    enrollment = factories.make_enrollment(learner, course)
    return attempts.start(enrollment, enrollment.version.units.get(), at=clock.now())


def response_of(attempt: Attempt, slug: str) -> Response:
    return attempt.responses.select_related("question").get(question__kind=slug)


def fields(response: Response, answer: dict[str, Any] | None = None) -> dict[str, list[str]]:
    """The form fields of an answer (the best one unless told), as a browser sends them."""
    kind = kinds.get(response.question.kind)
    stored = response.question.stored
    return kind.fill(answer if answer is not None else kind.model_answer(stored, response.order))


def query(fields: dict[str, list[str]]) -> QueryDict:
    """The same as a request holds them."""
    found = QueryDict(mutable=True)
    for name, values in fields.items():
        found.setlist(name, values)
    return found


def url(response: Response, tail: str = "") -> str:
    return f"/attempts/{response.attempt.public_id}/questions/{response.position}/{tail}"


def revision_on(html: str) -> str:
    found = re.search(r'name="revision" value="(\d+)"', html)
    assert found
    return found[1]


def without_token(content: bytes) -> bytes:
    return re.sub(rb'(name="csrfmiddlewaretoken" value=")[^"]*', rb"\1", content)


def answer_by_pages(client: Client, attempt: Attempt) -> None:
    """Answers every question rightly with nothing but links, forms and buttons, and ends on the page that hands in."""
    where = f"/attempts/{attempt.public_id}/questions/1/"
    for _ in range(attempt.out_of):
        page = client.get(where)
        assert page.status_code == 200
        position = int(where.rstrip("/").rsplit("/", 1)[1])
        response = attempt.responses.select_related("question", "attempt").get(position=position)
        data = {**fields(response), "revision": revision_on(page.content.decode()), "go": "next"}
        answer = client.post(where, data)
        assert answer.status_code == 302, answer.content.decode()[:2000]
        where = answer["Location"]
    assert where == f"/attempts/{attempt.public_id}/hand-in/"
