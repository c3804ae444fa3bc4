"""gunicorn's settings (``gunicorn --config python:lms.run.web``)."""

import os

_host = os.environ.get("HOST") or "127.0.0.1"
bind = f"[{_host}]:{os.environ.get('PORT') or 8000}" if ":" in _host else f"{_host}:{os.environ.get('PORT') or 8000}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = int(os.environ.get("WEB_THREADS") or 8)
preload_app = (
    True  # one import for all; nothing is opened or started before the fork (the doorbell's thread starts lazily)
)
timeout = 60
graceful_timeout = 5
keepalive = 5
loglevel = "warning"
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108  a slow disk must not look like a hung worker
