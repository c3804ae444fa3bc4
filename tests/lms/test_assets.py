"""Static files as they are served in production: hashed names, and modules that import each other by them."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

ASSETS = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "lms.lib.assets.AssetStorage"},
}


@pytest.fixture
def collected(settings: Any, tmp_path: Path) -> Path:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = ASSETS
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path


def test_every_import_of_a_hashed_module_names_a_hashed_file_that_is_there(collected: Path) -> None:
    modules = [path for path in (collected / "quizzes").glob("*.js") if re.search(r"\.[0-9a-f]{12}\.js$", path.name)]
    imports = [
        (path, found)
        for path in modules
        for found in re.findall(r'^import .* from "\./(.+)";$', path.read_text(encoding="utf-8"), re.M)
    ]
    assert len(imports) >= 8
    for path, name in imports:
        assert re.fullmatch(r"\w+\.[0-9a-f]{12}\.js", name), f"{path.name} imports {name}"
        assert (collected / "quizzes" / name).is_file()
