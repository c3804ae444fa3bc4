from django.db.models import TextChoices


class Category(TextChoices):
    STAFF = "staff", "Staff"
    VOLUNTEER = "volunteer", "Volunteer"
    CONTRACTOR = "contractor", "Contractor"


class Weekday(TextChoices):
    """The days of a week as ISO 8601 counts them."""

    MONDAY = "1", "Monday"
    TUESDAY = "2", "Tuesday"
    WEDNESDAY = "3", "Wednesday"
    THURSDAY = "4", "Thursday"
    FRIDAY = "5", "Friday"
    SATURDAY = "6", "Saturday"
    SUNDAY = "7", "Sunday"


class Theme(TextChoices):
    SYSTEM = "", "As my device is set"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"
    CONTRAST = "contrast", "High contrast"


class DeactivationReason(TextChoices):
    LEFT = "left", "Left the organization"
    LEAVE = "leave", "On leave for a long time"
    MISTAKE = "mistake", "Added by mistake"
    OTHER = "other", "Another reason"


class ErasureReason(TextChoices):
    ASKED = "asked", "The person asked for it"
    OVER = "over", "We may not keep the name any longer"
    OTHER = "other", "Another reason"


class PersonState(TextChoices):
    """How an account stands, as the coordinator reads it. Computed by ``queries.people.with_state``, stored nowhere."""

    ACTIVE = "active", "Active"
    INVITED = "invited", "Invited"
    RAN_OUT = "ran_out", "Invitation ran out"
    NOT_INVITED = "not_invited", "Not invited"
    NO_MAIL = "no_mail", "Not reachable by mail"
    DEACTIVATED = "deactivated", "Deactivated"
