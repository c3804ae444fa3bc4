"""Forms about the organization, its sites and teams."""

from typing import Any

from django import forms

from lms.people.forms.fields import PublicIdField, TeamField, ZoneField, sites_to_offer, teams_to_offer
from lms.people.models import Organization, Site, Team, User


class OrganizationForm(forms.ModelForm):
    zone = ZoneField(help_text="For times on the coordinator's pages. Each site has its own zone for due dates.")

    class Meta:
        model = Organization
        fields = [
            "name",
            "short_name",
            "zone",
            "support_phone",
            "escalate_after_days",
            "signatory",
            "signatory_title",
            "certificate_prefix",
            "paper",
        ]
        labels = {
            "support_phone": "Support phone",
            "escalate_after_days": "Supervisors are told after",
            "signatory": "Who signs certificates",
            "signatory_title": "Title of the person who signs",
            "certificate_prefix": "Letters before a certificate's number",
            "paper": "Paper for certificates",
        }
        help_texts = {
            "name": "As it is printed on certificates. Certificates that exist keep the name they were printed with.",
            "short_name": "At the top of every page.",
            "support_phone": "At the bottom of every page, for people who are stuck.",
            "escalate_after_days": "Days after a due date, if the course is still open and the learner was reminded. 0 means never.",
            "signatory": "Printed on certificates, for example Priya Raman.",
            "signatory_title": "For example Training Coordinator.",
            "certificate_prefix": "Up to 6, for example AR in AR-2026-000212. Numbers that were given stay as they are.",
        }


class SiteForm(forms.ModelForm):
    zone = ZoneField()

    class Meta:
        model = Site
        fields = ["name", "zone"]
        help_texts = {"name": "For example Eastgate House."}
        error_messages = {"name": {"required": "Type the name of the site."}}


class SiteChangeForm(SiteForm):
    class Meta(SiteForm.Meta):
        fields = ["name", "zone", "active"]
        labels = {"active": "In use"}
        help_texts = {**SiteForm.Meta.help_texts, "active": "A site that is not in use is not offered for new people."}


class NewTeamForm(forms.ModelForm):
    parent = TeamField(label="Team above", empty_label="None, it is at the top of its site")

    class Meta:
        model = Team
        fields = ["name", "site", "parent"]
        help_texts = {"name": "For example Night team.", "site": "A team stays at its site."}
        error_messages = {
            "name": {"required": "Type the name of the team."},
            "site": {"required": "Choose the site of this team."},
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sites = self.fields["site"]
        assert isinstance(sites, forms.ModelChoiceField)
        sites.queryset = sites_to_offer()
        sites.empty_label = "Choose a site"
        if len(only := list(sites.queryset[:2])) == 1:
            self.initial.setdefault("site", only[0].pk)
        parent = self.fields["parent"]
        assert isinstance(parent, TeamField)
        parent.offer(teams_to_offer())
        parent.help_text = "Supervisors of the team above see this team too."


class TeamChangeForm(forms.ModelForm):
    """Name, place in the tree and whether the team is in use. Offers teams of the same site that are not below this one."""

    parent = TeamField(label="Team above", empty_label="None, it is at the top of its site")

    class Meta:
        model = Team
        fields = ["name", "parent", "active"]
        labels = {"active": "In use"}
        help_texts = {"active": "A team that is not in use is not offered for people."}
        error_messages = {"name": {"required": "Type the name of the team."}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        parent = self.fields["parent"]
        assert isinstance(parent, TeamField)
        everything = teams_to_offer(keep=self.instance.parent)
        below = {self.instance.pk}
        while more := {team.pk for team in everything if team.parent_id in below} - below:
            below |= more
        parent.offer([team for team in everything if team.site_id == self.instance.site_id and team.pk not in below])
        parent.help_text = "Supervisors of the team above see this team too."
        if self.instance.parent is not None:
            self.initial["parent"] = self.instance.parent.public_id


class SupervisorForm(forms.Form):
    """Choosing a supervisor among active people who do not supervise this team yet."""

    supervisor = PublicIdField(
        User.objects.none(),
        empty_label="Choose a person",
        label="Add a supervisor",
        help_text="They see the training of everybody in this team and in the teams below it.",
        error_messages={"required": "Choose a person.", "invalid_choice": "Choose a person from the list."},
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        taken = team.supervisions.filter(ended_at=None).values("supervisor")
        field = self.fields["supervisor"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = User.objects.filter(is_active=True).exclude(pk__in=taken).order_by("name", "pk")
