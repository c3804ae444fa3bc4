"""The rows of a matrix as the cells of a file: the table as on the screen, and the list with one row for a person and course."""

from collections.abc import Iterator

from courses.queries.cells import Cell, Row
from courses.queries.matrix import Matrix
from lms.people.models import User

PERSON_HEAD = ("Name", "Job role", "Team", "Site", "Complete")
NOT_REQUIRED = "Not required"
LIST_HEAD = (
    "Name",
    "Team",
    "Site",
    "Course",
    "Status",
    "Detail",
    "Due",
    "Completed",
    "Valid to",
    "Progress",
    "Reachable by mail",
)


def table(matrix: Matrix) -> Iterator[tuple[object, ...]]:
    """The heads, then every person found with a cell for each course shown, in the order of the screen."""
    yield (*PERSON_HEAD, *(course.title for course in matrix.columns))
    for row in matrix.all_rows():
        yield table_row(row)


def table_row(row: Row) -> tuple[object, ...]:
    person = row.person
    cells = [cell.text if cell is not None else NOT_REQUIRED for cell in row.cells]
    return (person.name, person.job_role, row.team, row.site, row.roll, *cells)


def list_rows(matrix: Matrix) -> Iterator[tuple[object, ...]]:
    """The heads, then one row for each cell that the filters look for, in the order of people and columns. A person who has no course gets
    one row that says so; that can only be when nothing is filtered by course, status or date."""
    yield LIST_HEAD
    for row in matrix.all_rows():
        for cell in row.found:
            yield list_row(row, cell)
        if not any(row.cells):
            yield (row.person.name, row.team, row.site, "", "No course assigned", *[""] * 5, _mail(row.person))


def list_row(row: Row, cell: Cell) -> tuple[object, ...]:
    return (
        row.person.name,
        row.team,
        row.site,
        cell.course_title,
        cell.status.label,
        cell.detail,
        cell.due_on,
        cell.completed_on or "",
        cell.expires_on or "",
        cell.progress,
        _mail(row.person),
    )


def _mail(person: User) -> str:
    return "yes" if person.email else "no"
