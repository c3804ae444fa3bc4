"""Who must hold what, by when, and until when: pure arithmetic without tables. Rows are turned into these facts by
``courses.queries.duties`` and the answers are carried out by ``courses.actions.cycles``."""
