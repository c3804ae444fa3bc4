from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "lms.people"
    label = "people"
    verbose_name = "People"

    def ready(self) -> None:
        from lms.people import mail  # noqa: F401  registers this app's kinds of mail with the outbox
        from lms.people.secrecy import hide_invitation_links

        hide_invitation_links()
