# The commands of this project. They need make, Python 3.11 or newer, and a package registry that pip can reach.
#   make run     everything: web, worker, beat, broker        make run PORT=8080 HOST=0.0.0.0
#   make test    checks and tests                             make check: the checks alone
#   make faults  processes are killed, lines broken, clocks moved; make faults ROUNDS=300 tries longer
#   make bench   what everyday work costs, in milliseconds
# docs/operations.md lists the variables that make run reads.

.PHONY: help run test check faults bench
.DELETE_ON_ERROR:

python := .venv/bin/python
# Settings of a real installation must not reach the checks and tests; what they write goes to a folder of its own.
apart := env -u DATABASE_URL -u REDIS_URL -u EMAIL_URL -u SITE_URL -u LMS_ENV -u ALLOWED_HOSTS -u HOST -u PORT LMS_VAR=var/test

# Two processes, since two cores are what a small build machine has. Tests that share a running system stay together.
pytest := $(python) -m pytest -n 2 --dist loadscope

comma := ,

ifdef PORT
export PORT
endif
ifdef HOST
export HOST
endif
ifdef PYTHON
export PYTHON
endif

help:
	@sed -n '2,6s/^# *//p' Makefile

# exec: the launcher is make's own child, so it notices when make is killed, and its exit code is the shell's.
run: .venv/.stamp
	@exec $(python) -m lms.run

# PostgreSQL first, where its server program is found: the tests marked both_db; on a build machine (CI) all of them but those that
# drive the launcher and the browser, which know no database and run once, on SQLite, below.
test: check
	@if $(python) -c 'import sys; from tests import postgres; sys.exit(postgres.binaries() is None)'; then \
		echo "On PostgreSQL$(if $(CI), (journeys$(comma) platform and demo run on SQLite)):"; \
		LMS_TEST_DB=postgres $(apart) $(pytest) $(if $(CI),$(addprefix --ignore=tests/,journeys platform demo),-m both_db); \
	elif [ -n "$(CI)" ]; then echo "No PostgreSQL server program was found." >&2; exit 1; fi
	@echo "On SQLite:"
	@exec $(apart) $(pytest)

check: .venv/.stamp-dev
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .
	@$(apart) $(python) -m mypy
	@$(apart) $(python) manage.py makemigrations --check --dry-run
	@$(apart) $(python) manage.py check_content

# The same tests as in make test, with as many rounds of chance as are asked for. At the end stand rounds, faults and violations. A
# violation names its seed; LMS_FAULT_SEED=... draws the same again.
ROUNDS ?= 5
faults: .venv/.stamp-dev
	@if $(python) -c 'import sys; from tests import postgres; sys.exit(postgres.binaries() is None)'; then \
		echo "On PostgreSQL:"; \
		LMS_TEST_DB=postgres LMS_FAULT_ROUNDS=$(ROUNDS) $(apart) $(python) -m pytest -q tests/faults -m both_db || exit 1; \
	fi
	@echo "On SQLite:"
	@exec env LMS_FAULT_ROUNDS=$(ROUNDS) $(apart) $(python) -m pytest -q tests/faults

# Figures to read, not a test: nothing here passes or fails by time.
bench: .venv/.stamp-dev
	@exec $(apart) $(python) -m pytest -q -s tests/bench/bench_everyday.py tests/bench/bench_batches.py

.venv/.stamp: requirements.txt lms/run/venv.sh
	@sh lms/run/venv.sh requirements.txt
	@touch $@

.venv/.stamp-dev: requirements-dev.txt requirements.txt lms/run/venv.sh
	@sh lms/run/venv.sh requirements-dev.txt
	@touch .venv/.stamp $@
