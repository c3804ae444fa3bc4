"""Who is meant by a rule."""

from courses.enums import Supervising
from courses.requirements.facts import Audience, Person


def folded(job_role: str) -> str:
    """Job roles are typed by hand, so capitals and spaces at the ends make no difference."""
    return " ".join(job_role.split()).casefold()


def includes(audience: Audience, person: Person) -> bool:
    """Whether this person is meant. Nobody who is deactivated is."""
    if not person.active or _left_out(audience, person):
        return False
    return person.key in audience.people or (audience.filters and _meets_all(audience, person))


def _left_out(audience: Audience, person: Person) -> bool:
    return (
        person.key in audience.without_people
        or bool(person.teams & audience.without_teams)
        or folded(person.job_role) in {folded(role) for role in audience.without_job_roles}
    )


def _meets_all(audience: Audience, person: Person) -> bool:
    if audience.categories and person.category not in audience.categories:
        return False
    if audience.job_roles and folded(person.job_role) not in {folded(role) for role in audience.job_roles}:
        return False
    places = bool(audience.sites or audience.teams)
    if places and person.site not in audience.sites and not person.teams & audience.teams:
        return False
    if audience.supervising == Supervising.YES:
        return person.supervisor
    return not (audience.supervising == Supervising.NO and person.supervisor)
