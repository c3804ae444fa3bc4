"""No script of an author survives, wherever it is written; telephone links do."""

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from courses.authoring.findings import Findings
from courses.authoring.markup import clean, render_inline, visible_text
from tests.courses.authoring.smalltree import FIGURE, UNIT, SmallTree

SCRIPTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg/onload=alert(1)//",
    '<iframe src="javascript:alert(1)"></iframe>',
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<a href='javascript:alert(1)'>x</a>",
    "<style>@import 'https://evil.example/x.css';</style>",
    '<p style="background:url(https://evil.example)">x</p>',
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<!--><script>alert(1)</script-->",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#10;script:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](%6aavascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](file:///etc/passwd)",
    "[x](<javascript:alert(1)>)",
    "[x]( javascript:alert(1))",
    "[x](\\javascript:alert(1))",
    "[x](https:javascript:alert(1))",
    '[x](https://example.org "onmouseover=alert(1)")',
    '[x](https://example.org/"onmouseover="alert(1))',
    "<javascript:alert(1)>",
    "<data:text/html,<script>alert(1)</script>>",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml,<svg onload=alert(1)>)",
    '![x](x "onerror=alert(1)")',
    "[x]{onclick=alert(1)}",
    '[x]{.quote onclick="alert(1)"}',
    '[x]{style="position:fixed" .quote}',
    "[x](tel:988){onclick=alert(1)}",
    "`x`{onclick=alert(1)}",
    "[x][ref]\n\n[ref]: javascript:alert(1)",
    "**<img src=x onerror=alert(1)>**",
    "[<img src=x onerror=alert(1)>](https://example.org)",
    '[" onmouseover="alert(1)](term:door)',
    '[x](source:BOOK" "E-001\\" onclick=\\"alert(1)")',
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]
TAGS = {
    *("p", "h2", "ul", "ol", "li", "strong", "em", "a", "span", "br", "hr", "code", "pre", "blockquote"),
    *("table", "thead", "tbody", "tr", "th", "td", "div"),
    *("svg", "g", "title", "desc", "defs", "marker", "path", "rect", "use", "text", "tspan"),
}
ATTRIBUTES = {"href", "rel", "class", "id", "scope", "start", "role", "tabindex", "aria-label", "aria-labelledby"} | {
    *("aria-describedby", "viewbox", "x", "y", "width", "height", "d", "fill", "marker-end"),
}


class Strict(HTMLParser):
    """Fails on any element, attribute or address that is not on a list written here by hand."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        for name, value in attrs:
            assert name in ATTRIBUTES, (tag, name)
            if name == "href":
                assert str(value).startswith(("#", "https://", "tel:", "mailto:")), value

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)


def texts(value: Any, key: str = "") -> list[str]:
    """Every text of a compiled value that a page prints as HTML."""
    if isinstance(value, dict):
        return [text for name, inner in value.items() for text in texts(inner, name)]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner, key)]
    return [value] if isinstance(value, str) and (key.endswith("html") or key == "svg") else []


def check(html: str) -> None:
    parser = Strict()
    parser.feed(html)
    parser.close()


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_script_survives_in_a_unit(small: SmallTree, script: str) -> None:
    line = script.split("\n")[0]
    small.replace(
        UNIT,
        "A **door** can be *closed*.",
        f"{script}\n\n- {line}\n\n> {line}\n\n| {line} | b |\n|---|---|\n| {line} | d |\n",
    )
    small.replace(UNIT, "Opening words about", f"{line} Opening words about")
    small.replace(UNIT, "## What to say", f"## What to say {line}")
    small.replace(UNIT, "::: callout Look twice", f"::: callout Look {line}")
    small.replace(UNIT, "Somebody comes in.", f"{line} Somebody comes in.")
    small.replace(UNIT, "- [ ] Nothing.", f"- [ ] Nothing. {line}")
    small.replace(UNIT, "  > Silence", f"  > {line} Silence")
    small.replace(UNIT, "A door, drawn by hand.", f"A door, drawn by hand. {line}")
    small.replace(UNIT, "The door stands open.", f"{line} The door stands open.")
    small.replace(UNIT, "- **Greet** one person.", f"- **Greet** one person. {line}")
    small.replace("glossary.yaml", "definition: A way in.", f"definition: {json.dumps(line)}")
    tree = small.compile()
    assert tree.courses, [str(finding) for finding in tree.findings]
    printed = texts(tree.courses[0].content())
    assert len(printed) > 10
    for html in printed:
        check(html)


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_script_survives_in_a_question(script: str) -> None:
    check(render_inline(script))


@pytest.mark.parametrize(
    "script",
    [
        "<script>alert(1)</script>",
        '<script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>',
        "<style>* { fill: url(https://evil.example) }</style>",
        "<foreignObject><p>x</p></foreignObject>",
        '<image href="https://evil.example/x.png"/>',
        '<a href="https://evil.example"><text>x</text></a>',
        '<animate attributeName="href" to="javascript:alert(1)"/>',
        '<set attributeName="onmouseover" to="alert(1)"/>',
        '<path d="M0 0" onload="alert(1)"/>',
        '<path d="M0 0" style="fill:url(https://evil.example)"/>',
        '<path d="M0 0" fill="url(https://evil.example/#x)"/>',
        '<path d="M0 0" fill="u\\72l(//evil.example)"/>',
        '<use href="https://evil.example/x.svg#x"/>',
        '<use href="data:image/svg+xml;base64,AAAA#x"/>',
        '<use xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="javascript:alert(1)"/>',
        '<svg onload="alert(1)"/>',
        "<title><path d='M0 0'/></title>",
        "<?xml-stylesheet href='https://evil.example/x.css'?>",
    ],
)
def test_an_unsafe_figure_is_an_error_and_comes_out_harmless(small: SmallTree, script: str) -> None:
    small.replace(FIGURE, "</svg>", f"{script}</svg>")
    tree = small.compile()
    figure = next(block for block in tree.courses[0].units[0].blocks if block["type"] == "figure")
    check(figure["svg"])
    assert "evil" not in figure["svg"]
    assert "alert" not in figure["svg"]
    unsafe = [finding for finding in tree.findings.errors if finding.rule == "figure-unsafe" and finding.file == FIGURE]
    assert unsafe or script.startswith("<?xml")


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE svg [<!ENTITY x "y">]>',
        '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">',
    ],
)
def test_a_figure_with_entities_is_refused(small: SmallTree, head: str) -> None:
    small.write(FIGURE, head + small.read(FIGURE))
    tree = small.compile()
    assert [finding.rule for finding in tree.findings.errors] == ["figure-unsafe"]
    assert all(block["type"] != "figure" for block in tree.courses[0].units[0].blocks)


def test_a_figure_outside_the_folder_is_refused_through_a_link_too(small: SmallTree) -> None:
    secret = small.root.parent / "secret.svg"
    secret.write_text(small.read(FIGURE))
    (small.root / FIGURE).unlink()
    (small.root / FIGURE).symlink_to(secret)
    assert "figure-file" in {finding.rule for finding in small.compile().findings.errors}


def test_figure_ids_are_prefixed_and_named(small: SmallTree) -> None:
    block = next(block for block in small.compile().courses[0].units[0].blocks if block["type"] == "figure")
    svg = block["svg"]
    for part in (
        'role="img"',
        'aria-labelledby="at-the-door-figure-1-0-title"',
        'aria-describedby="at-the-door-figure-1-0-desc"',
        '<title id="at-the-door-figure-1-0-title">A door</title>',
        'marker-end="url(#at-the-door-figure-1-arrow)"',
        'href="#at-the-door-figure-1-leaf"',
        'id="at-the-door-figure-1-leaf"',
    ):
        assert part in svg
    assert "xmlns" not in svg
    assert block["alt"] == "An open door"
    assert block["caption_html"] == "A door, drawn by hand."
    assert block["description_html"] == "<p>The door stands open. Light falls out of it.</p>"


def test_good_links_survive() -> None:
    assert render_inline("Call [988](tel:988).") == 'Call <a href="tel:988">988</a>.'
    assert render_inline("[Site](https://example.org/a?b=1&c=2)") == (
        '<a href="https://example.org/a?b=1&amp;c=2" rel="noopener">Site</a>'
    )
    assert render_inline("[Write](mailto:a@example.org)") == '<a href="mailto:a@example.org">Write</a>'


def test_inline_text_keeps_words_and_marks() -> None:
    text = 'A [junkie]{.quote} **came** "by" [home](term:door) <b>now</b> & later'
    assert render_inline(text) == (
        'A <span class="quoted quoted-quote">junkie</span> <strong>came</strong> "by" home &lt;b&gt;now&lt;/b&gt; &amp; later'
    )
    assert visible_text(text) == 'A junkie came "by" home <b>now</b> & later'


def test_inline_text_reports_what_it_refuses() -> None:
    findings = Findings()
    html = render_inline(
        "[x](javascript:y) ![p](a.svg)", findings=findings, file="q.yaml", line=7, place="Q01 option b"
    )
    assert html == "x"
    assert {(f.rule, f.line, f.place) for f in findings} == {
        ("link-unsafe", 7, "Q01 option b"),
        ("image-outside-figure", 7, "Q01 option b"),
    }


PARTS = [
    *(
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        "!",
        "<",
        ">",
        "&",
        "'",
        '"',
        "`",
        "*",
        "|",
        "-",
        "\\",
        "\n",
        " ",
        ":",
        "#",
        "=",
        "/",
    ),
    *("::: callout T\n", ":::\n", "::: figure\n", "::: myth a\n", "::: practice GRT-1.1\n", "- [x] ", "  > ", "## "),
    *(
        "javascript:",
        "data:",
        "term:door",
        "source:BOOK",
        ".quote",
        "onclick=",
        "<script>",
        "<svg onload=x>",
        "words",
        "|---|\n",
    ),
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.lists(st.sampled_from(PARTS), max_size=40).map("".join))
def test_any_body_compiles_to_harmless_html(small: SmallTree, body: str) -> None:
    front = "---\n".join(SmallTree(small.root).read(UNIT).split("---\n")[:2])
    small.write(UNIT, f"{front}---\n{body}")
    tree = small.compile()
    for html in texts(tree.courses[0].content()):
        check(html)
    check(render_inline(body))


def test_cleaning_alone_holds_when_parsing_lets_html_through() -> None:
    """The second net: nh3's allow-list, without the Markdown parser before it."""
    for script in SCRIPTS:
        check(clean(script))
    assert clean('<a href="//evil.example">x</a><a href="#term-door" class="term btn" id="y">z</a>') == (
        '<a class="">x</a><a href="#term-door" class="term">z</a>'
    ).replace(' class=""', "")
    assert clean('<span class="quoted quoted-quote btn" style="x:y" onclick="z">a</span>') == (
        '<span class="quoted quoted-quote">a</span>'
    )
