from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "lms.outbox"
    label = "outbox"
    verbose_name = "Mail"

    def ready(self) -> None:
        from lms.outbox import digest  # noqa: F401  registers itself as a kind of mail
