"""Addresses of the coordinator's pages, the invitation and the profile."""

from django.urls import path

from lms.people.views import account, messages, organization, overview, people, reasons, record, sites, teams

app_name = "people"

urlpatterns = [
    path("account/profile/", account.profile, name="profile"),
    path("account/profile/days/", account.working_days, name="working_days"),
    path("account/profile/mail/", account.mail_kinds, name="mail_kinds"),
    path("invitation/<str:token>/", account.invitation, name="invitation"),
    path("coordinator/", overview.overview, name="overview"),
    path("coordinator/people/", people.people, name="people"),
    path("coordinator/people/add/", people.add, name="add_person"),
    path("coordinator/people/<uuid:public_id>/", people.person, name="person"),
    path("coordinator/people/<uuid:public_id>/edit/", people.edit, name="edit_person"),
    path("coordinator/people/<uuid:public_id>/invite/", people.invite, name="invite"),
    path("coordinator/people/<uuid:public_id>/deactivate/", people.deactivate, name="deactivate"),
    path("coordinator/people/<uuid:public_id>/reactivate/", people.reactivate, name="reactivate"),
    path("coordinator/people/<uuid:public_id>/erase/", people.erase, name="erase"),
    path("coordinator/teams/", teams.teams, name="teams"),
    path("coordinator/teams/add/", teams.add, name="add_team"),
    path("coordinator/teams/<uuid:public_id>/", teams.team, name="team"),
    path("coordinator/teams/<uuid:public_id>/supervisors/add/", teams.add_supervisor, name="add_supervisor"),
    path(
        "coordinator/teams/<uuid:public_id>/supervisors/<int:pk>/remove/",
        teams.remove_supervisor,
        name="remove_supervisor",
    ),
    path("coordinator/sites/", sites.sites, name="sites"),
    path("coordinator/sites/add/", sites.add, name="add_site"),
    path("coordinator/sites/<int:pk>/", sites.site, name="site"),
    path("coordinator/organization/", organization.organization, name="organization"),
    path("coordinator/record/", record.record, name="record"),
    path("coordinator/record/seals/", record.export, name="export_seals"),
    path("coordinator/messages/", messages.messages, name="messages"),
    path("coordinator/messages/decide/", messages.decide_messages, name="decide_messages"),
    path("coordinator/messages/held/<uuid:public_id>/", messages.decide_surge, name="decide_surge"),
    path("coordinator/messages/reasons/", reasons.reasons, name="reasons"),
    path("coordinator/messages/<uuid:public_id>/", messages.message, name="message"),
    path("coordinator/messages/<uuid:public_id>/retry/", messages.retry, name="retry_message"),
    path("coordinator/messages/<uuid:public_id>/discard/", messages.discard, name="discard_message"),
    path("coordinator/messages/<uuid:public_id>/resend/", messages.resend, name="resend_message"),
]
