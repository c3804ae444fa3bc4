from django.urls import path

from lms.health import views

urlpatterns = [
    path("live", views.live, name="health_live"),
    path("ready", views.ready, name="health_ready"),
    path("work", views.work, name="health_work"),
]
