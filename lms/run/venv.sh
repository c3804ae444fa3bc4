#!/bin/sh
# Makes .venv and installs the packages of one requirements file into it.
# usage: sh lms/run/venv.sh requirements.txt|requirements-dev.txt      (PYTHON names the Python to use)
set -eu

fail() {
	echo "$1" >&2
	exit 1
}

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

if ! fits .venv/bin/python || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
	found=
	for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
		if fits "$candidate"; then
			found=$candidate
			break
		fi
	done
	[ -n "$found" ] || fail "Python 3.11 or newer was not found: install it, or name it, as in make run PYTHON=/opt/python3.12/bin/python3."
	echo "Making .venv with $("$found" --version) ..."
	"$found" -m venv --clear .venv ||
		fail "The folder .venv could not be made: see the lines above (on Debian and Ubuntu, apt install python3-venv; is the disk full?)."
fi

echo "Installing the packages of $1 (a few minutes the first time) ..."
PIP_DEFAULT_TIMEOUT=${PIP_DEFAULT_TIMEOUT:-60} PIP_RETRIES=${PIP_RETRIES:-5} \
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --requirement "$1" ||
	fail "The packages could not be installed: see the lines above (is the package registry reachable, is the disk full?)."
