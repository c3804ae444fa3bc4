"""The house holds: who imports whom, where time comes from, what must stand nowhere. Read from the source by ``ast``.

Each rule is a function from a file to findings ("path:line: sentence"), so that the rules themselves are tried on small bad
snippets below.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TREES = ("lms", "courses", "quizzes")
LONGEST = 420  # lines; "about 400"

# From the lowest floor to the highest. A module may import from its own floor and from those below.
FLOORS = ("lms.lib", "lms.record", "lms.outbox", "lms.people", "courses", "quizzes")
# The project itself stands above all apps and may import anything; nothing below imports it. lms.templatetags holds
# presentation that templates load by name; lms.health, lms.run and lms.demo are used by nobody.
PROJECT = "lms"

# Inside an app. A module's room is the first part of its path below the app that stands here.
ROOMS = {
    "enums": 0,
    "models": 1,
    "access": 2,
    "roles": 2,
    "chain": 2,
    "links": 2,
    "queries": 2,
    "work": 2,
    "kinds": 2,
    "tasks": 2,  # a leaf: actions import it at the top, a task imports its action in its body
    "hooks": 2,
    "actions": 3,
    "forms": 4,
    "views": 5,
    "admin": 5,
    "management": 5,
    "urls": 6,
    "apps": 6,
}

NO_ORM = (
    "quizzes/grading",
    "quizzes/kinds",
    "quizzes/packs",
    "quizzes/statistics",
    "courses/calendar",
    "courses/certificates",
    "courses/charts",
    "courses/authoring",
    "courses/requirements",
    "courses/spans",
    "lms/lib",
    "lms/people/roster",
)

# path -> why something else than lms.lib.clock may read a clock there
CLOCKS = {
    "lms/lib/clock.py": "this is the clock",
    "lms/run": "time.monotonic measures how long a process takes; it says nothing about the date",
}
MONOTONIC = ("time.monotonic",)
NOW = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "django.utils.timezone.now",
    "django.utils.timezone.localdate",
    "django.utils.timezone.localtime",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
    "time.ctime",
    "time.strftime",
    "time.monotonic",
    "time.perf_counter",
    "django.db.models.functions.Now",
}

# Where the broker may be spoken to, and where text may be called safe.
PUBLISHERS = {"lms/lib/doorbell.py"}
SAFE_PYTHON = {"lms/templatetags/face.py", "lms/templatetags/crossing.py"}
# Rendered and cleaned by the compiler (courses.authoring), stored, and printed as stored.
# The pack for forms prints labels and hints, which stand in our own Python.
SAFE_TEMPLATES = ("quizzes/kinds/", "courses/blocks/", "bootstrap5/layout/")
SAFE_TEMPLATE_FILES = {
    "courses/unit.html",
    "quizzes/packs/zip/unit.html",
}  # the glossary: cleaned like the rest of a unit

Rule = Callable[[str, ast.Module], Iterator[tuple[int, str]]]


def module_of(path: str) -> str:
    parts = Path(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def floor_of(module: str) -> int | None:
    for number, floor in enumerate(FLOORS):
        if module == floor or module.startswith(floor + "."):
            return number
    return None


def imports(tree: ast.AST, path: str) -> Iterator[tuple[int, str]]:
    """(line, full dotted name) of every import of the file at ``path``, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = Path(path).parent.parts
            base = ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])
            module = base if node.level else node.module
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def own(name: str) -> bool:
    return name.split(".")[0] in TREES


def downward(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """quizzes -> courses -> lms.people -> lms.outbox -> lms.record -> lms.lib, and nobody imports the project."""
    here = module_of(path)
    floor = floor_of(here)
    for line, name in imports(tree, path):
        if not own(name):
            if name.split(".")[0] == "tests":
                yield line, f"{here} imports the tests"
            continue
        other = floor_of(name)
        if floor is None:
            continue  # the project may import anything
        if other is None:
            if not (path.endswith(("/apps.py", "tests.py")) and name.startswith("lms.templatetags")):
                yield line, f"{here} imports {name}, which is the project above it"
        elif other > floor:
            yield line, f"{here} imports {name}, which stands above it"


def room_of(module: str) -> tuple[str, int] | None:
    """(app, room) of a module, None when it has no room in the order."""
    for app in FLOORS[1:]:
        if module.startswith(app + "."):
            first = module.removeprefix(app + ".").split(".")[0]
            return (app, ROOMS[first]) if first in ROOMS else None
    return None


def in_order(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Inside an app: enums -> models -> queries -> actions -> forms -> views, at the top of a module."""
    here = room_of(module_of(path))
    if here is None:
        return
    task = path.endswith("/tasks.py")
    bodies = {id(n) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in ast.walk(f)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        inline = id(node) in bodies
        for line, name in imports(node, path):
            there = room_of(name)
            if there is None or there[0] != here[0] or there[1] <= here[1]:
                continue
            if not (inline and task):
                yield line, f"{module_of(path)} imports {name}, which comes after it in the app"


def inline_imports(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Imports of our own stand at the top; a task's import of its action is the sanctioned one (and what runs before apps exist)."""
    if path.endswith(("/tasks.py", "/apps.py")) or floor_of(module_of(path)) is None:
        return
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for line, name in imports(function, path):
                if own(name):
                    yield line, f"{name} is imported inside {function.name}()"


def no_orm(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    if not path.startswith(tuple(f"{folder}/" for folder in NO_ORM)):
        return
    for line, name in imports(tree, path):
        if name.startswith("django.db") or re.match(r"(lms\.\w+|courses|quizzes)\.models(\.|$)", name):
            yield line, f"{name} is imported where no ORM is"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "objects":
            yield node.lineno, ".objects is used where no ORM is"


def one_clock(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every way to read the time but lms.lib.clock."""
    if path == "lms/lib/clock.py":
        return
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute | ast.Name):
            continue
        full = dotted(node, names)
        if full not in NOW:
            continue
        if full in MONOTONIC and path.startswith("lms/run/"):
            continue
        yield node.lineno, f"{full} is read here; time comes from lms.lib.clock"
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in {"auto_now", "auto_now_add"}:
            yield node.value.lineno, f"{node.arg} reads the time by itself"


def dotted(node: ast.AST, names: dict[str, str]) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([names.get(node.id, node.id), *reversed(parts)])


def words(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, word) of every name and attribute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr


def no_signals(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    for line, name in words(tree):
        if name in {"post_save", "pre_save", "m2m_changed", "post_delete", "pre_delete"}:
            yield line, f"{name} hides what an action does"


def doorbell_only(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """No request touches the broker, and the next try is a column."""
    for line, name in words(tree):
        if name in {"delay", "apply_async", "send_task", "signature"} and path not in PUBLISHERS:
            yield line, f".{name} speaks to the broker; ring the doorbell after commit"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "retry":
            target = node.func.value
            if isinstance(target, ast.Name) and target.id in {"self", "task", "current_task"}:
                yield node.lineno, "retry() is not used; the next try is a column"
        elif isinstance(node, ast.keyword) and node.arg in {"eta", "countdown", "autoretry_for", "max_retries"}:
            yield node.value.lineno, f"{node.arg}= is not used; the next try is a column"


def explicit_fields(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """A form says which fields it has."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign):
            continue
        named = {target.id for target in node.targets if isinstance(target, ast.Name)}
        if "fields" in named and isinstance(node.value, ast.Constant) and node.value.value == "__all__":
            yield node.lineno, "fields = '__all__' lets in what nobody meant"
        if "exclude" in named:
            yield node.lineno, "exclude lets in every field that is added later"


def no_safe_text(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    if path in SAFE_PYTHON:
        return
    for line, name in words(tree):
        if name in {"mark_safe", "SafeText"}:
            yield line, f"{name} outside the face"


def not_eager(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Tasks never run in the process that asks for them, not even in tests."""
    for node in ast.walk(tree):
        text = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if isinstance(node, ast.keyword):
            text = node.arg or ""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        if re.fullmatch(r"(celery_)?task_(always_eager|eager_propagates)", text.lower()):
            yield getattr(node, "lineno", 0) or node.value.lineno, "tasks are never run eagerly"  # type: ignore[attr-defined]


RULES: tuple[Rule, ...] = (
    downward,
    in_order,
    inline_imports,
    no_orm,
    one_clock,
    no_signals,
    doorbell_only,
    explicit_fields,
    no_safe_text,
    not_eager,
)
# What is sanctioned although a rule finds it: (rule, path, part of the sentence) -> why.
SANCTIONED: dict[tuple[str, str, str], str] = {}


def sources() -> list[Path]:
    found = [p for tree in TREES for p in sorted((ROOT / tree).rglob("*.py")) if "migrations" not in p.parts]
    assert len(found) > 100
    return found


def findings(rule: Rule, path: str, source: str) -> list[str]:
    return [
        f"{path}:{line}: {sentence}"
        for line, sentence in rule(path, ast.parse(source))
        if not any(key[0] == rule.__name__ and key[1] == path and key[2] in sentence for key in SANCTIONED)
    ]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_holds(rule: Rule) -> None:
    found = [
        finding for path in sources() for finding in findings(rule, path.relative_to(ROOT).as_posix(), path.read_text())
    ]
    assert not found, "\n" + "\n".join(found)


def test_tests_run_no_task_eagerly() -> None:
    found = [
        finding
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if path != Path(__file__)
        for finding in findings(not_eager, path.relative_to(ROOT).as_posix(), path.read_text())
    ]
    assert not found, "\n" + "\n".join(found)


def test_no_file_is_two_rooms() -> None:
    long = [
        f"{path.relative_to(ROOT)} has {lines} lines"
        for path in sources()
        if (lines := len(path.read_text().splitlines())) > LONGEST
    ]
    assert not long, "\n".join(long)


def test_templates_call_text_safe_only_where_the_compiler_cleaned_it() -> None:
    found = []
    for path in sorted((ROOT / "templates").rglob("*.html")):
        name = path.relative_to(ROOT / "templates").as_posix()
        if name.startswith(SAFE_TEMPLATES) or name in SAFE_TEMPLATE_FILES:
            continue
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if re.search(r"\|\s*safe\b|{%\s*autoescape\s+off|\|\s*safeseq", line):
                found.append(f"templates/{name}:{number}: {line.strip()[:100]}")
    assert not found, "\n" + "\n".join(found)


def test_templates_hold_no_inline_script_or_style() -> None:
    found = []
    inline = re.compile(
        r"<script(?![^>]*\bsrc=)|<style|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:|[\"'(]data:", re.IGNORECASE
    )
    for path in sorted((ROOT / "templates").rglob("*.html")):
        if "emails" in path.parts:
            continue  # mail has no other way to look like anything
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if inline.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not found, "\n" + "\n".join(found)


def test_every_post_form_of_a_template_has_its_token() -> None:
    """Each form that posts to us carries the CSRF field inside its tags."""
    found = []
    for path in sorted((ROOT / "templates").rglob("*.html")):
        text = path.read_text()
        for form in re.finditer(r"<form\b[^>]*method=[\"']post[\"'].*?</form>", text, re.IGNORECASE | re.DOTALL):
            if "csrf_token" not in form.group():
                found.append(f"{path.relative_to(ROOT)}:{text[: form.start()].count(chr(10)) + 1}")
    assert not found, "\n" + "\n".join(found)


BAD: list[tuple[Rule, str, str]] = [
    (downward, "courses/x.py", "from quizzes.models import Quiz"),
    (downward, "lms/record/x.py", "import lms.people.models"),
    (downward, "lms/outbox/x.py", "from courses import models"),
    (downward, "lms/lib/x.py", "def f():\n    from lms.record import actions"),
    (downward, "lms/people/x.py", "from lms import settings"),
    (downward, "courses/x.py", "from lms.celery import app"),
    (downward, "courses/x.py", "from tests import factories"),
    (downward, "lms/lib/x.py", "from ..record import actions"),
    (in_order, "courses/queries/x.py", "from ..views import team"),
    (in_order, "courses/models/x.py", "from courses.queries.status import status_of"),
    (in_order, "courses/queries/x.py", "from courses.actions import assigning"),
    (in_order, "courses/actions/x.py", "from courses.views import team"),
    (in_order, "courses/forms.py", "from courses.views.team import team"),
    (in_order, "quizzes/enums.py", "from quizzes.models import Quiz"),
    (in_order, "courses/tasks.py", "from courses.actions import filing"),
    (inline_imports, "courses/actions/x.py", "def f():\n    from courses.models import Course"),
    (no_orm, "quizzes/grading/x.py", "from django.db import models"),
    (no_orm, "quizzes/kinds/x.py", "from quizzes.models import Quiz"),
    (no_orm, "courses/certificates/x.py", "import lms.people.models"),
    (no_orm, "lms/lib/x.py", "def f(model):\n    return model.objects.all()"),
    (one_clock, "courses/x.py", "from django.utils import timezone\ntimezone.now()"),
    (one_clock, "courses/x.py", "from django.utils.timezone import now\nnow()"),
    (one_clock, "courses/x.py", "import datetime as dt\ndt.datetime.now(dt.UTC)"),
    (one_clock, "courses/x.py", "import datetime\ndatetime.datetime.utcnow()"),
    (one_clock, "courses/x.py", "from datetime import date as day\nday.today()"),
    (one_clock, "courses/x.py", "from datetime import datetime\nf = datetime.now"),
    (one_clock, "courses/x.py", "import time\ntime.time()"),
    (one_clock, "courses/x.py", "from time import time\ntime()"),
    (one_clock, "courses/x.py", "import time\ntime.monotonic()"),
    (one_clock, "courses/models/x.py", "a = DateTimeField(auto_now_add=True)"),
    (no_signals, "courses/x.py", "from django.db.models.signals import post_save\npost_save.connect(f)"),
    (doorbell_only, "courses/x.py", "draw.delay(1)"),
    (doorbell_only, "courses/x.py", "draw.apply_async((1,))"),
    (doorbell_only, "courses/tasks.py", "def t(self):\n    self.retry()"),
    (doorbell_only, "lms/lib/doorbell.py", "app.send_task('x', countdown=5)"),
    (doorbell_only, "courses/tasks.py", "@shared_task(autoretry_for=(OSError,))\ndef t(): ..."),
    (explicit_fields, "courses/forms.py", "class M:\n    fields = '__all__'"),
    (explicit_fields, "courses/forms.py", "class M:\n    exclude = ['a']"),
    (no_safe_text, "courses/views/x.py", "mark_safe('<b>')"),
    (no_safe_text, "courses/views/x.py", "import django\ndjango.utils.safestring.mark_safe('<b>')"),
    (not_eager, "tests/x.py", "CELERY_TASK_ALWAYS_EAGER = True"),
    (not_eager, "tests/x.py", "app.conf.task_always_eager = True"),
    (not_eager, "tests/x.py", "settings['CELERY_TASK_ALWAYS_EAGER'] = True"),
    (not_eager, "tests/x.py", "override(task_always_eager=True)"),
]


@pytest.mark.parametrize(("rule", "path", "snippet"), BAD)
def test_a_rule_finds_what_it_forbids(rule: Rule, path: str, snippet: str) -> None:
    found = findings(rule, path, snippet)
    assert found
    assert re.match(rf"{re.escape(path)}:\d+: ", found[0])


GOOD: list[tuple[Rule, str, str]] = [
    (downward, "quizzes/x.py", "from courses.models import Course\nfrom lms.lib import clock"),
    (downward, "lms/settings.py", "from quizzes import models"),
    (in_order, "courses/tasks.py", "def draw(pk):\n    from courses.actions.filing import file_certificate"),
    (in_order, "courses/actions/x.py", "from courses import tasks\nfrom courses.models import Course"),
    (one_clock, "courses/x.py", "from lms.lib import clock\nclock.now()"),
    (one_clock, "lms/run/x.py", "import time\ntime.monotonic()"),
    (one_clock, "courses/x.py", "import datetime as dt\ndt.datetime.combine(a, dt.time())"),
    (doorbell_only, "lms/lib/doorbell.py", "app.send_task('x', retry=False)"),
    (explicit_fields, "courses/forms.py", "class M:\n    fields = ['a']"),
]


@pytest.mark.parametrize(("rule", "path", "snippet"), GOOD)
def test_a_rule_lets_pass_what_is_right(rule: Rule, path: str, snippet: str) -> None:
    assert findings(rule, path, snippet) == []
