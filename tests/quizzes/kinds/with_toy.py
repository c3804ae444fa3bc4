"""``-p tests.quizzes.kinds.with_toy``: a run in which the folder of the kinds holds one file more."""

from pathlib import Path

from quizzes import kinds

TOYS = Path(__file__).parent / "toy"


def add() -> None:
    kinds.__path__.append(str(TOYS))


def remove() -> None:
    kinds.__path__.remove(str(TOYS))


def pytest_configure() -> None:
    add()
