"""How single kinds ask: moving steps without script, long matching answers, the cut of a stem."""

import random

import pytest
from crispy_forms.utils import render_crispy_form
from django.http import QueryDict

from quizzes import kinds
from quizzes.kinds.stem import plain, sentences, split_stem
from tests.quizzes.kinds import samples


def test_a_pressed_button_moves_its_step_and_the_page_follows() -> None:
    kind, stored = kinds.get("ordering"), samples.stored("ordering")
    order = {"steps": [4, 2, 0, 1, 3]}
    form = kind.form(stored, order, data=QueryDict("step_0=&step_1=&move=2:up"))
    assert form.is_valid()
    assert (form.answer, form.focus, form.complete) == ({"places": [1, 3, 2, 4, 5]}, "id_step_2_up", True)
    shown = [row["position"] for row in kind.taking(stored, order, form.answer)["rows"]]
    assert shown == [0, 2, 1, 3, 4]
    page = render_crispy_form(kind.form(stored, order, answer=form.answer))
    assert page.index("Write it down") < page.index("Look around") < page.index("Speak kindly")
    assert '<option value="2" selected>2</option>' in page.split('name="step_2"')[1].split("</select>")[0]
    again = kind.form(stored, order, data=QueryDict("step_0=1&step_1=3&step_2=2&step_3=4&step_4=5&move=2:up"))
    assert again.is_valid()
    assert again.answer == {"places": [2, 3, 1, 4, 5]}


def test_without_a_button_nothing_is_moved_and_open_places_stay_open() -> None:
    kind, stored = kinds.get("ordering"), samples.stored("ordering")
    order = kind.serve(stored, random.Random(3))
    form = kind.form(stored, order, data=QueryDict("step_0=5"))
    assert form.is_valid()
    assert (form.answer, form.focus, form.complete) == ({"places": [5, None, None, None, None]}, "", False)
    untouched = kind.form(stored, order, data=QueryDict("step_0=&step_1="))
    assert untouched.is_valid()
    assert untouched.answer is None


def test_a_place_used_twice_is_told_at_its_step_and_what_was_chosen_stays() -> None:
    kind, stored = kinds.get("ordering"), samples.stored("ordering")
    order = kind.serve(stored, random.Random(3))
    form = kind.form(stored, order, data=QueryDict("step_0=2&step_1=3&step_4=2"))
    assert not form.is_valid()
    assert form.errors == {"step_4": ["Place 2 is used twice. Give each step a place of its own."]}
    page = render_crispy_form(form)
    assert page.count(" selected") == 3


def test_only_a_full_set_of_places_rearranges_the_page() -> None:
    kind, stored = kinds.get("ordering"), samples.stored("ordering")
    order = {"steps": [1, 0, 2, 4, 3]}
    half = kind.taking(stored, order, {"places": [5, 4, None, None, 1]})
    assert [row["position"] for row in half["rows"]] == [0, 1, 2, 3, 4]
    full = kind.taking(stored, order, {"places": [5, 4, 3, 2, 1]})
    assert [row["position"] for row in full["rows"]] == [4, 3, 2, 1, 0]


def test_long_matching_answers_stand_in_a_lettered_list_as_well() -> None:
    kind = kinds.get("matching")
    row = samples.AUTHORED["matching"]
    options = [{**option, "text": f"{option['text']} who has been here for a long time"} for option in row["options"]]
    stored = samples.stored("matching", options=options)
    order = kind.serve(stored, random.Random(2))
    taking = kind.taking(stored, order, None)
    assert [one["letter"] for one in taking["answers"]] == ["A", "B", "C", "D"]
    assert [one["text"][:3] for one in taking["rows"][0]["options"]] == ["A. ", "B. ", "C. ", "D. "]
    assert kind.taking(samples.stored("matching"), order, None)["answers"] == []


def test_matching_keeps_one_answer_used_twice() -> None:
    """A learner may change their mind in the middle; nothing that was chosen is lost."""
    kind, stored = kinds.get("matching"), samples.stored("matching")
    order = {"prompts": [0, 1, 2], "options": [0, 1, 2, 3]}
    assert kind.parse_answer(stored, order, {"matches": [1, 1, None]}) == {"matches": [1, 1, None]}


def test_cloze_prints_its_text_around_the_drop_downs() -> None:
    kind, stored = kinds.get("cloze"), samples.stored("cloze")
    order = kind.serve(stored, random.Random(2))
    page = render_crispy_form(kind.form(stored, order, answer={"blanks": [1, None]}))
    assert "<legend><i>Finish the rule.</i></legend>" in page
    words = " ".join(plain(page.replace("</option>", " </option>")).split())
    assert '"We tell Choose' in words
    assert "[1]" not in page
    assert page.count(" selected") == 1


@pytest.mark.parametrize(
    ("stem", "scene", "ask"),
    [
        ("Which one helps most?", "", "Which one helps most?"),
        (
            "You are at the desk, and a caller asks for Ms. Yu. You have no written consent on file. What do you say?",
            "You are at the desk, and a caller asks for Ms. Yu. You have no written consent on file.",
            "What do you say?",
        ),
        (
            'A caller asks, "Is she there? I am worried. Please tell me." You have no consent on file. '
            "Which replies keep to the rule? Choose all that apply.",
            'A caller asks, "Is she there? I am worried. Please tell me." You have no consent on file.',
            "Which replies keep to the rule? Choose all that apply.",
        ),
        (
            'A leaflet says, "[One bad sentence. Two bad sentences follow it.]{.quote}" Which rewrite is both respectful and true?',
            'A leaflet says, "[One bad sentence. Two bad sentences follow it.]{.quote}"',
            "Which rewrite is both respectful and true?",
        ),
        (
            "A client sits alone and looks unwell to you. Nobody is in danger. Put your actions in order. Your site's protocol comes first.",
            "A client sits alone and looks unwell to you. Nobody is in danger.",
            "Put your actions in order. Your site's protocol comes first.",
        ),
        (
            'He says, "' + "Every word of this is part of what he says aloud. " * 2 + 'Is that not so?"',
            "",
            'He says, "' + "Every word of this is part of what he says aloud. " * 2 + 'Is that not so?"',
        ),
    ],
)
def test_the_last_question_becomes_the_legend(stem: str, scene: str, ask: str) -> None:
    assert split_stem(stem) == (scene, ask)


def test_sentences_hold_on_to_abbreviations_brackets_and_bold() -> None:
    text = "Ms. Ortiz and Dr. J. Hall met. **One. Two.** They (see below. It is short.) agreed! Did they?"
    assert sentences(text) == [
        "Ms. Ortiz and Dr. J. Hall met.",
        "**One. Two.**",
        "They (see below. It is short.) agreed!",
        "Did they?",
    ]
    assert " ".join(sentences(text)) == text
