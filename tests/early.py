"""Loaded by ``-p tests.early`` before Django's settings: gives the run a folder of its own and its database.

``LMS_TEST_DB=postgres`` runs on a PostgreSQL server that is started here; without it the tests use an SQLite file.
"""

import atexit
import contextlib
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from tests import postgres

_stack = contextlib.ExitStack()
atexit.register(_stack.close)

var = Path(tempfile.mkdtemp(prefix="lms-test-"))
_stack.callback(shutil.rmtree, var, ignore_errors=True)
(var / "static").mkdir()
for name in (
    "DATABASE_URL",
    "REDIS_URL",
    "EMAIL_URL",
    "SITE_URL",
    "LMS_ENV",
    "PORT",
    "HOST",
    "LMS_TEST_CLOCK",
    "LMS_TEST_FAILPOINT",
):
    os.environ.pop(name, None)
os.environ["LMS_VAR"] = str(var)
os.environ["LMS_TEST_FAST_PASSWORDS"] = "yes"
os.environ.setdefault(
    "LMS_FAULT_SEED", str(secrets.randbelow(10**9))
)  # one for all processes of ``-n``; printed at the end

if os.environ.get("LMS_TEST_DB") == "postgres":
    if postgres.binaries() is None:
        sys.exit("LMS_TEST_DB=postgres was asked for, and no PostgreSQL server program was found.")
    os.environ["DATABASE_URL"] = _stack.enter_context(postgres.server())
