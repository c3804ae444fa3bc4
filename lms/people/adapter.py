"""Where sign-in (allauth) meets this project: no open sign-up, plain words, and no mail but through the outbox."""

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.urls import reverse

from lms.lib import clock
from lms.people import mail
from lms.people.models import User

log = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": "This sign-in is closed. Ask your coordinator if that is a surprise.",
        "email_password_mismatch": "The email address and the password do not match. Check both and try again.",
        "incorrect_password": "This is not your password. Try again.",
        "enter_current_password": "Type your current password.",
        "invalid_password_reset": "This link was used already or is too old. Ask for a new one.",
        "too_many_login_attempts": "There were too many tries to sign in. Wait five minutes, then try again.",
        "rate_limited": "That was too often in a short time. Wait a few minutes, then try again.",
    }

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """Stores the password alone: hashing takes time, and whatever else was changed about the person meanwhile stays changed."""
        user.set_password(password)
        user.save(update_fields=["password"])

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """The front door, since the form would ask for another password once the person has signed in again."""
        return reverse("home")

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """Asks the outbox. The link that allauth made for this request is dropped: one is made while sending, and the mail goes to
        the person's own address, however the address was typed."""
        mail.ask_for_reset(user, at=clock.now())

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Every other mail of allauth's is switched off by settings; should one come, nothing is sent past the outbox."""
        log.error("allauth wanted to send %s; it has no kind in the outbox, so it was not sent", template_prefix)
