"""The files of the face: templates use only what they define, and nothing needs an exception from the content policy."""

import fnmatch
import functools
import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings as live_settings
from django.core.management import call_command
from django.template.loader import render_to_string
from pytest_django import Settings

from lms.templatetags import face

ROOT = Path(live_settings.BASE_DIR)
FACE = ROOT / "lms" / "static" / "face"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PAGES = [path for path in TEMPLATES if "emails" not in path.relative_to(ROOT / "templates").parts]
CSS = sorted(FACE.glob("*.css"))
# Classes of app.css that no template shows yet; the pages to come use them. Take a name out when nothing will.
KEPT = (
    "aims asof bar-cap bar-done bar-due bar-late bar-mail bar-soon block-label card-head cert-frame chart "
    "decision-main dialog-inline facts-col fc-row filters grid group-head has-bar ic-active ic-done ic-idle "
    "ic-late ic-soon on-bar only-phone pair-fact pair-myth roll seal t-strong table-stack-3 tablewrap-cards toc "
)


def _markup(path: Path) -> str:
    """The template with its Django tags blanked and each printed value replaced by ``*``."""
    text = re.sub(r"{#.*?#}|{% comment.*?endcomment %}", " ", path.read_text(encoding="utf-8"), flags=re.S)
    return re.sub(r"{{.*?}}", "*", re.sub(r"{%.*?%}", " ", text, flags=re.S), flags=re.S)


@functools.cache
def _defined(*paths: Path) -> frozenset[str]:
    names: set[str] = set()
    for path in paths:
        css = re.sub(r"/\*.*?\*/|url\([^)]*\)|\"[^\"]*\"", " ", path.read_text(encoding="utf-8"), flags=re.S)
        for selector in re.findall(r"([^{}]+){", css):
            names.update(name.replace("\\", "") for name in re.findall(r"\.(-?[_a-zA-Z](?:[\w-]|\\.)*)", selector))
    return frozenset(names)


def _used(text: str) -> set[str]:
    return {name for value in re.findall(r'\bclass="([^"]*)"', text) for name in value.split()}


# --- files -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_every_class_of_a_template_is_defined(path: Path) -> None:
    packed = (
        [ROOT / "quizzes" / "packs" / "pack.css"] if "zip" in path.parts else []
    )  # pages that are read without the system
    defined = _defined(*sorted((ROOT / "lms" / "static").rglob("*.css")), *packed)
    unknown = {name for name in _used(_markup(path)) if not fnmatch.filter(defined, name)}
    assert unknown == set(), f"{path.name} uses classes that no style sheet defines"


def test_every_own_class_is_used_or_kept_on_purpose() -> None:
    code = [
        *(ROOT / "lms").rglob("*.py"),
        *(ROOT / "courses").rglob("*.py"),
        *(ROOT / "quizzes").rglob("*.py"),
        *(ROOT / "lms" / "static").rglob("*.js"),
    ]
    words = set(re.findall(r"[a-z][\w-]*", "\n".join(path.read_text(encoding="utf-8") for path in [*TEMPLATES, *code])))
    unused = {
        name
        for name in _defined(FACE / "app.css")
        if name not in words and not name.startswith(("st-", "alert-", "art-"))
    }
    print("kept without use:", *sorted(unused & set(KEPT.split())))
    assert unused - set(KEPT.split()) == set(), "app.css defines classes that nothing uses"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_needs_no_exception_from_the_content_policy(path: Path) -> None:
    markup = _markup(path)
    tags = " ".join(re.findall(r"<[a-zA-Z][^<>]*>", markup))
    assert not re.findall(r"\sstyle\s*=", tags), "style attribute"
    assert not re.findall(r"<style\b", markup), "style element"
    assert not re.findall(r"\son[a-z]+\s*=", tags), "event handler attribute"
    assert not re.findall(r"\bhx-on|\bhx-vars|javascript:|\bdata:[a-z]+/", markup), "script or data in an address"
    for opening, body in re.findall(r"<script\b([^>]*)>(.*?)</script>", markup, flags=re.S):
        assert "src=" in opening, "script without a file"
        assert not body.strip(), "inline script"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_does_not_shout(path: Path) -> None:
    text = re.sub(r"<style.*?</style>|<[^>]*>", " ", _markup(path), flags=re.S)
    assert "!" not in text


def test_every_icon_named_in_a_template_is_in_the_sprite() -> None:
    named: dict[str, str] = {}
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        for pattern in (r'{% icon "([^"]+)"', r'icon_name="([^"]+)"', r'{% badge_with "[^"]+" "([^"]+)"'):
            named.update(dict.fromkeys(re.findall(pattern, text), path.name))
    assert len(named) > 10
    missing = {name: place for name, place in named.items() if name not in face.icon_names()}
    assert missing == {}
    assert {status.icon for status in face.STATUSES.values() if status.icon} <= face.icon_names()
    assert set(face.FAMILY_ICONS.values()) <= face.icon_names()


@pytest.mark.parametrize("path", CSS, ids=lambda path: path.name)
def test_a_style_sheet_names_only_files_beside_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "data:" not in text
    assert "sourceMappingURL" not in text
    assert "@import" not in text
    assert "http" not in re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    for name in re.findall(r"url\([\"']?([^\"')]+)", text):
        assert (FACE / name).is_file(), name


def test_the_vendored_files_name_their_version() -> None:
    assert "Bootstrap 5.3.9" in (FACE / "bootstrap-subset.css").read_text(encoding="utf-8")[:200]
    assert "htmx 2." in (FACE / "htmx.min.js").read_text(encoding="utf-8")[:100]
    assert "Lucide" in (FACE / "icons.svg").read_text(encoding="utf-8")[:200]
    assert "sourceMappingURL" not in (FACE / "htmx.min.js").read_text(encoding="utf-8")


def test_the_files_collect_under_names_that_hold_their_content(settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = str(tmp_path)
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "lms.lib.assets.AssetStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    sheets = [path for path in (tmp_path / "face").glob("tokens.*.css") if path.name != "tokens.css"]
    assert len(sheets) == 1
    names = re.findall(r'url\("([^"]+)"', sheets[0].read_text(encoding="utf-8"))
    assert names
    assert all(
        re.fullmatch(r"control-[a-z-]+\.[0-9a-f]{12}\.svg", name) and (tmp_path / "face" / name).is_file()
        for name in names
    )
    assert re.search(r'href="/static/face/app\.[0-9a-f]{12}\.css"', render_to_string("500.html"))


def test_the_face_stays_light() -> None:
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in CSS) < 40_000
