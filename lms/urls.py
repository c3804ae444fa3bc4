"""Addresses of every page."""

from django.urls import include, path

from lms import home
from lms.health import views as health

urlpatterns = [
    path("", home.home, name="home"),
    path("help/", home.help_page, name="help"),
    path("styleguide/", home.style_guide, name="styleguide"),
    path("health/", include("lms.health.urls")),
    path("coordinator/health/", health.system, name="system_health"),
    path("account/", include("lms.people.signin_urls")),
    path("", include("lms.outbox.urls")),
    path("", include("lms.people.urls")),
    path("", include("courses.urls")),
    path("", include("quizzes.urls")),
]

handler400 = "lms.home.bad_request"
