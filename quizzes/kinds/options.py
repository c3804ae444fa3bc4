"""What kinds of question share: compiling and serving options, the rules about keys and ids, and the lines of feedback."""

import random
from collections.abc import Iterable, Sequence
from typing import Any

from quizzes.kinds.schema import Option
from quizzes.kinds.stem import RenderInline, plain


def compile_option(option: Option, render_inline: RenderInline) -> dict[str, Any]:
    markup = render_inline(option.text)
    return {
        "id": option.id,
        "html": markup,
        "text": plain(markup),
        "why_html": render_inline(option.why),
        "correct": option.correct,
        "misconception": option.misconception,
    }


def permutation(size: int, shuffle: bool, rng: random.Random) -> list[int]:
    order = list(range(size))
    if shuffle:
        rng.shuffle(order)
    return order


def key_problem(place: str, options: Sequence[Option], least: int = 1, most: int = 1) -> Iterable[tuple[str, str]]:
    """The one rule about how many options are right."""
    keys = sum(option.correct for option in options)
    if not least <= keys <= most:
        wanted = "exactly one" if least == most == 1 else f"{least} to {most}"
        mend = "Write 'correct: true' in the right one, in place of its 'misconception'."
        if keys > most:
            mend = "In the others, write 'misconception: ...' in place of 'correct: true'."
        yield place, f"{wanted} of the options must be correct; {keys} are.\n{mend}"


def repeated(place: str, ids: Iterable[object]) -> Iterable[tuple[str, str]]:
    """The one rule about ids inside a question."""
    met: set[object] = set()
    for one in ids:
        if one in met:
            yield place, f"the id '{one}' is used twice.\nGive each an id of its own, such as the next letter."
        met.add(one)


def key_indexes(options: Sequence[dict[str, Any]]) -> set[int]:
    return {i for i, option in enumerate(options) if option["correct"]}


def material_options(options: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Which options there are and which are right; order and wording are not material."""
    return {
        "options": sorted(option["id"] for option in options),
        "keys": sorted(options[i]["id"] for i in key_indexes(options)),
    }


def item(
    html: str,
    why_html: str,
    *,
    chosen: bool,
    best: bool,
    given: str = "",
    wanted: str = "",
    note_html: str = "",
    misconception: str | None = None,
    best_only: bool = False,
) -> dict[str, Any]:
    """One line of feedback. ``state`` is best, miss or plain; ``tag`` says it in words, so nothing rests on color.

    A line is an answer (of the learner, or the best one). With ``given`` or ``wanted``, the learner's and the best
    answer in words, it is a prompt instead, and ``best`` means that it was answered rightly; ``note_html`` is the
    rationale of a wrong choice beside the line's own. ``misconception`` is the belief that choosing it stands for; it stays on
    the server (``quizzes.feedback`` turns it into words). ``best_only``: the line is there only to tell the best answer.
    """
    tags = [word for word, is_so in (("Your answer", chosen), ("Best answer", best)) if is_so]
    if given or wanted:
        tags = ["Right" if best else "Not right" if chosen else "No answer"]
    return {
        "html": html,
        "why_html": why_html,
        "chosen": chosen,
        "best": best,
        "state": "best" if best else "miss" if chosen else "plain",
        "tag": ", ".join(tags).replace(", Best", ", best"),
        "given": given,
        "wanted": wanted,
        "note_html": note_html,
        "misconception": misconception,
        "best_only": best_only,
    }


def option_items(options: Sequence[dict[str, Any]], order: Sequence[int], chosen: set[int]) -> list[dict[str, Any]]:
    """Feedback on a list of options as served; ``chosen`` are positions in the served order."""
    return [
        item(
            options[index]["html"],
            options[index]["why_html"],
            chosen=place in chosen,
            best=options[index]["correct"],
            misconception=options[index]["misconception"],
        )
        for place, index in enumerate(order)
    ]


def option_rows(options: Sequence[dict[str, Any]], order: Sequence[int], chosen: Iterable[str]) -> list[dict[str, Any]]:
    """Options as served, with nothing but position, text and whether it is chosen."""
    picked = set(chosen)
    return [
        {
            "position": place,
            "html": options[index]["html"],
            "text": options[index]["text"],
            "chosen": str(place) in picked,
        }
        for place, index in enumerate(order)
    ]
