"""Invitation and password reset: the mails of lms.people, through the outbox, and allauth's sign-in around them."""

import datetime as dt
import re
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail as django_mail
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from lms.lib import clock
from lms.outbox import actions
from lms.outbox.enums import MessageState
from lms.outbox.models import Message
from lms.outbox.rendering import HIDDEN
from lms.people import mail
from lms.people.actions.invitations import invite
from lms.people.models import Invitation, InvitationState, User
from lms.record.actions import SYSTEM
from tests.factories import PASSWORD, make_user
from tests.outbox.conftest import html_of, text_of
from tests.outbox.test_rendering import everything_stored

pytestmark = pytest.mark.django_db(transaction=True)
Letters = Callable[[], list[EmailMessage]]
NEW = "three quiet green rivers"


@pytest.fixture(autouse=True)
def _rate_limits_at_zero(transactional_db: None) -> None:
    call_command("createcachetable", verbosity=0)
    cache.clear()


def link_in(letter: EmailMessage) -> str:
    found = re.search(r"http://127\.0\.0\.1:8000(/\S+)", text_of(letter))
    assert found is not None
    return found[1]


def not_joined(**changes: Any) -> User:
    user = make_user("Maya Ortiz", joined_at=None, **changes)
    user.set_unusable_password()
    user.save()
    return user


def ask(client: Client, email: str) -> Any:
    return client.post(reverse("account_reset_password"), {"email": email})


def deliver_all() -> None:
    for message in Message.objects.filter(state=MessageState.QUEUED):
        actions.deliver(message.pk)


# --- invitation -----------------------------------------------------------------------------------------------------


@pytest.mark.both_db
def test_an_invitation_holds_a_link_that_only_the_mail_knows(letters: Letters) -> None:
    user = not_joined()
    invitation = invite(user, by=SYSTEM, at=clock.now())
    deliver_all()
    (letter,) = letters()
    link = link_in(letter)
    assert letter["To"] == user.email
    assert letter["Subject"] == "Your invitation to Alderford Training"
    assert "Hello Maya," in text_of(letter)
    assert "Alderford Recovery Services has opened a training account for you." in html_of(letter)
    assert f"http://127.0.0.1:8000{link}" in html_of(letter)
    assert "Denver time" in text_of(letter)
    message = Message.objects.get()
    assert message.state == MessageState.SENT
    assert HIDDEN in message.body_text
    assert HIDDEN in message.body_html
    secret = max(link.split("/"), key=len)
    assert len(secret) >= 40
    assert secret not in everything_stored()
    invitation.refresh_from_db()
    assert invitation.token_hash
    assert Client().get(link, follow=True).status_code == 200


def test_a_second_try_makes_the_first_link_worthless(letters: Letters) -> None:
    invite(not_joined(), by=SYSTEM, at=clock.now())
    deliver_all()
    first = Invitation.objects.get().token_hash
    Message.objects.update(state=MessageState.QUEUED, next_try_at=clock.now())
    deliver_all()
    assert Invitation.objects.get().token_hash != first


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda i: Invitation.objects.update(state=InvitationState.ENDED), "newer invitation"),
        (lambda i: Invitation.objects.update(state=InvitationState.USED), "already joined"),
        (lambda i: Invitation.objects.update(expires_at=clock.now() - dt.timedelta(seconds=1)), "run out"),
        (lambda i: User.objects.update(is_active=False), "not active"),
        (lambda i: User.objects.update(email=None), "no email address"),
    ],
)
def test_an_invitation_that_is_no_longer_true_is_not_sent(
    letters: Letters, change: Callable[[Invitation], object], reason: str
) -> None:
    change(invite(not_joined(), by=SYSTEM, at=clock.now()))
    deliver_all()
    assert letters() == []
    message = Message.objects.get()
    assert message.state == MessageState.SUPPRESSED
    assert reason in message.last_reply
    assert Invitation.objects.get().token_hash is None


# --- password reset ---------------------------------------------------------------------------------------------------


@pytest.mark.both_db
def test_a_forgotten_password_is_replaced_by_mail_end_to_end(letters: Letters, client: Client) -> None:
    user = make_user("Maya Ortiz", email="maya@example.org")
    assert ask(client, "Maya@Example.ORG").status_code == 302
    assert letters() == []
    assert django_mail.outbox == []
    deliver_all()
    (letter,) = letters()
    link = link_in(letter)
    assert letter["To"] == "maya@example.org"
    assert letter["Subject"] == "Choose a new password for Alderford Training"
    assert "The link works once, for 3 days." in text_of(letter)
    key = link.rstrip("/").rsplit("/", 1)[1]
    message = Message.objects.get()
    assert (message.state, message.kind) == (MessageState.SENT, "password_reset")
    assert key not in everything_stored()
    assert key.split("-", 1)[1] not in everything_stored()
    page = client.get(link, follow=True)
    assert page.status_code == 200
    action = page.context["action_url"]
    client.post(action, {"password1": NEW, "password2": NEW})
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert "no longer works" in Client().get(link, follow=True).content.decode()
    assert EmailAddress.objects.count() == 0
    deliver_all()
    assert len(letters()) == 1
    assert django_mail.outbox == []


def test_the_host_of_a_request_never_reaches_the_mail(letters: Letters, client: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    make_user(email="maya@example.org")
    client.post(reverse("account_reset_password"), {"email": "maya@example.org"}, headers={"host": "evil.example"})
    deliver_all()
    (letter,) = letters()
    assert "evil" not in letter.as_string()


def test_an_unknown_address_gets_the_same_page_and_no_mail(letters: Letters) -> None:
    make_user(email="maya@example.org")
    known = ask(Client(), "maya@example.org")
    unknown = ask(Client(), "nobody@example.org")
    assert (known.status_code, known.headers["Location"]) == (unknown.status_code, unknown.headers["Location"])
    assert Message.objects.count() == 1
    deliver_all()
    assert len(letters()) == 1
    assert django_mail.outbox == []


@pytest.mark.parametrize("who", ["inactive", "invited", "nameless"])
def test_who_may_not_reset_gets_no_mail(client: Client, who: str) -> None:
    user = make_user(email="maya@example.org", is_active=who != "inactive")
    if who == "invited":
        user.set_unusable_password()
    if who == "nameless":
        user.password = ""
    user.save()
    assert ask(client, "maya@example.org").status_code == 302
    assert Message.objects.count() == 0


def test_two_requests_are_two_mails_and_the_older_one_goes_stale(letters: Letters) -> None:
    user = make_user()
    long_ago = clock.now() - dt.timedelta(hours=13)
    first, second = mail.ask_for_reset(user, at=long_ago), mail.ask_for_reset(user, at=clock.now())
    assert first is not None
    assert second is not None
    deliver_all()
    first.refresh_from_db()
    assert (first.state, first.last_reply) == (MessageState.SUPPRESSED, "The request is too old.")
    assert len(letters()) == 1


def test_someone_who_was_deactivated_meanwhile_gets_nothing(letters: Letters) -> None:
    user = make_user()
    assert mail.ask_for_reset(user, at=clock.now())
    User.objects.update(is_active=False)
    deliver_all()
    assert letters() == []
    assert Message.objects.get().state == MessageState.SUPPRESSED


def test_an_address_of_before_neither_signs_in_nor_resets(client: Client) -> None:
    user = make_user(email="old@example.org")
    ask(client, "old@example.org")
    deliver_all()
    sign_in(client, "old@example.org")
    client.logout()
    User.objects.filter(pk=user.pk).update(email="new@example.org")
    before = Message.objects.count()
    ask(Client(), "old@example.org")
    assert Message.objects.count() == before
    sign_in(client, "old@example.org")
    assert "_auth_user_id" not in client.session
    sign_in(client, "new@example.org")
    assert "_auth_user_id" in client.session


# --- sign-in ------------------------------------------------------------------------------------------------------------


def sign_in(client: Client, email: str, password: str = PASSWORD) -> Any:
    return client.post(reverse("account_login"), {"login": email, "password": password})


@pytest.mark.parametrize("typed", ["maya@example.org", "Maya@Example.ORG", " maya@example.org "])
def test_sign_in_by_the_users_address_however_it_is_typed(client: Client, typed: str) -> None:
    user = make_user(email="maya@example.org")
    response = sign_in(client, typed)
    assert response.status_code == 302
    assert client.session["_auth_user_id"] == str(user.pk)
    assert EmailAddress.objects.count() == 0
    assert Message.objects.count() == 0


def test_somebody_inactive_is_refused_plainly(client: Client) -> None:
    make_user(email="maya@example.org", is_active=False)
    response = client.post(reverse("account_login"), {"login": "maya@example.org", "password": PASSWORD}, follow=True)
    assert "This sign-in is closed" in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_a_wrong_password_and_an_unknown_address_get_the_same_words(client: Client) -> None:
    make_user(email="maya@example.org")
    for email in ("maya@example.org", "nobody@example.org"):
        response = sign_in(client, email, "not the password")
        assert response.status_code == 200
        assert "The email address and the password do not match." in response.content.decode()


def test_five_wrong_passwords_are_followed_by_a_wait_even_for_the_right_one(client: Client) -> None:
    make_user(email="maya@example.org")
    for _ in range(5):
        sign_in(client, "maya@example.org", "not the password")
    response = sign_in(client, "maya@example.org")
    assert "too many tries to sign in" in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_six_reset_requests_in_a_minute_are_too_many(client: Client) -> None:
    make_user(email="maya@example.org")
    answers = [ask(client, "maya@example.org").status_code for _ in range(6)]
    assert answers == [302] * 5 + [429]
    assert Message.objects.count() == 5


def test_the_users_address_is_the_only_one(client: Client) -> None:
    user = make_user()
    client.force_login(user)
    assert client.get("/account/email/").status_code == 404
    added = client.post("/account/email/", {"action_add": "", "email": "second@example.org"})
    assert added.status_code == 404
    assert client.get("/account/login/code/").status_code == 404
    assert EmailAddress.objects.count() == 0


def test_the_password_is_changed_without_a_mail(client: Client) -> None:
    user = make_user()
    client.force_login(user)
    data = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    client.post(reverse("account_change_password"), data)
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert Message.objects.count() == 0
    assert django_mail.outbox == []
    assert EmailAddress.objects.count() == 0


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_signs_up(client: Client, method: str) -> None:
    data = {"email": "new@example.org", "password1": NEW, "password2": NEW}
    getattr(client, method)(reverse("account_signup"), data)
    assert User.objects.count() == 0
