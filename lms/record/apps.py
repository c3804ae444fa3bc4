from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RecordConfig(AppConfig):
    name = "lms.record"
    label = "record"
    verbose_name = "Training record"

    def ready(self) -> None:
        post_migrate.connect(_guard, sender=self)


def _guard(using: str, **_: Any) -> None:
    """Runs at the end of every ``migrate``, also when there was nothing to migrate."""
    from django.db import connections

    from lms.record import guards

    guards.make(connections[using])
