import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.platform.launching import Run

Start = Callable[..., Run]


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path, int]:
    """A first start on an empty folder, stopped by Ctrl-C: the run, its var folder, its exit code."""
    folder = tmp_path_factory.mktemp("launcher")
    run = Run(folder / "var", folder / "output")
    try:
        run.wait_until_ready()
        code = run.stop(signal.SIGINT)
        run.assert_nothing_left()
    finally:
        run.kill_all()
    return run, folder / "var", code


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts launchers; whatever a failing test leaves is killed."""
    runs: list[Run] = []

    def start_one(var: Path, **options: object) -> Run:
        runs.append(Run(var, tmp_path / f"output-{len(runs)}", **options))  # type: ignore[arg-type]
        return runs[-1]

    yield start_one
    for run in runs:
        run.kill_all()


@pytest.fixture
def used_var(first_run: tuple[Run, Path, int], tmp_path: Path) -> Path:
    """A copy of the var folder that the first run left."""
    return Path(shutil.copytree(first_run[1], tmp_path / "var"))
