"""Who is in the demonstration. All people, sites and events are made up."""

import dataclasses

PASSWORD = "stepping-stones"  # noqa: S105  a demonstration has no secrets

SITES = (
    ("Eastgate House", "America/Denver"),
    ("Westside Clinic", "America/Chicago"),
    ("Harbor Street", "America/Los_Angeles"),
)
#: name, site, team above
TEAMS = (
    ("Eastgate House", "Eastgate House", ""),
    ("Day team", "Eastgate House", "Eastgate House"),
    ("Night team", "Eastgate House", "Eastgate House"),
    ("Westside Clinic", "Westside Clinic", ""),
    ("Front desk", "Westside Clinic", "Westside Clinic"),
    ("Weekend team", "Westside Clinic", "Westside Clinic"),
    ("Harbor Street volunteers", "Harbor Street", ""),
)
SIGN_INS = (
    ("New staff member", "maya.okafor@alderford.example"),
    ("Volunteer", "sam.rivera@alderford.example"),
    ("Supervisor", "denise.whitaker@alderford.example"),
    ("Training coordinator", "priya.raman@alderford.example"),
    ("Auditor", "helen.marsh@alderford.example"),
    ("Administrator", "tom.lindqvist@alderford.example"),
)


#: whom the coordinator named to watch naloxone practice at Eastgate House
ASSESSOR = "Grace Mbeki"


@dataclasses.dataclass(frozen=True)
class Part:
    """One person. ``story`` names what happened to them in each course (lms.demo.stories)."""

    name: str
    team: str
    job_role: str
    category: str = "staff"
    hired_days_ago: int = 400
    role_and_privacy: str = ""
    stigma_reduction: str = ""
    overdose_response: str = ""
    supervises: str = ""
    coordinator: bool = False
    auditor: bool = False
    administrator: bool = False
    account: str = "joined"
    latin_name: str = ""
    email: str = "yes"
    phone: str = ""

    @property
    def address(self) -> str | None:
        plain = (self.latin_name or self.name).lower().replace("'", "")
        words = plain.encode("ascii", "ignore").decode().split()
        return f"{words[0]}.{words[-1]}@alderford.example" if self.email == "yes" else None


CAST = (
    Part("Priya Raman", "", "Training coordinator", hired_days_ago=2100, coordinator=True, role_and_privacy="complete"),
    Part(
        "Denise Whitaker",
        "Day team",
        "Shift supervisor",
        hired_days_ago=1500,
        supervises="Eastgate House",
        role_and_privacy="complete",
        stigma_reduction="complete",
        overdose_response="practice_passed",
    ),
    Part(
        "Marcus Bell",
        "Westside Clinic",
        "Clinic supervisor",
        hired_days_ago=1300,
        supervises="Westside Clinic",
        role_and_privacy="complete",
        stigma_reduction="in_progress",
    ),
    Part(
        "Ruth Abrams",
        "Harbor Street volunteers",
        "Volunteer coordinator",
        hired_days_ago=900,
        supervises="Harbor Street volunteers",
        role_and_privacy="complete",
        stigma_reduction="complete",
    ),
    Part(
        "Maya Okafor",
        "Day team",
        "Recovery support worker",
        hired_days_ago=14,
        role_and_privacy="complete",
        stigma_reduction="half_way",
    ),
    Part(
        "Darnell Hughes",
        "Night team",
        "Night support worker",
        hired_days_ago=630,
        role_and_privacy="expired",
        stigma_reduction="overdue_started",
        phone="555-0119",
    ),
    Part(
        "Keisha Brown",
        "Day team",
        "Recovery support worker",
        hired_days_ago=540,
        role_and_privacy="expiring",
        stigma_reduction="complete",
        overdose_response="practice_not_yet",
    ),
    Part(
        "Luc\u00eda Fern\u00e1ndez-Castellanos de la Vega",
        "Night team",
        "Front desk",
        hired_days_ago=45,
        role_and_privacy="complete",
        stigma_reduction="overdue",
        latin_name="Lucia Vega",
    ),
    Part(
        "Ibrahim Al-Sayed",
        "Day team",
        "Kitchen volunteer",
        category="volunteer",
        hired_days_ago=30,
        role_and_privacy="overdue_by_one_day",
    ),
    Part(
        "Hannah Lindqvist",
        "Day team",
        "Counselor",
        hired_days_ago=700,
        role_and_privacy="complete",
        stigma_reduction="attempts_used",
    ),
    Part(
        "Tom\u00e1s Ortega",
        "Night team",
        "Night support worker",
        hired_days_ago=800,
        role_and_privacy="renewed",
        stigma_reduction="complete",
    ),
    Part(
        "Grace Mbeki",
        "Night team",
        "Nurse",
        hired_days_ago=350,
        role_and_privacy="complete",
        stigma_reduction="due_in_three_days",
        overdose_response="in_progress",
    ),
    Part(
        "Noah Stern",
        "Day team",
        "Peer specialist",
        hired_days_ago=21,
        role_and_privacy="complete",
        stigma_reduction="wait_after_first_try",
        overdose_response="practice_waits",
    ),
    Part(
        "Yuki Tanaka",
        "Day team",
        "Intern",
        category="contractor",
        hired_days_ago=5,
        role_and_privacy="not_started",
        account="invited",
    ),
    Part(
        "Walter Kowalski",
        "Night team",
        "Maintenance",
        category="contractor",
        hired_days_ago=60,
        role_and_privacy="overdue",
        account="invitation_ran_out",
    ),
    Part(
        "Amina Diallo",
        "Day team",
        "Recovery support worker",
        hired_days_ago=3,
        role_and_privacy="opens_later",
        stigma_reduction="opens_later",
    ),
    Part(
        "\u0395\u03bb\u03ad\u03bd\u03b7 \u03a0\u03b1\u03c0\u03b1\u03b4\u03bf\u03c0\u03bf\u03cd\u03bb\u03bf\u03c5",
        "Front desk",
        "Front desk",
        hired_days_ago=420,
        role_and_privacy="complete",
        stigma_reduction="complete",
        latin_name="Eleni Papadopoulou",
    ),
    Part(
        "Olena Kovalenko",
        "Front desk",
        "Case manager",
        hired_days_ago=260,
        role_and_privacy="complete",
        stigma_reduction="reissued",
    ),
    Part(
        "Benjamin Carter",
        "Front desk",
        "Front desk",
        hired_days_ago=12,
        role_and_privacy="in_progress",
        stigma_reduction="not_started",
    ),
    Part(
        "Rosa Delgado",
        "Weekend team",
        "Nurse",
        hired_days_ago=980,
        role_and_privacy="expiring",
        stigma_reduction="expiring_soon",
    ),
    Part(
        "Peter Nowak",
        "Weekend team",
        "Van driver",
        hired_days_ago=75,
        role_and_privacy="overdue_started",
        stigma_reduction="overdue",
        email="no",
        phone="555-0127",
    ),
    Part(
        "Li Wei",
        "Weekend team",
        "Pharmacy technician",
        hired_days_ago=500,
        role_and_privacy="revoked",
        stigma_reduction="exempt",
    ),
    Part(
        "Fatima Haddad",
        "Westside Clinic",
        "Counselor",
        hired_days_ago=610,
        role_and_privacy="complete",
        stigma_reduction="withdrawn",
    ),
    Part(
        "Jack Sullivan",
        "Westside Clinic",
        "Counselor",
        hired_days_ago=1900,
        role_and_privacy="complete",
        account="deactivated",
    ),
    Part(
        "Sam Rivera",
        "Harbor Street volunteers",
        "Volunteer",
        category="volunteer",
        hired_days_ago=9,
        role_and_privacy="due_in_three_days",
        stigma_reduction="not_started",
    ),
    Part(
        "Eleanor Finch",
        "Harbor Street volunteers",
        "Volunteer",
        category="volunteer",
        hired_days_ago=200,
        role_and_privacy="complete",
        stigma_reduction="complete",
    ),
    Part(
        "Jamal Washington",
        "Harbor Street volunteers",
        "Volunteer",
        category="volunteer",
        hired_days_ago=150,
        role_and_privacy="complete",
        stigma_reduction="one_left",
    ),
    Part(
        "Mei-Ling Chou",
        "Harbor Street volunteers",
        "Volunteer",
        category="volunteer",
        hired_days_ago=100,
        role_and_privacy="complete",
        stigma_reduction="on_leave",
    ),
    Part(
        "George Petrov",
        "Harbor Street volunteers",
        "Volunteer",
        category="volunteer",
        hired_days_ago=40,
        role_and_privacy="complete",
        stigma_reduction="in_progress",
        email="no",
    ),
    Part("Aaliyah Johnson", "Harbor Street volunteers", "Volunteer", category="volunteer", hired_days_ago=2),
    Part(
        "Chidi Eze",
        "Harbor Street volunteers",
        "Volunteer",
        category="volunteer",
        hired_days_ago=1,
        account="not_invited",
    ),
    Part("Helen Marsh", "", "Quality officer", hired_days_ago=820, auditor=True, role_and_privacy="complete"),
    Part("Tom Lindqvist", "", "IT manager", hired_days_ago=1600, administrator=True, role_and_privacy="complete"),
)
