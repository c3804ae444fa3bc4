"""Production refuses to start when it is not safe: one sentence naming the setting, no trace. Each by starting a process."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from lms.lib import clock
from quizzes.actions import attempts
from tests import factories

KEY = "vK3-aD9_q8Zr1xT7bN5mW2pL6cH0sJ4fG-yUeRiOoPaSdFgHjKl"
OTHER = "pQ7_wE2-rT9yU4iO1aS6dF3gH8jK5lZ0xC-vBnMmNbVcXzLkJhG"
LEFT_OUT = re.compile(
    r"^(LMS_|SECRET_KEY|RECORD_KEY|ALLOWED_HOSTS|SITE_URL|DATABASE_URL|REDIS_URL|EMAIL_URL|TRUST_PROXY|.*_COOKIE_SECURE)"
)


@pytest.fixture
def good(tmp_path: Path) -> dict[str, str]:
    """An environment that production accepts."""
    return {
        "LMS_ENV": "production",
        "LMS_VAR": str(tmp_path / "var"),
        "SITE_URL": "https://training.example.org",
        "SECRET_KEY": KEY,
        "RECORD_KEY": OTHER,
        "ALLOWED_HOSTS": "training.example.org",
    }


def start(environment: dict[str, str], code: str = "") -> subprocess.CompletedProcess[str]:
    program = f"import django; django.setup()\n{code}"
    own = {name: value for name, value in os.environ.items() if not LEFT_OUT.match(name)}
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**own, "DJANGO_SETTINGS_MODULE": "lms.settings", **environment},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refused(environment: dict[str, str]) -> list[str]:
    """The sentences of a refusal; asserts that it is one."""
    done = start(environment)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    first, *sentences = done.stderr.strip().splitlines()
    assert first == "The settings are not usable, so nothing was started."
    return sentences


SHOWN = """
from django.conf import settings as s
print([s.DEBUG, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY, s.CSRF_COOKIE_HTTPONLY,
       s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS >= 31536000, s.ALLOWED_HOSTS])
"""


def test_a_good_environment_starts(good: dict[str, str]) -> None:
    done = start(good, SHOWN)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(
        [False, True, True, True, True, "__Host-sessionid", "__Host-csrftoken", True, True, ["training.example.org"]]
    )


def test_the_host_follows_the_site_url(good: dict[str, str]) -> None:
    del good["ALLOWED_HOSTS"]
    done = start(good, SHOWN)
    assert done.returncode == 0, done.stderr
    assert "['training.example.org']" in done.stdout


def test_secrets_may_come_from_files(good: dict[str, str], tmp_path: Path) -> None:
    for name in ("SECRET_KEY", "RECORD_KEY"):
        (tmp_path / name).write_text(good[name] + "\n")
        good[name] = ""
        good[f"{name}_FILE"] = str(tmp_path / name)
    assert start(good).returncode == 0


WEAKNESSES: list[tuple[str, dict[str, str | None]]] = [
    ("SECRET_KEY", {"SECRET_KEY": None}),
    ("SECRET_KEY", {"SECRET_KEY": ""}),
    ("SECRET_KEY", {"SECRET_KEY": KEY[:49]}),
    ("SECRET_KEY", {"SECRET_KEY": "a" * 80}),
    ("SECRET_KEY", {"SECRET_KEY": "django-insecure-" + KEY}),
    ("SECRET_KEY_FILE", {"SECRET_KEY": None, "SECRET_KEY_FILE": "/nowhere/at/all"}),
    ("RECORD_KEY", {"RECORD_KEY": None}),
    ("RECORD_KEY", {"RECORD_KEY": "short"}),
    ("RECORD_KEY", {"RECORD_KEY": KEY}),
    ("LMS_DEBUG", {"LMS_DEBUG": "yes"}),
    ("LMS_DEBUG", {"LMS_DEBUG": "1"}),
    ("LMS_DEBUG", {"LMS_DEBUG": "perhaps"}),
    ("ALLOWED_HOSTS", {"ALLOWED_HOSTS": "*"}),
    ("ALLOWED_HOSTS", {"ALLOWED_HOSTS": "training.example.org,*"}),
    ("ALLOWED_HOSTS", {"ALLOWED_HOSTS": ".example.org"}),
    ("SITE_URL", {"SITE_URL": None}),
    ("SITE_URL", {"SITE_URL": "http://training.example.org"}),
    ("SITE_URL", {"SITE_URL": "training.example.org"}),
    ("SITE_URL", {"SITE_URL": "https://"}),
    ("SESSION_COOKIE_SECURE", {"SESSION_COOKIE_SECURE": "no"}),
    ("CSRF_COOKIE_SECURE", {"CSRF_COOKIE_SECURE": "0"}),
    ("LMS_TEST_CLOCK", {"LMS_TEST_CLOCK": "/tmp/offset"}),
    ("LMS_TEST_FAILPOINT", {"LMS_TEST_FAILPOINT": "pdf.after_draw:kill"}),
    ("LMS_TEST_FAILPOINT_COUNT", {"LMS_TEST_FAILPOINT_COUNT": "/tmp"}),
    ("LMS_TEST_FAST_PASSWORDS", {"LMS_TEST_FAST_PASSWORDS": "yes"}),
    ("DATABASE_URL", {"DATABASE_URL": "not an address"}),
    ("EMAIL_URL", {"EMAIL_URL": "not an address"}),
    ("REDIS_URL", {"REDIS_URL": "http://broker"}),
    ("LMS_ENV", {"LMS_ENV": "prod"}),
    ("LMS_ENV", {"LMS_ENV": "Production"}),
]


@pytest.mark.parametrize(("name", "change"), WEAKNESSES, ids=lambda v: str(v)[:60])
def test_each_weakness_is_refused_in_one_sentence(
    good: dict[str, str], name: str, change: dict[str, str | None]
) -> None:
    environment = {k: v for k, v in {**good, **change}.items() if v is not None}
    sentences = refused(environment)
    assert len(sentences) == 1, sentences
    assert re.match(rf"{name}\b", sentences[0])
    assert sentences[0].endswith(".")
    for secret in (KEY, OTHER):
        assert secret not in sentences[0], "a refusal repeats no secret"


def test_all_weaknesses_are_said_at_once() -> None:
    sentences = refused({"LMS_ENV": "production", "LMS_DEBUG": "yes", "LMS_TEST_CLOCK": "/tmp/x"})
    named = {sentence.split()[0] for sentence in sentences}
    assert named == {"LMS_DEBUG", "SECRET_KEY", "RECORD_KEY", "ALLOWED_HOSTS", "SITE_URL", "LMS_TEST_CLOCK"}


@pytest.mark.parametrize("module", ["lms.wsgi", "lms.celery"])
def test_web_and_worker_refuse_too(good: dict[str, str], module: str) -> None:
    """Not only a check that a server might never run."""
    program = f"import {module}; {module}.app.finalize()" if module == "lms.celery" else f"import {module}"
    own = {name: value for name, value in os.environ.items() if not LEFT_OUT.match(name)}
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; from django.conf import settings; settings.DEBUG"],
        env={**own, "DJANGO_SETTINGS_MODULE": "lms.settings", **good, "SECRET_KEY": "weak"},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "SECRET_KEY is missing or weak" in done.stderr
    assert "Traceback" not in done.stderr


def test_development_makes_its_own_keys_for_itself_alone(tmp_path: Path) -> None:
    done = start({"LMS_VAR": str(tmp_path / "var")}, "from django.conf import settings as s\nprint(s.SECRET_KEY)")
    again = start({"LMS_VAR": str(tmp_path / "var")}, "from django.conf import settings as s\nprint(s.SECRET_KEY)")
    assert done.returncode == 0, done.stderr
    assert done.stdout == again.stdout
    assert len(done.stdout.strip()) > 60
    for name in ("secret.key", "record.key"):
        assert (tmp_path / "var" / name).stat().st_mode & 0o777 == 0o600


# --- headers of every page --------------------------------------------------------------------------------------------
POLICY = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "font-src 'self'", "connect-src 'self'",
    "manifest-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'", "object-src 'none'",
}  # fmt: skip
INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)|<style\b|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:|[\"'(]data:", re.IGNORECASE
)


@pytest.mark.django_db
def test_every_kind_of_page_has_the_strict_policy_and_nothing_inline(client: Client) -> None:
    team = factories.make_team()
    learner = factories.make_supervisor(team, is_coordinator=True)
    enrollment = factories.make_enrollment(learner, factories.make_course(units=2))
    unit = enrollment.version.units.get(position=1)
    done = factories.pass_unit(enrollment).attempt
    factories.pass_unit(enrollment, 2)
    other = factories.make_enrollment(factories.make_user(team=team), enrollment.course)
    again = factories.make_enrollment(
        learner, factories.make_course(factories.compiled_course("second", title="Second"))
    )
    attempt = attempts.start(again, again.version.units.get(), at=clock.now())
    certificate = enrollment.certificates.get()
    out = [
        "/account/login/",
        "/account/password/reset/",
        "/help/",
        "/verify/",
        f"/verify/{certificate.code}",
        "/nothing/",
    ]
    course = f"/courses/{again.public_id}/"
    inside = [
        "/training/", "/record/", "/team/", f"/team/people/{other.learner.public_id}/", "/styleguide/", "/coordinator/",
        course, f"{course}units/unit-1/", f"{course}units/unit-1/quiz/", f"/attempts/{attempt.public_id}/questions/1/",
        f"/attempts/{attempt.public_id}/hand-in/", f"/attempts/{done.public_id}/result/",
        f"/certificates/{certificate.public_id}/", "/form-token/", "/coordinator/certificates/", "/coordinator/site-words/",
        f"/courses/{enrollment.public_id}/units/{unit.slug}/quiz/", "/attempts/11111111-1111-4111-8111-111111111111/result/",
    ]  # fmt: skip
    for paths in (out, inside):
        for path in paths:
            response = client.get(path, follow=True)
            assert response.status_code in {200, 404}, path
            assert {part.strip() for part in response["Content-Security-Policy"].split(";")} == POLICY, path
            assert response["X-Frame-Options"] == "DENY"
            assert response["X-Content-Type-Options"] == "nosniff"
            assert response["Referrer-Policy"] == "same-origin"
            assert response["X-Robots-Tag"] == "noindex, nofollow"
            assert not INLINE.search(response.content.decode()), path
            if paths is inside:
                assert "no-store" in response["Cache-Control"], path
        client.force_login(learner)
