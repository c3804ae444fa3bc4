"""The organization and its people. Rows are deactivated, never deleted."""

import datetime as dt
import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Lower

from lms.lib import clock, dates, glyphs, names, phones
from lms.people.enums import Category, Theme, Weekday

MONDAY_TO_FRIDAY = "12345"
NO_DAY = "Choose at least one day on which mail may come."


def validate_zone(value: str) -> None:
    if value not in dates.zone_names():
        raise ValidationError("Choose a time zone from the list, for example America/Denver.")


def validate_own_zone(value: str) -> None:
    if value:
        validate_zone(value)


def validate_printable(value: str) -> None:
    problem = glyphs.explain(value)
    if problem:
        raise ValidationError(problem)


def validate_phone(value: str) -> None:
    if problem := phones.explain(value):
        raise ValidationError(problem)


def validate_working_days(value: str) -> None:
    if not value or value != "".join(sorted(set(value) & set("1234567"))):
        raise ValidationError(NO_DAY)


class Organization(models.Model):
    """The one provider that this installation serves."""

    only = models.BooleanField(default=True, unique=True, editable=False)
    name = models.CharField(max_length=120, validators=[names.validate_one_line, validate_printable])
    short_name = models.CharField(max_length=40, validators=[names.validate_one_line])
    zone = models.CharField("time zone", max_length=64, validators=[validate_zone])
    support_phone = models.CharField(max_length=40, blank=True, validators=[names.validate_one_line])
    certificate_prefix = models.CharField(max_length=6, default="TR", validators=[names.validate_one_line])
    signatory = models.CharField(max_length=80, blank=True, validators=[names.validate_one_line, validate_printable])
    signatory_title = models.CharField(
        max_length=80, blank=True, validators=[names.validate_one_line, validate_printable]
    )
    escalate_after_days = models.PositiveSmallIntegerField(
        default=7, validators=[MaxValueValidator(365, "Choose at most 365 days.")]
    )
    paper = models.CharField(max_length=10, default="us-letter", choices=[("us-letter", "US Letter"), ("a4", "A4")])
    demonstration = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(only=True), name="people_one_organization")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """The letters before a number become part of file names."""
        if not (self.certificate_prefix.isascii() and self.certificate_prefix.isalnum()):
            raise ValidationError({"certificate_prefix": "Use the letters A to Z and digits only, for example AR."})


class Site(models.Model):
    name = models.CharField(max_length=80, validators=[names.validate_one_line])
    zone = models.CharField("time zone", max_length=64, validators=[validate_zone])
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                name="people_site_name_once",
                violation_error_message="There is already a site with this name.",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
    """A group in a tree: a top team belongs to a site, a team below belongs to its parent's site."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="teams")
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    name = models.CharField(max_length=80, validators=[names.validate_one_line])
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["site__name", "name"]
        constraints = [
            models.UniqueConstraint(
                "site",
                Lower("name"),
                name="people_team_name_once",
                violation_error_message="This site already has a team with this name.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """A team lies in its parent's site and is not below itself."""
        if self.parent is None:
            return
        if self.parent.site_id != self.site_id:
            raise ValidationError({"parent": "The team above must be at the same site."})
        above: Team | None = self.parent
        while above is not None:
            if self.pk is not None and above.pk == self.pk:
                raise ValidationError({"parent": "A team cannot be above itself."})
            above = above.parent


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person. Without an email address they are "not reachable by mail" and cannot sign in until they get one.

    ``subject`` names the person in the training record, ``public_id`` in addresses of pages; neither is ever reused.
    ``employee_number`` is how personnel knows them: rosters find people by it, also when their address has changed.
    ``own_zone`` is for somebody who lives by another clock than their site; empty, the site's counts. Read ``zone``.
    ``working_days`` are digits, 1 for Monday to 7 for Sunday, in order: the days on which mail that can wait is sent.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subject = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField("name as printed", max_length=120, validators=[names.validate_one_line, validate_printable])
    latin_name = models.CharField(
        "name in Latin letters", max_length=120, blank=True, validators=[names.validate_one_line]
    )
    email = models.EmailField(null=True, blank=True, max_length=254)
    employee_number = models.CharField(
        "employee number", max_length=40, null=True, blank=True, validators=[names.validate_one_line]
    )
    phone = models.CharField(max_length=40, blank=True, validators=[validate_phone])
    hire_date = models.DateField(null=True, blank=True)
    first_shift_on = models.DateField("first shift", null=True, blank=True)
    category = models.CharField(max_length=12, choices=Category.choices, default=Category.STAFF)
    job_role = models.CharField(max_length=80, blank=True, validators=[names.validate_one_line])
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="people")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="people")
    own_zone = models.CharField("own time zone", max_length=64, blank=True, default="", validators=[validate_own_zone])
    working_days = models.CharField(max_length=7, default=MONDAY_TO_FRIDAY, validators=[validate_working_days])
    is_coordinator = models.BooleanField(default=False)
    is_auditor = models.BooleanField(default=False)
    is_administrator = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(null=True, blank=True, editable=False)
    deactivated_at = models.DateTimeField(null=True, blank=True, editable=False)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)
    date_joined = models.DateTimeField(default=clock.now, editable=False)
    theme = models.CharField(max_length=8, choices=Theme.choices, blank=True, default=Theme.SYSTEM)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="people_email_once",
                violation_error_message="Somebody already has this email address.",
            ),
            models.CheckConstraint(condition=~models.Q(email=""), name="people_email_null_not_empty"),
            models.UniqueConstraint(
                Lower("employee_number"),
                name="people_employee_number_once",
                violation_error_message="Somebody already has this employee number.",
            ),
            models.CheckConstraint(
                condition=~models.Q(employee_number=""), name="people_employee_number_null_not_empty"
            ),
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")),  # sign-in looks for the lower case
                name="people_email_lower_case",
                violation_error_message="Write the email address in lower case.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        self.name = names.one_line(self.name or "")
        self.email = (self.email or "").strip().lower() or None
        self.employee_number = names.one_line(self.employee_number or "") or None
        if self.is_auditor and (self.is_coordinator or self.is_administrator):
            raise ValidationError(
                {
                    "is_auditor": "An auditor changes nothing, so nobody is an auditor and a coordinator or administrator."
                }
            )
        if self.team is not None and self.site_id and self.team.site_id != self.site_id:
            raise ValidationError(
                {"team": "This team is at another site. Choose a team of the person's site, or change the site."}
            )

    @property
    def zone(self) -> str:
        """The zone in which this person's days begin and end. Nothing else asks the site's."""
        return self.own_zone or self.site.zone

    @property
    def working_weekdays(self) -> list[str]:
        """The names of the days, such as Monday."""
        return [Weekday(day).label for day in self.working_days]

    @property
    def initials(self) -> str:
        words = self.name.split()
        return "".join(word[0] for word in ([words[0], words[-1]] if len(words) > 1 else words[:1])).upper()

    @property
    def first_name(self) -> str:
        return self.name.split()[0] if self.name.split() else ""

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.first_name


class Supervision(models.Model):
    """One person supervises one team (and all below it) from a time to a time."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="supervisions")
    supervisor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="supervisions")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["started_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "supervisor"],
                condition=models.Q(ended_at__isnull=True),
                name="people_supervision_open_once",
                violation_error_message="This person already supervises this team.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.supervisor} supervises {self.team}"


class InvitationState(models.TextChoices):
    OPEN = "open", "Open"
    USED = "used", "Used"
    ENDED = "ended", "Ended"


class Invitation(models.Model):
    """A one-use link for one person. The secret is made while the mail is sent; only its hash is kept."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="invitations")
    state = models.CharField(max_length=6, choices=InvitationState.choices, default=InvitationState.OPEN)
    token_hash = models.CharField(max_length=64, unique=True, null=True, blank=True)
    email = models.EmailField(max_length=254, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(state="open"),
                name="people_invitation_open_once",
                violation_error_message="This person already has an open invitation.",
            )
        ]

    def __str__(self) -> str:
        return f"invitation of {self.user}"

    def usable(self, at: dt.datetime) -> bool:
        return self.state == InvitationState.OPEN and at < self.expires_at and self.user.is_active
