from django.apps import AppConfig


class QuizzesConfig(AppConfig):
    name = "quizzes"
    verbose_name = "Quizzes"

    def ready(self) -> None:
        """Registers kinds of mail, what waits for supervisors, and the coordinator's pages on what is taught, tested and learned about questions."""
        from courses.queries.decisions import register_source
        from lms.people import hooks
        from lms.people import panels as people_panels
        from lms.people.desk import DeskItem, Group, register_items
        from lms.people.tasks_list import register_task
        from quizzes import mail, panels  # noqa: F401
        from quizzes.actions.packing import person_erased
        from quizzes.queries.today import attempts_used

        hooks.on_erasure(person_erased)

        people_panels.register_panel(panels.rules_of)
        register_task(panels.open_reviews)
        register_source(attempts_used)
        register_items(
            DeskItem("questions", "Questions", "list-checks", "How each question does, which to look at, correcting one", Group.TRAINING),
            DeskItem("item_reviews", "Question reviews", "message-circle", "Questions that learners say are wrong, and your answer", Group.TRAINING),
            DeskItem("coverage", "What is taught", "clipboard-check", "Each fact beside the words and questions on it", Group.TRAINING),
            DeskItem("packs", "Surveyor packs", "clipboard-list", "Evidence for a surveyor in one file, and links to read it", Group.EVIDENCE),
        )  # fmt: skip
        people_panels.register_list_link(
            people_panels.ListLink("add_pack", "Surveyor pack of these people", "clipboard-list")
        )
