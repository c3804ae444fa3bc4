"""The Django project and the platform under it. The Celery app is made known here, so that ``shared_task`` finds it."""

from lms.celery import app as celery_app

__all__ = ["celery_app"]
