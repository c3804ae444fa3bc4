"""Settings of the project. Every value that differs between places comes from the environment (``lms.lib.env``).

``LMS_ENV=production`` refuses to start when something is unsafe: all problems at once, one sentence each, no trace.
docs/operations.md lists the variables.
"""

import os
import sys
from pathlib import Path
from typing import Any

import dj_database_url
import dj_email_url

from lms.lib import broker, env, safety

BASE_DIR = Path(__file__).resolve().parent.parent


def _mail_settings(url: str) -> dict[str, Any]:
    parsed: dict[str, Any] = dj_email_url.parse(url)
    if "EMAIL_BACKEND" not in parsed:
        raise ValueError("unknown scheme")
    return parsed


try:
    LMS_ENV = env.choice("LMS_ENV", "development", ("development", "production"))
    PRODUCTION = LMS_ENV == "production"
    DEBUG = env.flag("LMS_DEBUG", False)
    VAR_DIR = Path(env.text("LMS_VAR", str(BASE_DIR / "var")))
    CONTENT_DIR = Path(env.text("LMS_CONTENT", str(BASE_DIR / "courses" / "content")))
    SITE_URL = env.text("SITE_URL", "" if PRODUCTION else f"http://127.0.0.1:{env.number('PORT', 8000)}").rstrip("/")
    SECRET_KEY = env.text("SECRET_KEY") or ("" if PRODUCTION else safety.development_key(VAR_DIR, "secret.key"))
    SECRET_KEY_FALLBACKS = env.items("SECRET_KEY_FALLBACKS")
    RECORD_KEY = env.text("RECORD_KEY") or ("" if PRODUCTION else safety.development_key(VAR_DIR, "record.key"))
    ALLOWED_HOSTS = env.items(
        "ALLOWED_HOSTS", safety.host_of(SITE_URL) if PRODUCTION else "localhost,127.0.0.1,[::1],testserver"
    )
    SESSION_COOKIE_SECURE = env.flag("SESSION_COOKIE_SECURE", PRODUCTION)
    CSRF_COOKIE_SECURE = env.flag("CSRF_COOKIE_SECURE", PRODUCTION)
    DATABASES: dict[str, Any] = {
        "default": env.address(
            "DATABASE_URL",
            f"sqlite:///{VAR_DIR / 'db.sqlite3'}",
            lambda url: dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True),
            "postgres://name:password@host:5432/database",
        )
    }
    BROKER_URL = env.text("REDIS_URL") or broker.embedded_url(VAR_DIR)
    CELERY_BROKER_URL = broker.kombu_url(BROKER_URL)  # lms/celery.py holds what never differs
    _email = env.address(
        "EMAIL_URL", f"file:///{VAR_DIR / 'mail'}", _mail_settings, "smtp+tls://name:password@host:587"
    )
    MAIL_LEASE_SECONDS = env.number("LMS_MAIL_LEASE_SECONDS", 120)
    PDF_LEASE_SECONDS = env.number("LMS_PDF_LEASE_SECONDS", 90)
    BATCH_LEASE_SECONDS = env.number("LMS_BATCH_LEASE_SECONDS", 90)
    PACK_LEASE_SECONDS = env.number("LMS_PACK_LEASE_SECONDS", 90)
    PACK_KEEP_DAYS = env.number("LMS_PACK_KEEP_DAYS", 60)
    if PRODUCTION:
        safety.refuse_unsafe(
            debug=DEBUG,
            secret_key=SECRET_KEY,
            record_key=RECORD_KEY,
            allowed_hosts=ALLOWED_HOSTS,
            site_url=SITE_URL,
            session_cookie_secure=SESSION_COOKIE_SECURE,
            csrf_cookie_secure=CSRF_COOKIE_SECURE,
        )
except env.SettingError as error:
    sys.exit(f"The settings are not usable, so nothing was started.\n{error}")

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    DATABASES["default"]["TEST"] = {
        "NAME": str(VAR_DIR / "test.sqlite3")
    }  # a file: in memory, parallel transactions fail
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA recursive_triggers=ON;"
        ),
    }

INSTALLED_APPS = [
    "lms.people",  # before allauth, so that its templates and commands come first
    "lms.record",
    "lms.outbox",
    "courses",
    "quizzes",
    "lms.health",
    "lms",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "crispy_forms",
    "crispy_bootstrap5",
]

MIDDLEWARE = [
    "lms.lib.arrival.ArrivalIsNoted",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "lms.middleware.PersonalPagesAreNotStored",
    "lms.middleware.LooksAreNoted",
]

ROOT_URLCONF = "lms.urls"
WSGI_APPLICATION = "lms.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "lms.context.everywhere",
            ],
            "builtins": ["django.templatetags.static", "lms.templatetags.face"],
        },
    }
]

SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # an email address is unique by a constraint on its lower case
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

# --- Sign-in ---------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "lms.people.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # an address counts as checked once its owner used an invitation or reset link
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = False
# Django's generator, since allauth's own copies the address into a second table, which would keep an old address valid.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105  a class, not a secret
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = False
# A whole house shares one address: a training room that mistypes may not lock everybody out. An account is guarded by its own limit.
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "40/m/ip,5/5m/key", "reset_password": "20/m/ip,5/h/key"}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SITE_URL.startswith("https") else "http"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "__Host-sessionid" if SESSION_COOKIE_SECURE else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if CSRF_COOKIE_SECURE else "csrftoken"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "lms.errors.csrf_failure"
INVITATION_DAYS = 7

# --- Transport and headers ---------------------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
ALLAUTH_TRUSTED_PROXY_COUNT = (
    1 if env.flag("TRUST_PROXY", False) else 0
)  # or all visitors share one address in rate limits
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("TRUST_PROXY", False) else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024  # the largest page of answers is a few kB
DATA_UPLOAD_MAX_NUMBER_FIELDS = 400
DATA_UPLOAD_MAX_NUMBER_FILES = 1
FILE_UPLOAD_HANDLERS = [
    "lms.lib.uploads.LimitedUpload",  # first: what is too large is never stored
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# --- Files, caches ------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "lms" / "static"]
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "lms.lib.assets.AssetStorage"},
}
CERTIFICATE_DIR = VAR_DIR / "certificates"
PACK_DIR = VAR_DIR / "packs"
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache_rate_limits"}
}  # rate limits only

# --- Mail ----------------------------------------------------------------------------------------------------------------
EMAIL_BACKEND = _email["EMAIL_BACKEND"]
EMAIL_HOST = _email.get("EMAIL_HOST") or "localhost"
EMAIL_PORT = _email.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = _email.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _email.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = bool(_email.get("EMAIL_USE_TLS"))
EMAIL_USE_SSL = bool(_email.get("EMAIL_USE_SSL"))
EMAIL_FILE_PATH = "/" + (_email.get("EMAIL_FILE_PATH") or str(VAR_DIR / "mail")).lstrip(
    "/"
)  # file:///a and file:////a mean /a
EMAIL_TIMEOUT = _email.get("EMAIL_TIMEOUT") or 20  # seconds for each answer; all of them end before a task's time limit
DEFAULT_FROM_EMAIL = env.text("FROM_EMAIL", "Training <training@localhost>")

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.text("LMS_LOG_LEVEL", "WARNING")},
    "loggers": {"django.security.DisallowedHost": {"level": "ERROR"}},
}
if os.environ.get("LMS_TEST_FAST_PASSWORDS") and not PRODUCTION:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]
