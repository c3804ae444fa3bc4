"""A unit's body: each segment becomes one block of plain values, with its checks.

Blocks, in reading order: ``html``; ``callout`` and ``vignette`` (title, html); ``pair`` (myth_html, fact_html,
misconception, facts); ``protocol`` (slot, html); ``figure`` (svg, alt, caption_html, description_html); ``practice``
(number, objective, stem_html, multiple, options of html, right, feedback_html); ``monday`` (html). Captions and options are
runs of words without a paragraph around them; all other html holds paragraphs.
"""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path, PurePosixPath

from django.utils.text import slugify
from markdown_it.token import Token

from courses.authoring.anchors import Anchors
from courses.authoring.compiled import Entry
from courses.authoring.fences import Segment
from courses.authoring.findings import Findings
from courses.authoring.language import Piece
from courses.authoring.markup import Desk, pieces, visible_text
from courses.authoring.practice import read_practice
from courses.authoring.prose import count_words, first_figure
from courses.authoring.schema import SLOTS
from courses.authoring.shared import Shared
from courses.authoring.svg import read_figure
from courses.authoring.waivers import Waivers

_UNREAD = re.compile(
    r"\]\s*\((?:term|source|figures|https?|mailto|tel)\b|\]\s+?\{\.|\[[^\]]*\]\s*\{[\w ]*\}|\(\s*(?:term|source)\s*:"
)
_STUCK_HEADING = re.compile(r"#{1,6}[^\W\d]")


class Page:
    """Compiles the segments of one unit. ``objectives`` and ``facts`` are None when the front matter is unreadable."""

    def __init__(
        self,
        *,
        folder: Path,
        file: str,
        name: str,
        shared: Shared,
        findings: Findings,
        waivers: Waivers,
        objectives: Sequence[str] | None,
        facts: Sequence[str] | None,
    ) -> None:
        self.folder, self.file, self.name, self.shared, self.findings = folder, file, name, shared, findings
        self.waivers, self.objectives, self.facts = waivers, objectives, facts
        self.desk = Desk(shared, findings, file)
        self.anchors = Anchors(findings, file)
        self.blocks: list[Entry] = []
        self.sections: list[Entry] = []
        self.misconceptions: list[str] = []
        self.figures: set[Path] = set()
        self.words = 0
        self.prose: list[str] = []
        """The paragraphs and list items that count, for the reading grade."""
        self._practices = 0

    def read(self, segments: Sequence[Segment]) -> None:
        """Fills ``blocks``, ``sections``, ``misconceptions``, ``figures`` (files used), ``words`` and ``anchors``."""
        kinds: dict[str, Callable[[Segment], Entry | None]] = {
            "": self._prose,
            "callout": self._callout,
            "vignette": self._vignette,
            "protocol": self._protocol,
            "figure": self._figure,
            "practice": self._practice,
            "monday": self._monday,
        }
        waiting = list(segments)
        while waiting:
            segment = waiting.pop(0)
            if segment.name in ("myth", "fact"):
                answered = segment.name == "myth" and bool(waiting) and waiting[0].name == "fact"
                block: Entry | None = self._pair(segment, waiting.pop(0) if answered else None)
            else:
                block = kinds[segment.name](segment)
            if block:
                self.blocks.append(block)
        self._check_end(segments)
        self.anchors.close()
        for fact, line in self.desk.used.facts:
            self._check_listed([fact], line)
        for named, line in self.anchors.named:
            self.shared.check_facts(named, findings=self.findings, file=self.file, line=line)
            self._check_listed(named, line)

    # what every segment goes through

    def _error(self, rule: str, line: int | None, why: str, fix: str, place: str = "") -> None:
        self.findings.error(rule, self.file, line=line, place=place, why=why, fix=fix)

    def _tokens(
        self, segment: Segment, *, context: str | None = None, counted: bool = True, cited: bool = True
    ) -> list[Token]:
        """Settled tokens of a segment's inside, without images, after all checks of its words.

        ``counted`` words count toward the length; ``cited`` asks for a source beside every figure.
        """
        tokens = self.desk.parse(segment.text, segment.first)
        if segment.name and not tokens:
            self._error("empty-block", segment.line, f"The block '{segment.name}' is empty.", "Fill it, or remove it.")
        self._drop_images(tokens)
        self.anchors.strip(tokens, inside=segment.name)
        self._headings(tokens, inside=segment.name)
        self.anchors.collect(
            tokens, inside=segment.name, facts=segment.argument.split() if segment.name == "fact" else ()
        )
        found = pieces(tokens)
        self._check_unread(found)
        self._check_words(found, context=context, counted=counted)
        if cited:
            self._check_figures(tokens)
        return tokens

    def _check_unread(self, found: list[Piece]) -> None:
        """Marks that a slip of the pen turned into words: a learner would read the brackets."""
        for piece in found:
            for row, text in enumerate(piece.whole.split("\n")):
                line = piece.line + row if piece.line else None
                if _UNREAD.search(text):
                    fix = 'Write it without spaces inside ( ) and with straight quote marks: ([words](source:ID "E-053")).'
                    self._error("mark-unread", line, "A link, picture or mark here is not read as one.", fix)
                if _STUCK_HEADING.match(text):
                    self._error("heading-space", line, "This heading is not read as one.", "Write a space after ##.")

    def _drop_images(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            if any(child.type == "image" for child in token.children or []):
                token.children = [child for child in token.children or [] if child.type != "image"]
                line = token.map[0] if token.map else None
                fix = "Put it between ::: figure and :::."
                self._error("image-outside-figure", line, "A picture stands outside a figure block.", fix)

    def _headings(self, tokens: Sequence[Token], *, inside: str) -> None:
        for token, inline in pairwise(tokens):
            if token.type != "heading_open":
                continue
            line = token.map[0] if token.map else None
            title = " ".join(pieces([inline])[0].whole.split()) if inline.type == "inline" else ""
            if inside:
                why = f"A heading stands inside the block '{inside}'."
                self._error("heading-in-block", line, why, "Move it out of the block.", title)
            elif token.tag != "h2":
                why = f"'{title}' is a heading of level {token.tag[1:]}."
                self._error("heading-level", line, why, "Use ## for every heading.", title)
            elif not title:
                self._error("empty-heading", line, "A heading has no words.", "Write one, or remove the line.")
            else:
                if any(section["title"] == title for section in self.sections):
                    why = f"The heading '{title}' is used twice."
                    self._error("duplicate-heading", line, why, "Give each part a heading of its own.", title)
                token.attrs = {"id": self._anchor(title)}
                self.sections.append({"id": token.attrs["id"], "title": title})

    def _anchor(self, title: str) -> str:
        name = anchor = f"section-{slugify(title) or len(self.sections) + 1}"
        suffix = 2
        while any(section["id"] == anchor for section in self.sections):
            anchor, suffix = f"{name}-{suffix}", suffix + 1
        return anchor

    def _check_words(
        self, found: list[Piece], *, context: str | None = None, counted: bool = True, file: str = "", place: str = ""
    ) -> None:
        self.shared.language_of(
            found, findings=self.findings, file=file or self.file, place=place, context=context, waivers=self.waivers
        )
        if counted:
            self.words += sum(count_words(piece.whole) for piece in found)
            self.prose += [piece.text.replace(" … ", " so ") for piece in found if piece.kind == "text"]

    def _check_figures(self, tokens: Sequence[Token]) -> None:
        for before, token in pairwise(tokens):
            if token.type != "inline" or before.type != "paragraph_open":
                continue
            if any(child.attrs.get("class") == "source" for child in token.children or []):
                continue
            piece = pieces([token])[0]
            figure = first_figure(piece.text)
            if figure and not self.waivers.cover("number-without-source", piece.text, *figure.span()):
                self.findings.warning(
                    "number-without-source",
                    self.file,
                    line=piece.line + piece.text.count("\n", 0, figure.start()) if piece.line else None,
                    why=f"The figure '{figure[0]}' has no source in its paragraph.",
                    fix='Add ([words](source:ID "E-000")) to this paragraph.',
                )

    def _check_listed(self, ids: Sequence[str], line: int | None) -> None:
        for name in ids:
            if self.facts is not None and name not in self.facts and name in self.shared.facts:
                why = f"The fact {name} is used here but not listed in the front matter."
                self._error("fact-not-listed", line, why, "Add it to 'facts' in the front matter.")

    def _check_end(self, segments: Sequence[Segment]) -> None:
        mondays = [segment for segment in segments if segment.name == "monday"]
        last = segments[-1].line if segments else None
        if not mondays:
            self._error(
                "monday-missing",
                last,
                "The unit has no monday block.",
                "End with ::: monday and two to four things to do.",
            )
        for segment in mondays:
            if segment is not segments[-1]:
                self._error(
                    "monday-not-last",
                    segment.line,
                    "The monday block is not the last.",
                    "Move it to the end; keep one.",
                )

    def _title(self, segment: Segment) -> str:
        title = visible_text(segment.argument)
        if not title:
            fix = f"Write ::: {segment.name} and a title."
            self._error("missing-title", segment.line, f"The block '{segment.name}' has no title.", fix)
        self._check_words([Piece(segment.line, title, kind="title")])
        return title

    def _no_argument(self, segment: Segment) -> None:
        if segment.argument:
            why = f"The block '{segment.name}' takes no words after its name."
            self._error("unexpected-argument", segment.line, why, f"Write only ::: {segment.name}.")

    # one method for each kind of segment

    def _prose(self, segment: Segment) -> Entry | None:
        html = self.desk.html(self._tokens(segment))
        return {"type": "html", "html": html} if html else None

    def _callout(self, segment: Segment) -> Entry:
        return {"type": "callout", "title": self._title(segment), "html": self.desk.html(self._tokens(segment))}

    def _vignette(self, segment: Segment) -> Entry:
        title = self._title(segment)
        return {"type": "vignette", "title": title, "html": self.desk.html(self._tokens(segment, cited=False))}

    def _protocol(self, segment: Segment) -> Entry:
        slot = segment.argument
        if slot not in SLOTS:
            fix = f"Use one of: {', '.join(SLOTS)}."
            self._error("unknown-slot", segment.line, f"There is no protocol slot '{slot}'.", fix)
        return {"type": "protocol", "slot": slot, "html": self.desk.html(self._tokens(segment))}

    def _monday(self, segment: Segment) -> Entry:
        self._no_argument(segment)
        tokens = self._tokens(segment)
        items = sum(token.type == "list_item_open" and token.level == 1 for token in tokens)
        if not 2 <= items <= 4:
            self.findings.warning(
                "monday-items",
                self.file,
                line=segment.line,
                why=f"The monday block has {items} things to do.",
                fix="Write a list of two to four.",
            )
        return {"type": "monday", "html": self.desk.html(tokens)}

    def _pair(self, segment: Segment, answer: Segment | None) -> Entry | None:
        """A myth and its fact. One without the other is an error, and its words are still checked."""
        if segment.name == "fact":
            self._error(
                "fact-without-myth", segment.line, "A fact stands without its myth.", "Put ::: myth right before it."
            )
            self._tokens(segment, cited=False)
            return None
        belief = segment.argument
        known = self.shared.check_misconception(belief, findings=self.findings, file=self.file, line=segment.line)
        if known and belief not in self.misconceptions:
            self.misconceptions.append(belief)
        myth = self.desk.html(self._tokens(segment, context="myth", cited=False))
        if answer is None:
            why = "This myth is not followed at once by its fact."
            self._error("myth-without-fact", segment.line, why, "Put ::: fact and its fact ids right after it.")
            return None
        facts = answer.argument.split()
        if not facts:
            self._error("fact-without-id", answer.line, "The fact block names no fact.", "Write ::: fact E-000.")
        self.shared.check_facts(facts, findings=self.findings, file=self.file, line=answer.line)
        self._check_listed(facts, answer.line)
        html = self.desk.html(self._tokens(answer, cited=not facts))
        return {"type": "pair", "myth_html": myth, "fact_html": html, "misconception": belief, "facts": facts}

    def _practice(self, segment: Segment) -> Entry:
        self._practices += 1
        objective = segment.argument
        if self.objectives is not None and objective not in self.objectives:
            fix = f"Use one of: {', '.join(self.objectives)}."
            place = f"practice {self._practices}"
            self._error("unknown-objective", segment.line, f"The unit has no objective '{objective}'.", fix, place)
        tokens = self._tokens(segment, counted=False, cited=False)
        return read_practice(
            tokens, self.desk, number=self._practices, objective=objective, line=segment.line, report=self._error
        )

    def _figure(self, segment: Segment) -> Entry | None:
        self._no_argument(segment)
        tokens = self.desk.parse(segment.text, segment.first)
        images = [child for token in tokens[:3] for child in token.children or [] if child.type == "image"]
        others = [
            child for token in tokens[1:2] for child in token.children or [] if child.type not in ("image", "softbreak")
        ]
        if len(images) != 1 or any(_words(child) for child in others):
            fix = "Begin with ![alt text](figures/name.svg) in a paragraph of its own; the name of the file holds no spaces."
            self._error("figure-picture", segment.line, "The first paragraph of the figure is not one picture.", fix)
            return None
        rest = tokens[3:]
        self._drop_images(rest)
        self.anchors.strip(tokens)
        self.anchors.collect(rest)
        self._headings(rest, inside="figure")
        self._check_words(pieces(rest), counted=False)
        self._check_figures(rest)
        caption = rest[1:2] if rest[:1] and rest[0].type == "paragraph_open" else []
        if not caption:
            fix = "Write one as the second paragraph of the block."
            self._error("figure-caption", segment.line, "The figure has no caption.", fix)
        description = self.desk.html(rest[3:])
        if not description:
            fix = "Say in words all that the picture shows, below the caption."
            self._error("figure-description", segment.line, "The figure has no long description.", fix)
        source, alt = str(images[0].attrs.get("src", "")), " ".join(images[0].content.split())
        if not alt:
            self._error(
                "figure-alt", segment.line, "The picture has no alternative text.", "Write it between ![ and ]."
            )
        self._check_words([Piece(segment.first, alt)], counted=False)
        svg = self._draw(source, segment.line)
        if svg is None:
            return None
        return {
            "type": "figure",
            "svg": svg,
            "alt": alt,
            "caption_html": self.desk.html(caption) if caption else "",
            "description_html": description,
        }

    def _draw(self, source: str, line: int) -> str | None:
        path = (self.folder / source).resolve()
        inside = path.is_relative_to(self.folder.resolve()) and re.fullmatch(r"[\w.-][\w./-]*", source)
        if not inside or path.suffix != ".svg":
            fix = "Use an .svg file in the course's own folder, such as figures/name.svg."
            self._error("figure-file", line, f"The picture '{source[:80]}' cannot be used.", fix)
            return None
        if not path.is_file():
            self._error("missing-file", line, f"There is no picture '{source}'.", "Add the file, or correct its name.")
            return None
        self.figures.add(path)
        file = f"{PurePosixPath(self.file).parent}/{source}"
        prefix = f"{self.name}-figure-{len(self.figures)}-"
        figure = read_figure(path, file=file, prefix=prefix, findings=self.findings)
        if figure is None:
            return None
        self._check_words(figure.pieces, counted=False, file=file)
        return figure.svg


def _words(token: Token) -> bool:
    return token.type not in ("text", "text_special") or bool(token.content.strip())
