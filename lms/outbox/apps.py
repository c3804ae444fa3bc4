from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "lms.outbox"
    label = "outbox"
    verbose_name = "Mail"

    def ready(self) -> None:
        from lms.outbox import digest, kinds, preferences  # noqa: F401  the digest registers itself as a kind of mail

        kinds.register_preference(preferences.is_wanted)
