"""How hard a text is to read, as a US school grade (Flesch-Kincaid)."""

import re
import warnings
from collections.abc import Iterable, Sequence

with warnings.catch_warnings():
    # textstat 0.7.4 reads its word list through pkg_resources, which announces its own end; later versions go to the network
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated", category=UserWarning)
    warnings.filterwarnings("ignore", message="Deprecated call to `pkg_resources", category=DeprecationWarning)
    import textstat

UNIT_GRADE = 9.0
QUESTION_GRADE = 9.5

_NAMES = (
    *("methadone", "buprenorphine", "naltrexone", "naloxone", "benzodiazepines?", "xylazine", "fentanyl", "heroin"),
    *("morphine", "medetomidine", "nitazenes?", "lofexidine", "clonidine", "opioids?", "MOUD", "OUD"),
    *(r"42 CFR Part 2", "HIPAA", "SAMHSA", r"988(?: Suicide (?:and|&) Crisis Lifeline)?", "Good Samaritan laws?"),
    *(
        "Americans with Disabilities Act",
        "Rehabilitation Act",
        "Fair Housing Act",
        "Affordable Care Act",
        "Department of Justice",
    ),
)
_CITATION = re.compile(r"\s*\([^()]*\b(?:19|20)\d\d\b[^()]*\)")
_ENDED = re.compile(r"[.?!:…][\"”’')\]]*$")


class Reader:
    """Measures texts. Drug names, legal names and the proper names given are taken as one short word."""

    def __init__(self, proper_names: Iterable[str] = ()) -> None:
        names = [re.escape(name).replace(r"\ ", r"\s+") for name in proper_names if name.strip()]
        longest_first = sorted([*names, *_NAMES], key=len, reverse=True)
        self._masked = re.compile(rf"\b(?:{'|'.join(longest_first)})(?:\b|(?<=\W))", re.IGNORECASE)

    def grade(self, paragraphs: Sequence[str]) -> float | None:
        """The grade, rounded to a tenth; None for fewer than 30 words, where the formula says nothing.

        Each paragraph ends a sentence. Citations with a year in parentheses are left out.
        """
        text = " ".join(self._plain(paragraph) for paragraph in paragraphs if paragraph.strip())
        if textstat.lexicon_count(text) < _FEWEST_WORDS:
            return None
        return float(textstat.flesch_kincaid_grade(text))

    def _plain(self, paragraph: str) -> str:
        flat = " ".join(_CITATION.sub("", paragraph).split())
        masked = self._masked.sub("Ann", flat)
        return masked if _ENDED.search(masked) else f"{masked}."


_FEWEST_WORDS = 30
