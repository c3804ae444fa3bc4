"""Who may do what to whom: one matrix, role x action x relation.

The checks (``lms.people.roles``, ``lms.people.access``), the navigation and ``docs/roles.md`` all come from it. Every page names its
action with ``access.allowed``; a page that opens without a sign-in stands in ``WITHOUT_SIGN_IN`` with the reason.
"""

import dataclasses
import enum
from collections.abc import Mapping

from django.db import models


class Role(models.TextChoices):
    """What somebody is here. Everybody with an active account is a learner; the other roles are held beside it."""

    LEARNER = "learner", "Learner"
    SUPERVISOR = "supervisor", "Supervisor"
    COORDINATOR = "coordinator", "Training coordinator"
    AUDITOR = "auditor", "Auditor"
    ADMINISTRATOR = "administrator", "Administrator"


class Relation(enum.StrEnum):
    """How the person whom a page is about stands to the one who opens it. ``TEAM``: an active person of a team that the viewer
    supervises, or of a team below it. Nobody is their own team: what is ``OWN`` is never ``TEAM`` or ``OTHER``."""

    OWN = "own"
    TEAM = "team"
    OTHER = "other"


OWN = frozenset({Relation.OWN})
TEAM = frozenset({Relation.TEAM})
OTHERS = frozenset({Relation.TEAM, Relation.OTHER})
ANYBODY = frozenset(Relation)

EVERYBODY = (Role.LEARNER,)
COORDINATOR = (Role.COORDINATOR,)
OFFICE = (Role.COORDINATOR, Role.ADMINISTRATOR)


class Action(enum.StrEnum):
    """What a page is for, or what one may do on it."""

    USE_ACCOUNT = "use_account"
    LEARN = "learn"
    SEE_MY_RECORD = "see_my_record"
    SEE_CERTIFICATE = "see_certificate"
    SEE_WHY = "see_why"
    SEE_TEAM = "see_team"
    LEAD_TEAM = "lead_team"
    EXPORT_TEAM = "export_team"
    KEEP_VIEWS = "keep_views"
    NUDGE = "nudge"
    EXTEND = "extend"
    EXEMPT = "exempt"
    SEE_SIGN_OFFS = "see_sign_offs"
    SIGN_OFF = "sign_off"
    RUN_SIGN_OFFS = "run_sign_offs"
    SEE_PACKS = "see_packs"
    RUN_PACKS = "run_packs"
    SEE_RECORD = "see_record"
    SETTLE_REPLY = "settle_reply"
    OPEN_ATTEMPT = "open_attempt"
    SEE_PEOPLE = "see_people"
    SEE_PERSON = "see_person"
    ADD_PERSON = "add_person"
    CHANGE_PERSON = "change_person"
    CHANGE_SIGN_IN = "change_sign_in"
    GRANT_COORDINATOR = "grant_coordinator"
    GRANT_AUDITOR = "grant_auditor"
    GRANT_ADMINISTRATOR = "grant_administrator"
    ERASE_PERSON = "erase_person"
    RUN_ROSTERS = "run_rosters"
    SEE_SEALS = "see_seals"
    KEEP_RECORD = "keep_record"
    SEE_LOOKS = "see_looks"
    RUN_TEAMS = "run_teams"
    RUN_ORGANIZATION = "run_organization"
    SEE_SYSTEM = "see_system"
    SEE_MAIL = "see_mail"
    SEE_MAIL_SUBJECTS = "see_mail_subjects"
    READ_MAIL = "read_mail"
    DECIDE_MAIL = "decide_mail"
    SEE_REQUIREMENTS = "see_requirements"
    WRITE_REQUIREMENTS = "write_requirements"
    SEE_CERTIFICATES = "see_certificates"
    CHANGE_CERTIFICATE = "change_certificate"
    CHANGE_TRAINING = "change_training"
    CHANGE_QUIZ_RULES = "change_quiz_rules"
    RUN_BATCHES = "run_batches"
    RUN_COURSES = "run_courses"
    RUN_QUESTIONS = "run_questions"
    RUN_TRAINING = "run_training"


@dataclasses.dataclass(frozen=True)
class Rule:
    """One row. ``who`` says for each role about whom it holds; a page about nobody is open to a role that stands there at all.

    ``looks``: what the page shows of one person, in the words that stand on "Who looked at my record".
    """

    about: str
    who: Mapping[Role, frozenset[Relation]]
    changes: bool = False
    looks: str = ""


def _same(roles: tuple[Role, ...], relations: frozenset[Relation] = ANYBODY) -> dict[Role, frozenset[Relation]]:
    return dict.fromkeys(roles, relations)


MATRIX: dict[Action, Rule] = {
    # Everybody, about themselves
    Action.USE_ACCOUNT: Rule(
        "Sign in, change one's own password, profile, look and mail", _same(EVERYBODY, OWN), changes=True
    ),
    Action.LEARN: Rule("Take the courses and quizzes that one has to do", _same(EVERYBODY, OWN), changes=True),
    Action.SEE_MY_RECORD: Rule("See one's own record and who looked at it", _same(EVERYBODY, OWN)),
    # A person's record
    Action.SEE_CERTIFICATE: Rule(
        "See a certificate and its file",
        {Role.LEARNER: OWN, Role.COORDINATOR: ANYBODY, Role.AUDITOR: ANYBODY},
        looks="A certificate",
    ),
    Action.SEE_WHY: Rule(
        "See why somebody has a course to do",
        {Role.LEARNER: OWN, Role.SUPERVISOR: TEAM, Role.COORDINATOR: ANYBODY, Role.AUDITOR: ANYBODY},
        looks="Why a course is asked",
    ),
    Action.SEE_RECORD: Rule(
        "See a person's training record: courses, attempts, results by topic, certificates; never the answers",
        {Role.SUPERVISOR: TEAM | OWN, Role.COORDINATOR: ANYBODY, Role.AUDITOR: ANYBODY},
        looks="The training record",
    ),
    Action.SEE_TEAM: Rule(
        "See people by courses, and keep views of it",
        {Role.SUPERVISOR: TEAM | OWN, Role.COORDINATOR: ANYBODY, Role.AUDITOR: ANYBODY},
    ),
    Action.EXPORT_TEAM: Rule(
        "Download people by courses",
        {Role.SUPERVISOR: TEAM | OWN, Role.COORDINATOR: ANYBODY, Role.AUDITOR: ANYBODY},
        looks="A list of people by courses, downloaded",
    ),
    # What a supervisor does for the people of the team
    Action.KEEP_VIEWS: Rule(
        "Keep views of people by courses under a name of one's own",
        _same((Role.SUPERVISOR, Role.COORDINATOR), OWN),
        changes=True,
    ),
    Action.NUDGE: Rule("Ask somebody by mail to go on with a course", {Role.SUPERVISOR: TEAM}, changes=True),
    Action.EXTEND: Rule(
        "Move a due date by some days", {Role.SUPERVISOR: TEAM}, changes=True, looks="A form about due dates"
    ),
    Action.EXEMPT: Rule(
        "Exempt somebody for some days", {Role.SUPERVISOR: TEAM}, changes=True, looks="A form about due dates"
    ),
    Action.SEE_SIGN_OFFS: Rule("See whose practice waits for oneself to watch it", _same(EVERYBODY, OWN)),
    Action.SIGN_OFF: Rule(
        "Open the checklist of a practice, and sign it off with a qualification that is in date; besides, whoever the coordinator named as "
        "an assessor, for the people of the site that they are named for",
        {Role.SUPERVISOR: TEAM},
        changes=True,
    ),
    Action.LEAD_TEAM: Rule("Every other page of a supervisor", {Role.SUPERVISOR: TEAM | OWN}, changes=True),
    Action.SETTLE_REPLY: Rule(
        "Deal with an answer to a reminder",
        {Role.SUPERVISOR: TEAM, Role.COORDINATOR: ANYBODY},
        changes=True,
        looks="An answer to a reminder",
    ),
    Action.OPEN_ATTEMPT: Rule(
        "Open another attempt at a quiz",
        {Role.SUPERVISOR: TEAM, Role.COORDINATOR: OTHERS},
        changes=True,
        looks="Attempts at a quiz",
    ),
    # People and sign-in
    Action.SEE_PEOPLE: Rule("See the list of people", _same((*OFFICE, Role.AUDITOR))),
    Action.SEE_PERSON: Rule(
        "See a person's details and account", _same((*OFFICE, Role.AUDITOR)), looks="Details and account"
    ),
    Action.ADD_PERSON: Rule("Add a person", _same(COORDINATOR), changes=True),
    Action.CHANGE_PERSON: Rule("Change all details of a person", _same(COORDINATOR), changes=True),
    Action.CHANGE_SIGN_IN: Rule(
        "Change a person's email address, invite, deactivate and reactivate them",
        _same(OFFICE),
        changes=True,
        looks="A form about details and sign-in",
    ),
    Action.GRANT_COORDINATOR: Rule("Make somebody else a training coordinator, or end it", _same(OFFICE, OTHERS), True),
    Action.GRANT_AUDITOR: Rule("Make somebody else an auditor, or end it", _same(OFFICE, OTHERS), True),
    Action.GRANT_ADMINISTRATOR: Rule("Make somebody else an administrator, or end it", _same(OFFICE, OTHERS), True),
    Action.ERASE_PERSON: Rule(
        "Erase who somebody was, after they left",
        _same(COORDINATOR, OTHERS),
        changes=True,
        looks="A form about their identity",
    ),
    Action.RUN_ROSTERS: Rule("Import rosters, and undo that", _same(COORDINATOR), changes=True),
    Action.SEE_LOOKS: Rule("See who looked at whose record", _same(COORDINATOR)),
    Action.RUN_TEAMS: Rule("See and change teams, supervisors and sites", _same(COORDINATOR), changes=True),
    # The system
    Action.RUN_ORGANIZATION: Rule("Change the settings of the organization", _same(OFFICE), changes=True),
    Action.SEE_SYSTEM: Rule("See whether the system works", _same(OFFICE)),
    Action.SEE_MAIL: Rule(
        "See the post room: which kind of mail, to whom, how it stands",
        _same((*OFFICE, Role.AUDITOR)),
        looks="A mail",
    ),
    Action.SEE_MAIL_SUBJECTS: Rule(
        "See subjects of mail and why it was written, which name courses", _same((Role.COORDINATOR, Role.AUDITOR))
    ),
    Action.READ_MAIL: Rule("Read the text of a message", _same(COORDINATOR)),
    Action.DECIDE_MAIL: Rule("Send a message again, or not at all", _same(OFFICE), changes=True),
    Action.SEE_SEALS: Rule("See whether the training record is whole", _same((Role.COORDINATOR, Role.AUDITOR))),
    Action.KEEP_RECORD: Rule("Export the seals of the training record", _same(COORDINATOR), changes=True),
    # Training
    Action.RUN_SIGN_OFFS: Rule(
        "See all sign-offs, strike one out, name assessors",
        _same(COORDINATOR),
        changes=True,
        looks="A form about sign-offs",
    ),
    Action.SEE_PACKS: Rule(
        "See surveyor packs and who looked at them, and download them",
        _same((Role.COORDINATOR, Role.AUDITOR)),
        looks="A surveyor pack, downloaded",
    ),
    Action.RUN_PACKS: Rule("Make surveyor packs and links to them", _same(COORDINATOR), changes=True),
    Action.SEE_REQUIREMENTS: Rule("See requirements and whom they reach", _same((Role.COORDINATOR, Role.AUDITOR))),
    Action.WRITE_REQUIREMENTS: Rule(
        "Write, switch on and end requirements",
        _same(COORDINATOR),
        changes=True,
        looks="A list of people with due dates, downloaded",
    ),
    Action.SEE_CERTIFICATES: Rule("See the list of certificates", _same((Role.COORDINATOR, Role.AUDITOR))),
    Action.CHANGE_CERTIFICATE: Rule(
        "Revoke and reissue certificates", _same(COORDINATOR), changes=True, looks="A certificate"
    ),
    Action.CHANGE_TRAINING: Rule(
        "Assign and withdraw courses, move due dates, grant exceptions",
        _same(COORDINATOR),
        changes=True,
        looks="A form about courses and due dates",
    ),
    Action.CHANGE_QUIZ_RULES: Rule(
        "Give somebody else more time or attempts in quizzes",
        _same(COORDINATOR, OTHERS),
        changes=True,
        looks="A form about quiz rules",
    ),
    Action.RUN_BATCHES: Rule(
        "Do something for many people at once",
        _same(COORDINATOR),
        changes=True,
        looks="A list of people with what was done, downloaded",
    ),
    Action.RUN_COURSES: Rule("Read, approve and accept courses, enter site words", _same(COORDINATOR), changes=True),
    Action.RUN_QUESTIONS: Rule(
        "Read questions with keys and figures, review and correct them", _same(COORDINATOR), changes=True
    ),
    Action.RUN_TRAINING: Rule("Every other page of the training coordinator", _same(COORDINATOR), changes=True),
}

#: Pages that open without a sign-in, by the name of their address, and why.
WITHOUT_SIGN_IN: dict[str, str] = {
    "help": "What to do when something does not work.",
    "styleguide": "The parts of the pages, for whoever builds them; absent in production.",
    "health_live": "For monitors; says nothing about people.",
    "health_ready": "For monitors; says nothing about people.",
    "health_work": "For monitors; says nothing about people.",
    "mail_off": "The signed address in a mail is the permission.",
    "people:invitation": "The secret address of an invitation is the permission.",
    "answer": "The signed address in a mail is the permission.",
    "calendar_feed": "The secret address of a calendar is the permission.",
    "survey": "The secret address that the coordinator gave a surveyor is the permission; it ends by itself.",
    "survey_person": "The secret address that the coordinator gave a surveyor is the permission.",
    "survey_file": "The secret address that the coordinator gave a surveyor is the permission.",
    "verify_ask": "Anybody may check a certificate.",
    "verify": "Anybody who has the code of a certificate may check it.",
    "form_token": "Gives a fresh form token, and says whether one is signed in.",
}
#: Beginnings of names of addresses that django-allauth serves: it checks sign-in itself, and shows nobody but the viewer.
SIGN_IN_PAGES = ("account_",)


#: Field of a person that holds a role, and what it takes to change it. Nobody gives a role to themselves; giving one up is open.
GRANTS: dict[str, Action] = {
    "is_coordinator": Action.GRANT_COORDINATOR,
    "is_auditor": Action.GRANT_AUDITOR,
    "is_administrator": Action.GRANT_ADMINISTRATOR,
}


def rule_of(action: Action) -> Rule:
    return MATRIX[action]
