"""What a name may be made of, and the sentence that says so."""

import unicodedata
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from lms.lib import glyphs

FONTS = Path(__file__).resolve().parents[3] / "courses" / "certificates" / "fonts"


def test_the_coverage_is_that_of_the_bundled_fonts() -> None:
    assert list(glyphs.coverage()) == ["display", "wide", "arabic", "hebrew", "devanagari"]
    for name, points in glyphs.coverage().items():
        assert points == set(TTFont(FONTS / f"{name}.ttf").getBestCmap()), (
            f"Run make_fonts.py: {name}.ttf has other characters."
        )


@pytest.mark.parametrize(
    "name",
    [
        "Maya Okafor-Lindqvist",
        "Seán Ó’Brien",
        "Łukasz Żółć",
        "Nguyễn Thị Phượng",
        "Ṣẹ́gun Adébáyọ̀",
        "Kɔfi Ɓaƙo",
        "Αικατερίνη Παπαδοπούλου",
        "Ἀνδρέας",
        "Ђорђе Қасымжанова",
        "عبد الرحمن بن محمد",
        "می‌رزایی",
        "רִבְקָה בן־דוד",
        "श्रीमती क्षितिजा द्विवेदी",
        "र्‍यूं",
        "Jo  \u00a0Ann",
        unicodedata.normalize("NFD", "Nguyễn Çağrı Łukasz"),
        "J.R.R. (Bob) Smith, MSW #2",
    ],
)
def test_names_that_print_need_no_word(name: str) -> None:
    assert glyphs.uncovered(name) == []
    assert glyphs.explain(name) is None


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("王小明 王", ["王", "小", "明"]),
        ("Maya 🌻", ["🌻"]),
        ("Ana\u0489", ["\u0489"]),
        ("Anaः", ["ः"]),
        (" \u0301Ana", ["\u0301"]),
        ("\u0301Ana", ["\u0301"]),
        ("Ana\u200d", ["\u200d"]),
        ("ب\u0301", ["\u0301"]),
        ("﷽", ["﷽"]),
    ],
)
def test_what_cannot_be_printed_is_named_once_and_in_order(name: str, missing: list[str]) -> None:
    assert glyphs.uncovered(name) == missing
    sentence = glyphs.explain(name)
    assert sentence is not None
    assert sentence.startswith("The certificate cannot show ")
    assert sentence.endswith("Leave that out, or spell the name in Latin letters.")


def test_the_sentence_shows_letters_and_names_marks() -> None:
    assert (
        glyphs.explain("王") == "The certificate cannot show “王”. Leave that out, or spell the name in Latin letters."
    )
    assert "devanagari sign visarga" in str(glyphs.explain("Anaः"))
    assert str(glyphs.explain("一二三四五六七八")).count("“") == 5
    assert "and more" in str(glyphs.explain("一二三四五六七八"))


@pytest.mark.parametrize(
    "hidden",
    [
        "\n",
        "\t",
        "\x00",
        "\x7f",
        "\u2028",
        "\u2029",
        "\u202e",
        "\u202a",
        "\u2066",
        "\u200f",
        "\u00ad",
        "\ufeff",
        "\ud800",
        "\ue000",
    ],
)
def test_hidden_characters_are_refused_wherever_they_stand(hidden: str) -> None:
    for name in (f"Maya{hidden}Okafor", f"{hidden}Maya", f"Maya{hidden}"):
        assert (
            glyphs.explain(name)
            == "This name holds a line break or a hidden character. Type it again on one line instead of pasting it."
        )


def test_empty_long_and_letterless_names() -> None:
    for name in ("", " ", "\u00a0 \u00a0"):
        assert glyphs.explain(name) == "Type the name as it should be printed on the certificate."
    assert glyphs.explain("a" * 120) is None
    assert (
        glyphs.explain("a" * 121)
        == "This name has 121 characters, and a certificate has room for 120. Type a shorter form of it."
    )
    assert "5,000 characters" in str(glyphs.explain("a" * 5000))
    assert glyphs.explain("{{7*7}}") == "A name needs at least one letter."


def test_printable_keeps_what_prints_and_spells_the_rest() -> None:
    assert glyphs.printable("Zoë’s course: Ελλάδα") == "Zoë’s course: Ελλάδα"
    assert glyphs.printable("Care 🌻 first\n①") == "Care first 1"
    assert glyphs.printable("a\u202eb") == "a b"
    assert glyphs.printable("\ud800王") == ""


def test_ascii_spelling() -> None:
    assert glyphs.ascii_spelling("Łukasz Żółć – Straße Þórður") == "Lukasz Zolc - Strasse Thordur"
    assert glyphs.ascii_spelling("王小明") == ""
