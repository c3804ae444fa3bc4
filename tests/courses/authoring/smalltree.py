"""A small valid content folder, written to disk, which a test then breaks in one place."""

import datetime as dt
from pathlib import Path

from courses.authoring.compiled import Tree
from courses.authoring.course import CheckQuiz, compile_tree

TODAY = dt.date(2026, 11, 23)
UNIT = "greeting/01-at-the-door.md"
QUIZ = "greeting/01-at-the-door.quiz.yaml"
COURSE = "greeting/course.yaml"
FIGURE = "greeting/figures/door.svg"

FACTS = """\
meta: {title: Facts}
facts:
- {id: H-001, section: S01, fact: People come in by a door., status: supported, source: A book, use: teach}
- {id: H-002, section: S01, fact: An advertisement., status: vague, source: A book, use: exclude}
"""
SUPPLEMENT = """\
meta: {title: Supplement, prepared: 2025-11-22}
facts:
- {id: E-001, topic: doors, fact: Seven in ten doors are open., source: [BOOK], confidence: high, from_knowledge: false}
- {id: E-002, topic: doors, fact: A greeting helps., source: [BOOK], confidence: high, from_knowledge: false}
"""
TERMS = """\
meta: {title: Terms}
contexts: {quote: Reported speech}
proper_names: [House of Junkies]
terms:
- id: T-01
  term: junkie
  category: person
  severity: error
  pattern: \\bjunkies?\\b
  flags: i
  why: A slur.
  prefer: [person who uses drugs]
  exceptions: [Marked quote]
  sources: [BOOK]
  from_knowledge: false
  test_hit: [the junkies]
  test_miss: [junk]
- id: T-02
  term: old junkie
  category: person
  severity: warning
  pattern: \\bold\\s+junkies?\\b
  flags: i
  why: A slur with an age.
  prefer: [person]
  exceptions: []
  sources: [BOOK]
  from_knowledge: false
  test_hit: [an old junkie]
  test_miss: [junkie]
- id: T-03
  term: detox
  category: care
  severity: info
  pattern: \\bdetox\\b
  flags: i
  why: An older name.
  prefer: [withdrawal management]
  exceptions: []
  sources: [BOOK]
  from_knowledge: false
  test_hit: [after detox]
  test_miss: [toxic]
"""
MISCONCEPTIONS = """\
- {id: doors-do-not-matter, from: added, belief: Doors do not matter., correction: A greeting helps., facts: [E-002]}
"""
GLOSSARY = """\
- id: door
  term: Door
  definition: A way in.
  facts: [H-001]
  see: [greeting]
- id: greeting
  term: Greeting
  definition: Words said at a [door](term:door).
  facts: [E-002]
"""
SOURCES = """\
- {id: BOOK, name: The book of doors, year: 2020–2024, url: "https://example.org/doors", checked: 2026-11-01}
- {id: OTHER, name: Another book, year: "2019", url: null, checked: null, note: Not seen.}
"""
COURSE_TEXT = """\
slug: greeting
title: Greeting people
summary: How to greet people.
audience: [volunteer, staff]
language: en
hours: 0.5
pass_mark: 80
attempts: 3
wait_minutes: 60
valid_months: {volunteer: 12, staff: 24}
authors: [The team]
sources: [BOOK, OTHER]
notice: This training is not advice.
changes:
  - {date: 2026-11-22, kind: material, note: First edition.}
"""
FILLER = " ".join(["We say hello and hold it open."] * 105)
UNIT_TEXT = f"""\
---
id: GRT-U1
slug: at-the-door
title: At the door
minutes: 12
objectives:
  - id: GRT-1.1
    level: Apply
    text: Greet people at the door.
facts: [E-001, E-002, H-001]
---

Opening words about the [door](term:door).

## Why doors matter {{facts="H-001"}}

{FILLER}

Seven in ten, or 70 percent, are open ([The book, 2020](source:BOOK "E-001")).

::: callout Look twice
A **door** can be *closed*.
:::

::: vignette Ana at the door
Ana hears, "The [junkies]{{.quote}} are here." All 500 of them smile.
:::

::: myth doors-do-not-matter
"Doors do not matter."
:::

::: fact E-002
A greeting helps.
:::

::: protocol privacy
Ask your site. Call [988](tel:988).
:::

## What to say

::: figure
![An open door](figures/door.svg)

A door, drawn by hand.

The door stands open. Light falls out of it.
:::

| You hear | You say |
|---|---|
| Hello | Good morning |

::: practice GRT-1.1
Somebody comes in. What do you say?

- [ ] Nothing.
  > Silence is not a greeting.
- [x] "Good morning."
  > Yes. That is a greeting.
:::

::: monday
- **Greet** one person.
- **Hold** one door.
:::
"""
QUIZ_TEXT = """\
unit: GRT-U1
serve: 1
draw:
  - {objective: GRT-1.1, take: 1}
questions:
  - id: GRT-U1-Q01
    kind: single_choice
  - id: GRT-U1-Q02
    kind: single_choice
"""
FIGURE_TEXT = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300" width="400" height="300" aria-labelledby="t">
  <title id="t">A door</title>
  <desc>An open door with light behind it.</desc>
  <defs><marker id="arrow"><path d="M0 0L4 4"/></marker></defs>
  <rect id="leaf" x="1" y="1" width="20" height="40" fill="currentColor" class="figure-box"/>
  <path d="M0 0L9 9" marker-end="url(#arrow)"/>
  <use href="#leaf"/>
  <text x="4" y="9">Come in</text>
</svg>
"""
FILES = {
    "facts.yaml": FACTS,
    "supplement.yaml": SUPPLEMENT,
    "terms.yaml": TERMS,
    "misconceptions.yaml": MISCONCEPTIONS,
    "glossary.yaml": GLOSSARY,
    "sources.yaml": SOURCES,
    "paths.yaml": "- {slug: volunteers, title: Volunteers, audience: volunteer, courses: [greeting]}\n",
    COURSE: COURSE_TEXT,
    UNIT: UNIT_TEXT,
    QUIZ: QUIZ_TEXT,
    FIGURE: FIGURE_TEXT,
}


class SmallTree:
    def __init__(self, root: Path) -> None:
        self.root = root
        for file, text in FILES.items():
            self.write(file, text)

    def write(self, file: str, text: str) -> None:
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def read(self, file: str) -> str:
        return (self.root / file).read_text(encoding="utf-8")

    def replace(self, file: str, old: str, new: str) -> None:
        text = self.read(file)
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        self.write(file, text.replace(old, new))

    def line(self, file: str, words: str) -> int:
        """The line of ``file`` that holds ``words``, counted from 1."""
        return next(number for number, line in enumerate(self.read(file).split("\n"), 1) if words in line)

    def compile(self, check_quiz: CheckQuiz | None = None, today: dt.date = TODAY) -> Tree:
        return compile_tree(self.root, check_quiz=check_quiz, today=today)
