from django.db.models import TextChoices


class Category(TextChoices):
    STAFF = "staff", "Staff"
    VOLUNTEER = "volunteer", "Volunteer"
    CONTRACTOR = "contractor", "Contractor"


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


class PersonState(TextChoices):
    """How an account stands, as the coordinator reads it. Computed by ``queries.people.with_state``, stored nowhere."""

    ACTIVE = "active", "Active"
    INVITED = "invited", "Invited"
    RAN_OUT = "ran_out", "Invitation ran out"
    NOT_INVITED = "not_invited", "Not invited"
    NO_MAIL = "no_mail", "Not reachable by mail"
    DEACTIVATED = "deactivated", "Deactivated"
