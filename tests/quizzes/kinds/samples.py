"""One author's question a kind, a twin that differs only in key, ids and rationales, and the answer that is all right."""

import copy
import random
from collections.abc import Callable
from typing import Any

from quizzes import kinds
from quizzes.kinds.base import Answer, Kind, Order, Stored

SENTINEL = "zq9sentinel"
Row = dict[str, Any]


def option(name: str, text: str, correct: bool = False) -> Row:
    row = {"id": name, "text": text, "why": f"Because of {text}."}
    return {**row, "correct": True} if correct else {**row, "misconception": f"belief-{name}"}


def question(kind: str, **body: Any) -> Row:
    common = {
        "id": "TST-Q01",
        "kind": kind,
        "objective": "TST-1.1",
        "level": "Understand",
        "facts": ["E-001"],
        "section": "A section",
        "stem": "Somebody stands at the desk and asks you for help with a form. What do you do first?",
    }
    return {**common, **body}


AUTHORED: dict[str, Row] = {
    "single_choice": question(
        "single_choice",
        options=[option("a", "Greet her"), option("b", "Offer a chair", True), option("c", "Look away")],
    ),
    "multiple_choice": question(
        "multiple_choice",
        scoring="partial",
        stem="Which of these help? Choose all that apply.",
        options=[
            option("a", "Listen", True),
            option("b", "Ask", True),
            option("c", "Wait", True),
            option("d", "Smile", True),
            option("e", "Scold"),
            option("f", "Leave"),
        ],
    ),
    "true_false": question(
        "true_false",
        stem='"A form can wait." Is this true or false, and why?',
        options=[option("t", "True"), option("f", "False", True)],
        reasons=[option("r1", "It is short"), option("r2", "People need it", True), option("r3", "It is long")],
    ),
    "matching": question(
        "matching",
        stem="Match each task with a person.",
        prompts=[
            {"id": "p1", "text": "Say what you saw", "answer": "b", "why": "All can."},
            {"id": "p2", "text": "Find the cause", "answer": "a", "why": "It takes training."},
            {"id": "p3", "text": "Choose a medicine", "answer": "d", "why": "It takes a prescriber."},
        ],
        options=[
            {"id": "a", "text": "A clinician", "why": "Trained.", "misconception": "belief-a"},
            {"id": "b", "text": "Anyone", "why": "Open to all.", "misconception": "belief-b"},
            {"id": "c", "text": "Nobody", "why": "Not used.", "misconception": "belief-c"},
            {"id": "d", "text": "The prescriber", "why": "Knows all.", "misconception": "belief-d"},
        ],
    ),
    "ordering": question(
        "ordering",
        scoring="partial",
        misconception="belief-o",
        stem="Put the steps in order.",
        steps=[
            {"id": "a", "text": "Look around", "why": "First."},
            {"id": "b", "text": "Walk over", "why": "Then."},
            {"id": "c", "text": "Speak kindly", "why": "Now."},
            {"id": "d", "text": "Tell the nurse", "why": "Next."},
            {"id": "e", "text": "Write it down", "why": "Last."},
        ],
    ),
    "cloze": question(
        "cloze",
        stem='Finish the rule. "We tell [1] only with the [2] of the client."',
        blanks=[
            {"id": 1, "options": [option("a", "callers", True), option("b", "friends")]},
            {"id": 2, "options": [option("a", "number"), option("b", "consent", True), option("c", "name")]},
        ],
    ),
    "numeric": question(
        "numeric",
        stem="How many minutes? Type the number.",
        answer="31.5",
        tolerance="0.5",
        why="Right.",
        wrong=[{"value": "90", "why": "Too long.", "misconception": "belief-n"}],
        otherwise={"why": "It is 31.5.", "misconception": "belief-m"},
    ),
    "short_text": question(
        "short_text",
        stem="Which word fits? Write one word.",
        accept=["Straße", "main street"],
        why="Right.",
        wrong=[{"texts": ["lane"], "why": "Too narrow.", "misconception": "belief-s"}],
        otherwise={"why": "It is the street.", "misconception": "belief-t"},
    ),
}

assert set(AUTHORED) == {kind.slug for kind in kinds.all()}, "each kind needs a sample here"


def render(text: str) -> str:
    return f"<i>{text}</i>"


def stored(slug: str, **changes: Any) -> Stored:
    return compiled({**copy.deepcopy(AUTHORED[slug]), **changes})


def compiled(row: Row) -> Stored:
    kind = kinds.get(row["kind"])
    checked = kind.schema.model_validate(row)
    assert list(kind.problems(checked)) == []
    return kind.compile(checked, render)


def twin(slug: str) -> Row:
    """The same question to the eye, with another key and a sentinel in every text that must stay hidden."""
    row = copy.deepcopy(AUTHORED[slug])
    row["id"] = f"{SENTINEL}-id"
    TWIST[slug](row)
    _plant(row)
    return row


def _turn_key(options: list[Row]) -> None:
    """Gives ``correct`` to the options that did not have it."""
    for one in options:
        if one.pop("correct", None):
            one["misconception"] = "x"
        else:
            one.pop("misconception")
            one["correct"] = True


def _next_key(options: list[Row]) -> None:
    """Gives ``correct`` to the option after the one that had it."""
    at = next(n for n, one in enumerate(options) if one.get("correct"))
    old, new = options[at], options[(at + 1) % len(options)]
    old.pop("correct")
    old["misconception"] = "x"
    new.pop("misconception")
    new["correct"] = True


def _twist_matching(row: Row) -> None:
    for prompt, answer in zip(row["prompts"], ("c", "d", "a"), strict=True):
        prompt["answer"] = f"{SENTINEL}-{answer}"


def _twist_ordering(row: Row) -> None:
    row["steps"] = [row["steps"][n] for n in (3, 0, 4, 2, 1)]
    row["scoring"] = "exact"


def _twist_cloze(row: Row) -> None:
    for blank in row["blanks"]:
        _next_key(blank["options"])


def _twist_true_false(row: Row) -> None:
    _next_key(row["options"])
    _next_key(row["reasons"])


def _twist_multiple(row: Row) -> None:
    _turn_key(row["options"])
    row["scoring"] = "all_or_nothing"


def _twist_numeric(row: Row) -> None:
    row.update(answer="31337.77", tolerance="0", wrong=[])


def _twist_short_text(row: Row) -> None:
    row.update(
        accept=[SENTINEL, f"{SENTINEL} too"], wrong=[{"texts": [f"{SENTINEL} not"], "why": "x", "misconception": "x"}]
    )


TWIST: dict[str, Callable[[Row], None]] = {
    "single_choice": lambda row: _next_key(row["options"]),
    "multiple_choice": _twist_multiple,
    "true_false": _twist_true_false,
    "matching": _twist_matching,
    "ordering": _twist_ordering,
    "cloze": _twist_cloze,
    "numeric": _twist_numeric,
    "short_text": _twist_short_text,
}


def _plant(value: Any) -> None:
    """The sentinel in every id, rationale and misconception below the top."""
    for one in value.values() if isinstance(value, dict) else value:
        if isinstance(one, dict | list):
            _plant(one)
    if isinstance(value, dict):
        for name in ("why", "misconception", "id"):
            if isinstance(value.get(name), str) and SENTINEL not in value[name]:
                value[name] = f"{SENTINEL}-{value[name].replace(' ', '-').rstrip('.')}"


def same_order(slug: str, first: Stored, second: Stored, order: Order) -> Order:
    """The order in which ``second`` shows the texts that ``first`` shows in ``order``."""
    if slug != "ordering":
        return order
    texts = [step["text"] for step in second["steps"]]
    return {"steps": [texts.index(first["steps"][index]["text"]) for index in order["steps"]]}


def full_marks(slug: str, stored: Stored, order: Order) -> Answer:
    """The all-right answer, found here from the stored key and not by the code under test."""
    if slug in ("single_choice", "multiple_choice"):
        right = [place for place, index in enumerate(order["options"]) if stored["options"][index]["correct"]]
        return {"choice": right[0]} if slug == "single_choice" else {"choices": right}
    if slug == "true_false":
        return {
            name: next(place for place, index in enumerate(order[part]) if stored[part][index]["correct"])
            for name, part in (("choice", "options"), ("reason", "reasons"))
        }
    if slug == "matching":
        ids = [stored["options"][index]["id"] for index in order["options"]]
        return {"matches": [ids.index(stored["prompts"][index]["answer"]) for index in order["prompts"]]}
    if slug == "ordering":
        return {"places": [index + 1 for index in order["steps"]]}
    if slug == "cloze":
        return {
            "blanks": [
                next(place for place, index in enumerate(own) if blank["options"][index]["correct"])
                for blank, own in zip(stored["blanks"], order["blanks"], strict=True)
            ]
        }
    return {"value": stored["answer"]} if slug == "numeric" else {"text": stored["accept"][-1]}


def some_answer(slug: str, order: Order, rng: random.Random) -> Answer | None:
    """Any answer that the form would accept, complete or not; None now and then."""
    if rng.random() < 0.1:
        return None

    def pick(size: int) -> int | None:
        return rng.randrange(size) if rng.random() < 0.8 else None

    found: Answer
    if slug == "single_choice":
        found = {"choice": pick(len(order["options"]))}
    elif slug == "multiple_choice":
        found = {"choices": [n for n in range(len(order["options"])) if rng.random() < 0.5]}
    elif slug == "true_false":
        found = {"choice": pick(len(order["options"])), "reason": pick(len(order["reasons"]))}
    elif slug == "matching":
        found = {"matches": [pick(len(order["options"])) for _ in order["prompts"]]}
    elif slug == "ordering":
        places = list(range(1, len(order["steps"]) + 1))
        rng.shuffle(places)
        found = {"places": [place if rng.random() < 0.9 else None for place in places]}
    elif slug == "cloze":
        found = {"blanks": [pick(len(own)) for own in order["blanks"]]}
    elif slug == "numeric":
        found = {"value": rng.choice(["31", "31.5", "90", "-4", "1,000", "50%", "0.25"])}
    else:
        found = {"text": rng.choice(["STRASSE", " main  Street", "lane", "???", "x" * 200])}
    given = [one for value in found.values() for one in (value if isinstance(value, list) else [value])]
    return found if any(one is not None for one in given) else None


def kind_of(slug: str) -> Kind:
    return kinds.get(slug)


SLUGS = sorted(AUTHORED)
