"""The scripts of the quiz pages know no database, and beside Playwright's loop a PostgreSQL connection outlives its test."""

import os

collect_ignore = (
    ["test_script.py", "test_clock_script.py", "test_toy_kind.py"]
    if os.environ.get("LMS_TEST_DB") == "postgres"
    else []
)
