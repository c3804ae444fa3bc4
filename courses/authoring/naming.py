"""How the files of a course are named, and what to call one that is named otherwise."""

import re
from pathlib import Path

from django.utils.text import slugify

UNIT = re.compile(r"(\d{2,3})-[a-z0-9]+(?:-[a-z0-9]+)*\.md")
QUIZ = ".quiz.yaml"
_ENDINGS = {
    **dict.fromkeys((".md", ".markdown", ".md.txt", ".mdx"), ".md"),
    **dict.fromkeys((".quiz.yaml", ".quiz.yml", ".quiz.yaml.txt", ".quiz.yml.txt"), QUIZ),
}
_NUMBERED = re.compile(r"(\d{1,3})\W*(.+)")


def names_its_folder(folder: Path) -> bool:
    """Whether course.yaml gives as slug the name of its folder, as the first owner of a folder does."""
    try:
        text = (folder / "course.yaml").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return re.search(rf"^slug:\s*['\"]?{re.escape(folder.name)}['\"]?\s*(?:#.*)?$", text, re.MULTILINE) is not None


def rename(name: str) -> str:
    """What to do with a file that no rule of naming covers."""
    lower = name.lower()
    if re.fullmatch(r"course\.ya?ml(\.txt)?", lower):
        return "Rename it to course.yaml, in small letters."
    for ending, right in sorted(_ENDINGS.items(), key=lambda pair: -len(pair[0])):
        found = _NUMBERED.fullmatch(lower.removesuffix(ending)) if lower.endswith(ending) else None
        if found and slugify(found[2]):
            return f"Rename it to {int(found[1]):02d}-{slugify(found[2])}{right}, or move it away."
    return "Name units 01-some-words.md and quizzes 01-some-words.quiz.yaml, or move the file away."
