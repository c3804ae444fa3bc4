from django.apps import AppConfig


class HealthConfig(AppConfig):
    name = "lms.health"
    label = "health"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from lms.health.queries import alarms
        from lms.people import desk
        from lms.people.alarms import register_source

        register_source(alarms)
        desk.register_items(
            desk.DeskItem(
                "system_health",
                "System health",
                "shield-check",
                "What runs, what does not, and since when",
                desk.Group.SYSTEM,
            )
        )
