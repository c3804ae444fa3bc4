"""Figures: SVG drawn by authors, put into the page through an allow-list of its own.

Scripts, style, foreign content, event handlers and every reference to something outside the picture are refused. Ids get a
prefix, so that two figures of one page never collide.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from courses.authoring.findings import Findings
from courses.authoring.language import Piece
from courses.authoring.yamlsafe import read_text

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}href"
_MAX_BYTES = 200_000
_SMALLEST = 16
"""The size of text in a drawing that is 400 units wide."""
_SHAPES = ("path", "rect", "circle", "ellipse", "line", "polyline", "polygon")
_ELEMENTS = {
    *("svg", "g", "title", "desc", "defs", "symbol", "use", "marker", "clipPath", "mask", "text", "tspan"),
    *("linearGradient", "radialGradient", "stop", "pattern"),
    *_SHAPES,
}
_ATTRIBUTES = {
    *("id", "class", "viewBox", "preserveAspectRatio", "transform", "href"),
    *("x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "fx", "fy", "dx", "dy", "width", "height"),
    *("d", "points", "pathLength", "rotate", "textLength", "lengthAdjust"),
    *("fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin"),
    *("stroke-dasharray", "stroke-dashoffset", "stroke-opacity", "stroke-miterlimit", "opacity", "color"),
    *("font-family", "font-size", "font-style", "font-weight", "text-anchor", "dominant-baseline", "letter-spacing"),
    *("clip-path", "clip-rule", "mask", "marker-start", "marker-mid", "marker-end", "vector-effect", "visibility"),
    *("refX", "refY", "markerWidth", "markerHeight", "markerUnits", "orient", "offset", "stop-color", "stop-opacity"),
    *("gradientUnits", "gradientTransform", "spreadMethod", "patternUnits", "patternTransform", "clipPathUnits"),
    *("maskUnits", "maskContentUnits", "patternContentUnits", "aria-hidden"),
}
_REPLACED = {"role", "aria-labelledby", "aria-describedby", "aria-label", "version", "focusable"}
_LOCAL_URL = re.compile(r"url\(\s*['\"]?#([A-Za-z][\w.-]*)['\"]?\s*\)")
_NAMES = {f"{_SVG}title", f"{_SVG}desc"}
"""Hold words only: browsers read what stands inside them as HTML."""
_NAME = re.compile(r"[A-Za-z][\w.-]*")


@dataclass(frozen=True)
class Figure:
    svg: str
    pieces: list[Piece]
    """Visible words, title and description included, for the language rules."""


def read_figure(path: Path, *, file: str, prefix: str, findings: Findings) -> Figure | None:
    """The picture as safe inline SVG with ``role="img"``, or None after an error finding.

    What is not on the allow-list is left out and reported as an error. The name is read from <title>, the description
    from <desc>; width and height of the drawing are left to the page.
    """
    text = read_text(path, file=file, findings=findings, limit=_MAX_BYTES)
    if text is None:
        return None
    if re.search(r"<!(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        _refuse(findings, file, "A DOCTYPE or ENTITY line is not allowed.", "Remove it.")
        return None
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - without a DOCTYPE there are no entities to expand
    except (ElementTree.ParseError, ValueError) as error:
        line = getattr(error, "position", (None,))[0]
        fix = "Close every < with > and every element; or save the drawing again as plain SVG."
        findings.error("svg-syntax", file, line=line, why=f"This is not valid SVG: {error}.", fix=fix)
        return None
    if root.tag != f"{_SVG}svg":
        _refuse(
            findings, file, "The outer element is not an svg in the SVG namespace.", 'Begin with <svg xmlns="...">.'
        )
        return None
    cleaned = _Cleaner(file, prefix, findings, _lines(text), _width(root)).element(root)
    _name(root, cleaned, file, prefix, findings)
    words = [Piece(None, " ".join(part.split()), kind="figure") for part in _texts(cleaned)]
    return Figure(ElementTree.tostring(cleaned, encoding="unicode", short_empty_elements=True).strip(), words)


def _refuse(findings: Findings, file: str, why: str, fix: str, line: int | None = None) -> None:
    findings.error("figure-unsafe", file, line=line, why=why, fix=fix)


def _lines(text: str) -> Iterator[int]:
    """The line of each element, comments left out, in the order of the file."""
    found: list[int] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, attributes: found.append(parser.CurrentLineNumber)
    parser.Parse(text, True)
    return iter(found)


def _width(root: ElementTree.Element) -> float:
    try:
        return float(root.get("viewBox", "").replace(",", " ").split()[2]) or 400
    except (IndexError, ValueError):
        return 400


class _Cleaner:
    def __init__(self, file: str, prefix: str, findings: Findings, lines: Iterator[int], width: float) -> None:
        self.file, self.prefix, self.findings, self.lines = file, prefix, findings, lines
        self.line, self.width = 0, width

    def refuse(self, why: str, fix: str) -> None:
        _refuse(self.findings, self.file, why, fix, self.line)

    def element(self, source: ElementTree.Element) -> ElementTree.Element:
        """A copy that holds only what the allow-list names. Namespaces are dropped, as HTML wants."""
        self.line = next(self.lines)
        result = ElementTree.Element(source.tag.removeprefix(_SVG), dict(self.attributes(source)))
        result.text, result.tail = source.text, source.tail
        for child in source:
            name = child.tag.removeprefix(_SVG) if isinstance(child.tag, str) else ""
            if name in _ELEMENTS and name != "svg" and source.tag not in _NAMES:
                result.append(self.element(child))
            else:
                self.line = next(self.lines)
                for _ in range(sum(1 for _ in child.iter()) - 1):  # what stands inside it goes with it
                    next(self.lines)
                self.refuse(f"The element <{name.rpartition('}')[2]}> is not allowed.", "Remove it from the drawing.")
        return result

    def attributes(self, source: ElementTree.Element) -> Iterator[tuple[str, str]]:
        outer = source.tag == f"{_SVG}svg"
        for attribute, value in source.attrib.items():
            name = "href" if attribute == _XLINK else attribute
            if name in _REPLACED or (outer and name in ("width", "height", "id")) or "}" in name:
                continue
            safe = self.value(name, value) if name in _ATTRIBUTES else None
            if safe is None:
                self.refuse(
                    f'The attribute {name}="{value[:40]}" on <{source.tag.removeprefix(_SVG)}> is not allowed.',
                    "Remove it. Use classes and presentation attributes; point only at ids inside the picture.",
                )
            else:
                if name == "font-size":
                    self.check_size(value)
                yield name, safe

    def check_size(self, value: str) -> None:
        """A phone shows 400 units of the drawing on about 325 dots."""
        try:
            shown = float(value.removesuffix("px")) * 400 / self.width
        except ValueError:
            return
        if shown < _SMALLEST:
            self.findings.warning(
                "figure-small-text",
                self.file,
                line=self.line,
                why=f"Text of size {value} is too small to read on a phone: the drawing is {self.width:g} units wide.",
                fix=f'Write font-size="{_SMALLEST * self.width / 400:g}" or more.',
            )

    def value(self, name: str, value: str) -> str | None:
        """The value with ids prefixed, or None when it points outside."""
        if name == "id":
            return f"{self.prefix}{value}" if _NAME.fullmatch(value) else None
        if name == "href":
            return f"#{self.prefix}{value[1:]}" if value.startswith("#") and _NAME.fullmatch(value[1:]) else None
        if "url" in value.lower() or "\\" in value:
            match = _LOCAL_URL.fullmatch(value.strip())
            return f"url(#{self.prefix}{match[1]})" if match else None
        return value


def _name(
    source: ElementTree.Element, cleaned: ElementTree.Element, file: str, prefix: str, findings: Findings
) -> None:
    """Checks title, description and size, and names the picture for screen readers."""
    for tag, attribute in (("title", "aria-labelledby"), ("desc", "aria-describedby")):
        found = cleaned.find(tag)
        if found is None or not (found.text or "").strip():
            findings.error(
                f"figure-{tag}", file, why=f"The drawing has no <{tag}>.", fix=f"Add <{tag}> as a first child of <svg>."
            )
        else:
            found.set("id", f"{prefix}0-{tag}")  # no id of an author begins with a digit
            cleaned.set(attribute, f"{prefix}0-{tag}")
    if not source.get("viewBox"):
        findings.error(
            "figure-viewbox", file, why="The drawing has no viewBox.", fix='Add viewBox="0 0 400 300" to <svg>.'
        )
    cleaned.set("role", "img")
    cleaned.tail = None


def _texts(element: ElementTree.Element) -> Iterator[str]:
    if element.tag in ("title", "desc", "text"):
        words = " ".join(element.itertext())
        if words.strip():
            yield words
        return
    for child in element:
        yield from _texts(child)
