"""Markdown to clean HTML, and to the visible text that the language rules read.

Order: markdown-it-py parses (raw HTML is off, so it becomes text); links, spans, images and tables are settled on the
tokens; markdown-it renders; nh3 cleans by an allow-list. Nothing reaches HTML without both steps.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.attrs import attrs_plugin

from courses.authoring.findings import Findings
from courses.authoring.language import Piece
from courses.authoring.lookups import Lookups
from courses.authoring.schema import CONTEXTS

_TAGS = {
    *("p", "h2", "ul", "ol", "li", "strong", "em", "a", "span", "br", "hr", "code", "pre", "blockquote"),
    *("table", "thead", "tbody", "tr", "th", "td", "div"),
}
_ATTRIBUTES = {"a": {"href"}, "h2": {"id"}, "ol": {"start"}, "div": {"aria-label"}}
_VALUES = {
    "a": {"rel": {"noopener"}},
    "th": {"scope": {"col"}},
    "div": {"role": {"region"}, "tabindex": {"0"}},
}
_CLASSES = {
    "a": {"term", "source"},
    "span": {"quoted", *(f"quoted-{context}" for context in CONTEXTS)},
    "div": {"tablewrap"},
    "table": {"table", "swap", "swap-sentences"},
}
_SHORT_CELL = 80
"""A table of two columns sets its second column in bold, unless a cell there is longer: then it holds sentences, and only what the
author marks is bold."""
_OUTSIDE = ("https", "mailto", "tel")
_HTML_LIKE = re.compile(r"</?[A-Za-z][^<>]*>?|<!--")


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.use(attrs_plugin, spans=True)
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # so that a refused link is seen and reported
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return parser


def _table_open(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    meta = tokens[index].meta
    label, look = escape(str(meta.get("label", "Table"))), "table"
    if meta.get("columns") == 2:
        look = "swap swap-sentences" if meta.get("longest", 0) > _SHORT_CELL else "swap"
    return f'<div class="tablewrap" role="region" tabindex="0" aria-label="{label}"><table class="{look}">\n'


_PARSER = _parser()


@dataclass
class Used:
    """What a text points at, in order of first use."""

    terms: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    facts: list[tuple[str, int | None]] = field(default_factory=list)

    def add(self, names: list[str], name: str) -> None:
        if name not in names:
            names.append(name)


@dataclass
class Picture:
    source: str
    alt: str
    line: int


class Desk:
    """Settles and renders the Markdown of one file, and remembers what it used.

    ``linked`` false (for quiz texts) turns ``term:`` and ``source:`` links into their words.
    """

    def __init__(self, shared: Lookups, findings: Findings, file: str, *, place: str = "", linked: bool = True) -> None:
        self.shared, self.findings, self.file, self.place, self.linked = shared, findings, file, place, linked
        self.used = Used()

    def parse(self, text: str, line: int = 1) -> list[Token]:
        """Block tokens of a Markdown text that begins in ``line`` of its file, settled. Images stay for the caller."""
        tokens = _PARSER.parse(text)
        for token in tokens:
            if token.map:
                token.map = [token.map[0] + line, token.map[1] + line]
        self._settle(tokens, line)
        return tokens

    def parse_inline(self, text: str, line: int | None = None) -> list[Token]:
        """One run of words without paragraphs around it."""
        tokens = _PARSER.parseInline(text)
        for token in tokens:
            token.map = [line, line + 1] if line else None
        self._settle(tokens, line)
        return tokens

    def html(self, tokens: Sequence[Token]) -> str:
        """Clean HTML of settled tokens."""
        inline = len(tokens) == 1 and tokens[0].type == "inline"
        renderer: Any = _PARSER.renderer
        render = renderer.renderInline if inline else renderer.render
        return clean(render(tokens[0].children or [] if inline else tokens, _PARSER.options, {})).strip()

    def _error(self, rule: str, line: int | None, why: str, fix: str) -> None:
        self.findings.error(rule, self.file, line=line, place=self.place, why=why, fix=fix)

    def _settle(self, tokens: list[Token], first: int | None) -> None:
        table: Token | None = None
        for token, following, last in zip(tokens, tokens[1:] + tokens[-1:], tokens[2:] + tokens[-2:], strict=True):
            line = token.map[0] if token.map else first
            if token.type == "inline":
                self._settle_inline(token, line)
                if table is not None and table.meta.get("head"):
                    table.meta["labels"].append("".join(piece.whole for piece in pieces([token])))
                elif table is not None:
                    size = len(" ".join(piece.whole for piece in pieces([token])))
                    table.meta["longest"] = max(table.meta["longest"], size)
            elif token.type == "table_open":
                table, token.meta = token, {"labels": [], "head": True, "columns": 0, "longest": 0}
            elif token.type == "th_open" and table is not None:
                if following.content.strip():
                    token.attrs = {"scope": "col"}
                else:  # an empty corner heads nothing, and a reader of the page aloud would stumble over it
                    token.attrs, token.tag, last.tag = {}, "td", "td"
                table.meta["columns"] += 1
            elif token.type == "td_open":
                token.attrs = {}
            elif token.type == "table_close":
                table = None
            elif token.type == "thead_close" and table is not None:
                table.meta["head"] = False
                table.meta["label"] = "Table: " + ", ".join(" ".join(label.split()) for label in table.meta["labels"])

    def _settle_inline(self, inline: Token, line: int | None) -> None:
        kept: list[Token] = []
        links: list[bool] = []  # for each open link, whether it stays
        at = line
        for token in inline.children or []:
            if token.type in ("softbreak", "hardbreak"):
                at = at + 1 if at else None
            if token.type == "link_open":
                links.append(self._settle_link(token, at))
                if not links[-1]:
                    continue
            elif token.type == "link_close":
                if not links.pop():
                    continue
            elif token.type == "span_open":
                self._settle_span(token, at)
            elif token.type != "image" and token.attrs:
                self._error(
                    "attribute",
                    at,
                    f"The attributes {{{_spell(token)}}} are not allowed here.",
                    "Remove the part in braces.",
                )
                token.attrs = {}
            kept.append(token)
        inline.children = kept
        for piece in pieces([inline]):
            for match in _HTML_LIKE.finditer(piece.whole):
                self.findings.warning(
                    "raw-html",
                    self.file,
                    line=piece.line + piece.text.count("\n", 0, match.start()) if piece.line else None,
                    place=self.place,
                    why=f"'{match[0][:60]}' looks like HTML. Learners will see it as text.",
                    fix="Use Markdown instead: **bold**, *italics*, a list or a table.",
                )

    def _settle_link(self, token: Token, line: int | None) -> bool:
        """Makes a link safe. False when only its words stay."""
        href, title = str(token.attrs.get("href", "")), str(token.attrs.get("title", ""))
        extra = {name: value for name, value in token.attrs.items() if name not in ("href", "title")}
        if extra:
            self._error("attribute", line, "A link cannot carry attributes in braces.", "Remove the part in braces.")
        scheme, colon, rest = href.partition(":")
        scheme = scheme.lower() if colon else ""
        token.attrs = {}
        if scheme == "term":
            return self._settle_term(token, rest, line)
        if scheme == "source":
            return self._settle_source(token, rest, title, line)
        if scheme in _OUTSIDE and rest and (scheme != "https" or re.match(r"//[^/\s]", rest)):
            token.attrs = {"href": href, "rel": "noopener"} if scheme == "https" else {"href": href}
            return True
        if scheme == "http":
            self._error("link-unsafe", line, f"The link '{href[:80]}' is not encrypted.", "Use its https: address.")
        elif scheme:
            self._error(
                "link-unsafe",
                line,
                f"Links that begin with '{scheme[:20]}:' are not allowed.",
                "Use https:, mailto:, tel:, term: or source:.",
            )
        else:
            self._error(
                "link-unknown",
                line,
                f"The link '{href[:80]}' leads nowhere: pages of this training have no fixed address.",
                f"Write https://{href[:80]}."
                if href.startswith("www.")
                else "Use https:, mailto:, tel:, term: or source:.",
            )
        return False

    def _settle_term(self, token: Token, name: str, line: int | None) -> bool:
        if name not in self.shared.glossary:
            fix = self.shared.near(name, self.shared.glossary, "glossary.yaml")
            self._error("unknown-term", line, f"The glossary has no entry '{name}'.", fix)
            return False
        self.used.add(self.used.terms, name)
        token.attrs = {"class": "term", "href": f"#term-{name}"}
        return self.linked

    def _settle_source(self, token: Token, name: str, title: str, line: int | None) -> bool:
        facts = title.split()
        if not facts:
            self._error(
                "source-without-fact",
                line,
                f"The link to the source {name} names no fact.",
                f'Add the facts in quotes: (source:{name} "E-053").',
            )
        self.shared.check_facts(facts, findings=self.findings, file=self.file, line=line, place=self.place)
        self.used.facts += [(fact, line) for fact in facts]
        token.meta = {"facts": facts}
        if name not in self.shared.sources:
            fix = self.shared.near(name, self.shared.sources, "sources.yaml")
            self._error("unknown-source", line, f"There is no source '{name}'.", fix)
            return False
        for fact in facts:
            carried = self.shared.facts[fact].source if fact in self.shared.facts else None
            if isinstance(carried, list) and name not in carried:
                self._error(
                    "source-not-of-fact",
                    line,
                    f"The fact {fact} does not rest on {name}.",
                    f"Cite one of: {', '.join(carried)}; or correct the fact id.",
                )
        self.used.add(self.used.sources, name)
        token.attrs = {"class": "source", "href": f"#source-{name}"}
        return self.linked

    def _settle_span(self, token: Token, line: int | None) -> None:
        classes = str(token.attrs.get("class", "")).split()
        odd = [name for name in token.attrs if name != "class"] + [name for name in classes if name not in CONTEXTS]
        known = [name for name in classes if name in CONTEXTS]
        if odd or len(known) != 1:
            self._error(
                "unknown-context",
                line,
                f"{{{_spell(token)}}} is not one context of speech.",
                f"Write one of: {', '.join('{.' + name + '}' for name in CONTEXTS)}.",
            )
        token.meta = {"context": known[0]} if known else {}
        token.attrs = {"class": f"quoted quoted-{known[0]}"} if known else {}


def _spell(token: Token) -> str:
    return " ".join(f"{name}={value}" for name, value in token.attrs.items())[:60]


def clean(html: str) -> str:
    """Keeps only the tags, attributes, classes and addresses of the allow-list."""
    return nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags={"script", "style"},
        attributes=_ATTRIBUTES,
        tag_attribute_values=_VALUES,
        allowed_classes=_CLASSES,
        url_schemes=set(_OUTSIDE),
        url_relative=lambda url: url if re.fullmatch(r"#[A-Za-z0-9._-]+", url) else None,
        link_rel=None,
        strip_comments=True,
    )


def pieces(tokens: Sequence[Token]) -> list[Piece]:
    """The visible text of settled tokens, one piece for each paragraph, heading or cell."""
    found: list[Piece] = []
    before = ""
    for token in tokens:
        if token.type in ("code_block", "fence"):
            found.append(Piece(token.map[0] if token.map else None, token.content))
        if token.type == "inline":
            kind = {"heading_open": "heading", "td_open": "cell", "th_open": "cell"}.get(before, "text")
            found.append(_piece(token, kind))
        before = token.type
    return found


def _piece(inline: Token, kind: str) -> Piece:
    out: list[str] = []
    held: list[str] = []
    marked: list[tuple[str, str]] = []
    open_context: tuple[int, str] | None = None
    for token in inline.children or []:
        if token.type == "span_open" and token.meta.get("context") and open_context is None:
            open_context, held = (token.level, str(token.meta["context"])), []
        elif token.type == "span_close" and open_context and token.level == open_context[0]:
            marked.append((open_context[1], "".join(held)))
            out.append(" … " + "\n" * "".join(held).count("\n"))
            open_context = None
        else:
            (held if open_context else out).append(_visible(token))
    return Piece(inline.map[0] if inline.map else None, "".join(out), tuple(marked), kind)


def _visible(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return "\n"
    return token.content if token.type in ("text", "text_special", "code_inline", "image") else ""


def render_inline(
    text: str,
    *,
    shared: Lookups | None = None,
    findings: Findings | None = None,
    file: str = "",
    line: int | None = None,
    place: str = "",
) -> str:
    """Clean HTML of one run of words, such as a question's stem, an option or a rationale.

    ``term:`` and ``source:`` links become their words; marked contexts become spans; raw HTML shows as text; unsafe links
    keep their words and are reported as errors.
    """
    reported = Findings() if findings is None else findings
    desk = Desk(shared or Lookups(), reported, file, place=place, linked=False)
    tokens = desk.parse_inline(text.strip(), line)
    for token in tokens:
        images = [child for child in token.children or [] if child.type == "image"]
        token.children = [child for child in token.children or [] if child.type != "image"]
        if images:
            reported.error(
                "image-outside-figure",
                file,
                line=line,
                place=place,
                why="A picture cannot stand here.",
                fix="Put it in a ::: figure block of the unit.",
            )
    return desk.html(tokens)


def inline_pieces(text: str, line: int | None = None) -> list[Piece]:
    """The visible text of one run of words, marked contexts apart. Reports nothing."""
    return pieces(Desk(Lookups(), Findings(), "").parse_inline(text.strip(), line))


@lru_cache(maxsize=8192)
def visible_text(text: str) -> str:
    """All words that a reader sees, marked contexts included, in order and without marks."""
    tokens = Desk(Lookups(), Findings(), "").parse_inline(text.strip())
    return "".join(_visible(child) for token in tokens for child in token.children or []).replace("\n", " ")
