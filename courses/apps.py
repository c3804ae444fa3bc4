from django.apps import AppConfig


class CoursesConfig(AppConfig):
    name = "courses"
    verbose_name = "Courses"

    def ready(self) -> None:
        """Registers with the apps below: kinds of mail, what follows a change of zone, parts of the coordinator's pages."""
        from courses import panels, reminders  # noqa: F401
        from courses.actions.assigning import zone_changed
        from courses.actions.cycles import person_changed
        from courses.actions.erasing import person_erased
        from courses.actions.spans import follow
        from courses.queries.decisions import register_source
        from courses.queries.practice_decisions import sign_offs_waiting
        from courses.spans.replay import HANDLERS
        from lms.people import hooks
        from lms.people import panels as people_panels
        from lms.people.desk import DeskItem, Group, register_items
        from lms.people.tasks_list import register_task
        from lms.record import hooks as record_hooks

        record_hooks.on_append(HANDLERS, follow)
        register_source(sign_offs_waiting)
        hooks.on_zone_change(zone_changed)
        hooks.on_person_change(person_changed)
        hooks.on_erasure(person_erased)
        people_panels.register_panel(panels.courses_of)
        people_panels.register_panel(panels.exceptions_of)
        people_panels.register_panel(panels.practice_panel)
        register_items(
            DeskItem("team", "People and courses", "table-2", "Who holds which course, who is late, and exports of both", Group.TRAINING),
            DeskItem("requirements", "Requirements", "list-checks", "Rules that say who must hold which course, and by when", Group.TRAINING),
            DeskItem("batches", "Batches", "users-round", "What was done for many people at once, and undoing it", Group.TRAINING),
            DeskItem("desk_courses", "Courses", "book-open", "Read every unit, approve editions, see what is missing", Group.TRAINING),
            DeskItem("site_words", "Your site's words", "file-text", "What units say about your own place", Group.TRAINING),
            DeskItem("all_sign_offs", "Sign-offs", "signature", "What was observed, by whom, and who may", Group.EVIDENCE),
            DeskItem("certificates", "Certificates", "award", "Every certificate, with revoking and reissuing", Group.EVIDENCE),
        )  # fmt: skip
        people_panels.register_list_link(
            people_panels.ListLink("choose_batch", "Do something for these people", "list-checks")
        )
        register_task(panels.open_replies)
        register_task(panels.unwatched)
        register_task(panels.without_dates)
        register_task(panels.empty_slots)
        register_task(panels.dead_certificates)
        register_task(panels.undecided_editions)
        register_task(panels.stopped_batches)
