"""The address in a mail that switches a kind of mail off."""

from django.urls import path

from lms.outbox import views

urlpatterns = [path("mail/off/<str:token>/", views.switch_off, name="mail_off")]
