from django.apps import AppConfig


class QuizzesConfig(AppConfig):
    name = "quizzes"
    verbose_name = "Quizzes"

    def ready(self) -> None:
        """Registers the coordinator's page on what is taught and tested."""
        from lms.people.desk import DeskItem, register_item

        register_item(
            DeskItem("coverage", "What is taught", "clipboard-check", "Each fact beside the words and questions on it")
        )
