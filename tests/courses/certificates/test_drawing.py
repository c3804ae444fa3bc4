"""Certificates as they leave the system: read back with other programs than the one that drew them."""

import dataclasses
import datetime as dt
import hashlib
import io
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import pypdf
import pytest
import zxingcpp
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from courses.certificates import drawing
from courses.certificates.drawing import CertificateFacts, draw
from lms.lib import glyphs

FACTS = CertificateFacts(
    organization="Alderford Recovery Services",
    name="Maya Adaeze Okafor-Lindqvist",
    latin_name="Maya Okafor",
    course="Stigma reduction",
    edition="3",
    content_hash="7c41e9",
    completed_on=dt.date(2026, 11, 24),
    expires_on=dt.date(2028, 11, 24),
    hours="1.0",
    score="19 of 20",
    number="AR-2026-004187",
    code="4Q7M-XK2P-9TDR-HB5W-6ZNC-V3JE-284",
    verify_url="https://training.alderford.example/verify/4Q7MXK2P9TDRHB5W6ZNCV3JE284",
    signatory="Priya Raman",
    signatory_title="Training Coordinator",
    issued_at=dt.datetime(2026, 11, 24, 15, 30, tzinfo=dt.UTC),
)
ALL_SCRIPTS = {
    "latin": "Lucía Łukasz-Çağrı Nguyễn Thị Phượng",
    "greek": "Αικατερίνη Παπαδοπούλου",
    "cyrillic": "Ђорђе Қасымжанова Щербакова",
    "arabic": "عبد الرحمن بن محمد الخطيب",
    "hebrew": "דוד בן־גוריון",
    "devanagari": "श्रीमती क्षितिजा द्विवेदी",
}
LONG_COURSE = (
    "Understanding heroin addiction, noticing the signs early and supporting the people around a person who uses"
)


def facts(**changes: Any) -> CertificateFacts:
    return dataclasses.replace(FACTS, **changes)


def reader(pdf: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf), strict=True)


def text(pdf: bytes) -> str:
    """The text of the only page, with white space folded."""
    pages = reader(pdf).pages
    assert len(pages) == 1
    return " ".join(pages[0].extract_text().split())


def squeezed(value: str) -> str:
    """Without white space: where a line breaks is the page's business."""
    return "".join(value.split())


def poppler_text(pdf: bytes) -> str:
    """The text as poppler reads it, which puts right-to-left lines back into reading order; direction marks dropped."""
    raw = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    return "".join(c for c in unicodedata.normalize("NFC", raw) if unicodedata.category(c) != "Cf")


def picture(pdf: bytes, dpi: int = 150) -> memoryview:
    """The page in gray, one byte a dot, as rows and columns."""
    pgm = subprocess.run(["pdftoppm", "-gray", "-r", str(dpi), "-"], input=pdf, capture_output=True, check=True).stdout
    _, width, height, _ = pgm[:40].split(maxsplit=3)
    return memoryview(pgm[-int(width) * int(height) :]).cast("B", (int(height), int(width)))


def test_the_same_facts_give_the_same_bytes() -> None:
    first, second = draw(FACTS), draw(facts())
    assert first.pdf == second.pdf
    assert first.sha256 == hashlib.sha256(first.pdf).hexdigest()
    elsewhere = facts(issued_at=FACTS.issued_at.astimezone(dt.timezone(dt.timedelta(hours=-7))))
    assert draw(elsewhere).pdf == first.pdf


@pytest.mark.parametrize(
    "field",
    ["name", "course", "edition", "content_hash", "hours", "score", "number", "code", "signatory", "signatory_title"],
)
def test_another_fact_gives_another_file(field: str) -> None:
    assert draw(facts(**{field: "Other 7"})).sha256 != draw(FACTS).sha256


def test_versions_name_what_the_bytes_depend_on() -> None:
    assert drawing.versions() == {"typst": "0.15.2", "template": drawing.TEMPLATE_VERSION}


def test_a_changed_template_or_font_has_a_new_version() -> None:
    folder = Path(drawing.__file__).parent
    files = sorted([*folder.glob("template/*.typ"), *folder.glob("fonts/*.ttf")])
    digest = hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()[:16]
    assert (drawing.TEMPLATE_VERSION, digest) == ("crossing-1", "b77008d6a63e48ba"), (
        "Raise TEMPLATE_VERSION, then this line."
    )


def test_every_fact_can_be_read() -> None:
    drawn = draw(FACTS)
    page = text(drawn.pdf)
    for fact in (
        "Certificate of completion",
        "Alderford Recovery Services",
        "Maya Adaeze Okafor-Lindqvist",
        "Stigma reduction",
        "Completed November 24, 2026",
        "Valid to November 24, 2028",
        "Edition 3 · 7c41e9",
        "Hours 1.0",
        "Score 19 of 20",
        "No. AR-2026-004187",
        "Priya Raman Training Coordinator",
        "training.alderford.example/verify",
    ):
        assert fact in page
    assert FACTS.code in squeezed(page)
    assert (drawn.name_drawn, drawn.fell_back) == (FACTS.name, False)


def test_without_an_end_it_says_that_it_does_not_expire() -> None:
    page = text(draw(facts(expires_on=None)).pdf)
    assert "Valid to does not expire" in page
    assert "None" not in page


def test_it_is_tagged_archivable_and_accessible() -> None:
    pdf = reader(draw(FACTS).pdf)
    root: Any = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    xmp = root["/Metadata"].get_data().decode()
    for mark in (
        "<pdfaid:part>2</pdfaid:part>",
        "<pdfaid:conformance>A</pdfaid:conformance>",
        "<pdfuaid:part>1</pdfuaid:part>",
    ):
        assert mark in xmp
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Certificate of completion: Stigma reduction"
    assert pdf.metadata.creation_date == FACTS.issued_at
    roles, alternatives = [], []

    def walk(node: Any) -> None:
        node = node.get_object()
        if isinstance(node, list):
            for child in node:
                walk(child)
        elif isinstance(node, dict):
            roles.append(node.get("/S"))
            alternatives.append(node.get("/Alt"))
            walk(node.get("/K", pypdf.generic.ArrayObject()))

    walk(root["/StructTreeRoot"])
    assert "/H1" in roles
    assert f"QR code that opens the check page of this certificate: {FACTS.verify_url}" in alternatives
    fonts = {str(font.get_object()["/BaseFont"]) for font in pdf.pages[0]["/Resources"]["/Font"].values()}  # type: ignore[index]
    assert all("+Cert" in font for font in fonts), fonts


def test_the_language_may_have_a_region() -> None:
    assert reader(draw(facts(language="en-us")).pdf).trailer["/Root"]["/Lang"] == "en-US"  # type: ignore[index]


@pytest.mark.parametrize(("paper", "size"), [("us-letter", (792, 612)), ("a4", (841.89, 595.28))])
@pytest.mark.parametrize(
    "name",
    [FACTS.name, "Maria Antonietta Wilhelmina Fernández-Castellanos de la Vega y Montemayor-Echeverría Oyelaran"],
)
def test_one_landscape_page(paper: str, size: tuple[float, float], name: str) -> None:
    drawn = draw(facts(paper=paper, name=name, course=LONG_COURSE))
    (page,) = reader(drawn.pdf).pages
    assert (float(page.mediabox.width), float(page.mediabox.height)) == pytest.approx(size, abs=0.1)
    assert squeezed(name) in squeezed(text(drawn.pdf))
    assert squeezed(LONG_COURSE) in squeezed(text(drawn.pdf))


@pytest.mark.parametrize("paper", ["us-letter", "a4"])
def test_the_qr_code_opens_the_check_page(paper: str) -> None:
    codes = zxingcpp.read_barcodes(picture(draw(facts(paper=paper)).pdf))
    assert [(str(code.format), code.text) for code in codes] == [("QR Code", FACTS.verify_url)]


@pytest.mark.parametrize("script", ALL_SCRIPTS)
def test_six_scripts(script: str) -> None:
    name = unicodedata.normalize("NFC", ALL_SCRIPTS[script])
    drawn = draw(facts(name=name))
    assert (drawn.name_drawn, drawn.fell_back) == (name, False)
    assert name in poppler_text(drawn.pdf)


def width(name: str) -> int:
    """How wide the name stands on the page, in dots of a hundredth of an inch. The name alone is drawn in the darkest ink there."""
    drawn = draw(facts(name=name))
    assert not drawn.fell_back
    page = picture(drawn.pdf, 100)
    columns = [x for x in range(80, 1020) if any(page[y, x] < 45 for y in range(210, 290))]
    return columns[-1] - columns[0]


def test_letters_join_and_stack_as_their_script_asks() -> None:
    """Joined Arabic, and a Devanagari cluster, are narrower than the same letters kept apart by a non-joiner."""
    assert width("محمد") < 0.8 * width("م\u200cح\u200cم\u200cد")
    assert width("क्षि") < 0.8 * width("क्\u200cषि")


def test_two_accents_stand_above_each_other_and_not_beside() -> None:
    assert width("ẹ\u0300") == width("ẹ") == width("Ẹ\u0301") - width("Ẹ") + width("ẹ")


@pytest.mark.parametrize(
    "name",
    [
        '#import "/etc/passwd"',
        "<img src=file:///etc/passwd>",
        "$x$ *b* _i_ @ref \\input ${x} %n [a](b) `c` // d",
        "{% debug %}",
        "#sys.inputs",
    ],
)
def test_markup_in_a_name_is_only_letters(name: str) -> None:
    assert glyphs.explain(name) is None
    drawn = draw(facts(name=name, course=name, organization=name, signatory=name))
    assert not drawn.fell_back
    assert squeezed(text(drawn.pdf)).count(squeezed(name)) == 4


@pytest.mark.parametrize(
    "name", ["{{7*7}}", "a" * 5000, "Maya 🌻", "", "\x00", "a\nb", "\ud800", "\u202eayaM", "王小明"]
)
def test_a_name_that_cannot_be_printed_gives_way_to_the_latin_one(name: str) -> None:
    assert glyphs.explain(name) is not None
    drawn = draw(facts(name=name, latin_name="Maya Ökafor"))
    assert (drawn.name_drawn, drawn.fell_back) == ("Maya Ökafor", True)
    assert "Maya Ökafor" in text(drawn.pdf)


@pytest.mark.parametrize(
    ("name", "latin_name", "expected"),
    [
        ("王小明", "Zoë 🌻 Smith", "Zoe Smith"),
        ("Zoë 🌻 Smith", "", "Zoe Smith"),
        ("王", "\u202e王", "The holder of certificate AR-2026-004187"),
        ("", "", "The holder of certificate AR-2026-004187"),
        ("b" * 9000, "c" * 9000, "c" * 120),
    ],
)
def test_never_dead(name: str, latin_name: str, expected: str) -> None:
    drawn = draw(facts(name=name, latin_name=latin_name))
    assert (drawn.name_drawn, drawn.fell_back) == (expected, True)
    assert squeezed(expected) in squeezed(text(drawn.pdf))


def test_a_refusal_by_the_typesetter_itself_also_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glyphs, "explain", lambda name: None)
    drawn = draw(facts(name="王小明", latin_name="Wang Xiaoming"))
    assert (drawn.name_drawn, drawn.fell_back) == ("Wang Xiaoming", True)


def test_other_texts_lose_what_the_fonts_cannot_show_and_nothing_else() -> None:
    drawn = draw(facts(course="Care 🌻 first", organization="王 Alderford", signatory="Пётр", signatory_title="مدرّب"))
    page = text(drawn.pdf)
    assert "Care first" in page
    assert "Alderford" in page
    assert "Пётр" in page
    assert not drawn.fell_back


def test_absurdly_long_texts_still_fit_one_page() -> None:
    for letter in ("W", "क्षि "):
        long = letter * 300
        drawn = draw(
            facts(
                name=letter * 20,
                course=long,
                organization=long,
                signatory=long,
                signatory_title=long,
                hours=long[:200],
                score=long[:200],
            )
        )
        assert len(reader(drawn.pdf).pages) == 1
    url = f"https://{'very-long-host.' * 12}example/verify/4Q7MXK2P9TDRHB5W6ZNCV3JE284"
    drawn = draw(facts(verify_url=url))
    assert zxingcpp.read_barcodes(picture(drawn.pdf, 300))[0].text == url


def test_the_longest_name_stays_inside_the_frame() -> None:
    for name in ("W" * 120, "Wm " * 40, "ضض " * 40):
        drawn = draw(facts(name=name))
        assert not drawn.fell_back
        page = picture(drawn.pdf, 100)
        right_margin = [(y, x) for y in range(210, 400) for x in range(1005, 1060) if page[y, x] < 140]
        assert right_margin == []


def test_the_template_cannot_reach_other_files_or_packages() -> None:
    for path in Path(drawing.__file__).with_name("template").glob("*.typ"):
        source = path.read_text(encoding="utf-8")
        assert "@" not in source
        assert "../" not in source
        assert "eval" not in source


def test_facts_are_checked_when_made() -> None:
    with pytest.raises(ValueError, match="time zone"):
        facts(issued_at=dt.datetime(2026, 11, 24))
    with pytest.raises(ValueError, match="paper"):
        facts(paper="letter")
    with pytest.raises(ValueError, match="language"):
        facts(language="english")
    with pytest.raises(dataclasses.FrozenInstanceError):
        FACTS.name = "Other"  # type: ignore[misc]


COVERED = "".join(sorted({chr(point) for points in glyphs.coverage().values() for point in points}))
names = st.text(alphabet=st.sampled_from(COVERED), min_size=1, max_size=120) | st.text(max_size=40)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(name=names, paper=st.sampled_from(drawing.PAPERS))
def test_every_accepted_name_is_drawn_as_it_is(name: str, paper: str) -> None:
    # Most random texts hold a lone mark somewhere: mend, then ask.
    accepted = "".join(c for c in name if c not in glyphs.uncovered(name))
    assume(glyphs.explain(accepted) is None)
    drawn = draw(facts(name=accepted, paper=paper))
    assert not drawn.fell_back
    assert len(reader(drawn.pdf).pages) == 1


@settings(max_examples=25, deadline=None)
@given(name=st.text(max_size=300), latin_name=st.text(max_size=300), course=st.text(max_size=200))
def test_whatever_the_texts_a_certificate_is_drawn(name: str, latin_name: str, course: str) -> None:
    drawn = draw(facts(name=name, latin_name=latin_name, course=course))
    assert drawn.pdf.startswith(b"%PDF-")
    assert len(reader(drawn.pdf).pages) == 1
