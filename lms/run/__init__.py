"""``make run``: checks, prepares and starts everything as children of one process, and stops everything again.

``checks`` what must be true before a start · ``lock`` one run a var folder · ``prepare`` database, courses, static files ·
``processes`` the children · ``broker`` the embedded Valkey · ``web`` gunicorn's settings · ``venv.sh`` the set-up.
"""
