"""Optional kinds of mail: switching off, one-click unsubscribe (RFC 8058), and what stands under each mail."""

import datetime as dt
import re
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest
from django.core import signing
from django.test import Client

from lms.lib import clock
from lms.outbox import actions, footers, kinds, preferences
from lms.outbox.enums import MessageState
from lms.outbox.models import MailPreference, Message, Occasion
from lms.people.models import User
from lms.record.models import TrainingEvent
from tests.factories import make_organization, make_user
from tests.faults.together import together
from tests.outbox.conftest import MailServer, Note, html_of, text_of

pytestmark = pytest.mark.django_db(transaction=True)


class Extra(Note):
    slug = "extra"
    label = "Good to know"
    optional = True
    why_it_comes = "you like news of {organization}"


class Required(Note):
    slug = "required"
    label = "Required"
    why_it_comes = "{organization} requires this course of you"


@pytest.fixture
def optional() -> Extra:
    kind = Extra()
    kinds.register(kind)
    return kind


@pytest.fixture
def required() -> Required:
    kind = Required()
    kinds.register(kind)
    return kind


@pytest.fixture
def maya(db: None) -> User:
    make_organization()
    return make_user("Maya Ortiz")


def path_of(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def off_link(mail: EmailMessage) -> str:
    return path_of(str(mail["List-Unsubscribe"]).strip(" <>"))


# --- the mail -------------------------------------------------------------------------------------------------------------------
def test_an_optional_mail_can_be_switched_off_by_one_click(
    optional: Extra, maya: User, announced: Callable[..., Message], at: dt.datetime, mail_server: MailServer
) -> None:
    """All the way: over SMTP to the mail program, which posts to the address without a cookie."""
    message = announced(optional, recipient=maya)
    actions.deliver(message.pk, at=at)
    (mail,) = mail_server.mails()
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = str(mail["List-Unsubscribe"]).strip()
    assert re.fullmatch(r"<http://127\.0\.0\.1:8000/mail/off/[^/\s]+/>", url)
    stranger = Client(enforce_csrf_checks=True)
    answer = stranger.post(
        off_link(mail), "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 200
    assert "You will not get this kind of mail any more: <b>Good to know</b>." in answer.content.decode()
    assert not answer.cookies
    assert preferences.off(maya) == {"extra"}
    again = announced(optional, "note:2", recipient=maya)
    actions.deliver(again.pk, at=at)
    again.refresh_from_db()
    assert (again.state, again.last_reply) == (MessageState.SUPPRESSED, kinds.SWITCHED_OFF)
    assert len(mail_server.mails()) == 1


def test_the_footer_says_why_and_how_to_switch_it_off(
    optional: Extra, maya: User, announced: Callable[..., Message], at: dt.datetime, letters: Any
) -> None:
    message = announced(optional, recipient=maya)
    actions.deliver(message.pk, at=at)
    (mail,) = letters()
    link = str(mail["List-Unsubscribe"]).strip(" <>")
    for text in (text_of(mail), html_of(mail)):
        assert "You get this mail because you like news of Alderford" in text
        assert "You can switch this kind of mail off" in text
        assert link in text
        assert "cannot be switched off" not in text
    message.refresh_from_db()
    token = link.split("/")[-2]
    assert token not in message.body_text + message.body_html
    assert "[personal link hidden]" in message.body_text


def test_a_compulsory_mail_says_why_it_comes_and_carries_no_link(
    required: Required, maya: User, announced: Callable[..., Message], at: dt.datetime, letters: Any
) -> None:
    actions.deliver(announced(required, recipient=maya).pk, at=at)
    (mail,) = letters()
    assert "List-Unsubscribe" not in mail
    assert "List-Unsubscribe-Post" not in mail
    for text in (text_of(mail), html_of(mail)):
        assert re.search(r"You get this mail because Alderford[^.]* requires this course of you\.\s+It cannot be", text)
        assert "/mail/off/" not in text


def test_one_required_reason_is_enough_for_no_one_click(optional: Extra, required: Required, maya: User) -> None:
    footer = footers.footer_of([optional, required, required], maya)
    assert footer.headers == {}
    assert "off_url" not in footer.values
    assert (footer.values["compulsory"], len(footer.values["whys"])) == (False, 2)
    assert footer.values["profile_url"] == "http://127.0.0.1:8000/account/profile/"


def test_the_footer_of_a_mixed_mail_in_words(
    optional: Extra, required: Required, maya: User, announced: Callable[..., Message], at: dt.datetime, letters: Any
) -> None:
    message = announced(required, recipient=maya)
    Occasion.objects.create(key="extra", kind="extra", recipient=maya, ref="1", message=message, created_at=at)
    actions.deliver(message.pk, at=at)
    (mail,) = letters()
    assert "List-Unsubscribe" not in mail
    assert "Some of it is required and cannot be switched off." in text_of(mail)
    preferences.switch(maya, "extra", False, at)
    message = announced(required, "note:2", recipient=maya)
    Occasion.objects.create(key="extra:2", kind="extra", recipient=maya, ref="1", message=message, created_at=at)
    actions.deliver(message.pk, at=at)
    assert "It cannot be switched off." in text_of(letters()[-1]), "what is switched off is left out"


# --- the address (abuse case 52) ----------------------------------------------------------------------------------------------------
def everything() -> tuple[Any, ...]:
    return (
        list(MailPreference.objects.order_by("pk").values()),
        list(User.objects.order_by("pk").values()),
        list(Message.objects.order_by("pk").values()),
        TrainingEvent.objects.count(),
    )


def test_a_scanner_that_follows_the_link_changes_nothing(optional: Extra, maya: User, client: Client) -> None:
    address = path_of(preferences.link(maya, ["extra"]))
    before = everything()
    for _ in range(3):
        page = client.get(address)
        assert client.head(address).status_code == 200
    assert everything() == before
    text = page.content.decode()
    assert "Nothing has changed yet." in text
    assert "<b>Good to know</b>" in text
    assert maya.name not in text
    assert (maya.email or "") not in text
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in page.headers["Cache-Control"]
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    for method in (client.put, client.delete, client.patch, client.options):
        assert method(address).status_code == 405
    assert everything() == before


def test_a_post_does_one_thing_and_twice_is_once(optional: Extra, maya: User, client: Client) -> None:
    other = make_user("Darnell Hughes")
    address = path_of(preferences.link(maya, ["extra"]))
    before = everything()
    assert client.post(address, {"kind": "note", "recipient": str(other.public_id), "on": "1"}).status_code == 200
    (row,) = MailPreference.objects.values()
    assert (row["recipient_id"], row["kind"]) == (maya.pk, "extra")
    assert everything()[1:] == before[1:]
    assert client.post(address).status_code == 200
    assert MailPreference.objects.values().get() == row
    assert "_auth_user_id" not in client.session


def test_a_token_works_years_later(
    optional: Extra, maya: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = path_of(preferences.link(maya, ["extra"]))
    monkeypatch.setattr(clock, "now", lambda: dt.datetime(2031, 1, 1, tzinfo=dt.UTC))
    assert client.post(address).status_code == 200
    assert preferences.is_off(maya, "extra")


def test_every_other_token_is_not_found(optional: Extra, required: Required, maya: User, client: Client) -> None:
    good = path_of(preferences.link(maya, ["extra"])).split("/")[-2]
    content = good.rpartition(":")[0]
    other = make_user("Darnell Hughes")
    signed = signing.Signer(salt=preferences.SALT).sign
    bad = {
        "another person": good.replace(maya.public_id.hex, other.public_id.hex),
        "another kind": good.replace(".extra:", ".required:"),
        "a sign more": good + "A",
        "a sign changed": good[:-1] + ("A" if good[-1] != "A" else "B"),
        "no signature": content,
        "another salt": signing.Signer(salt="lms.people.invitation").sign(content),
        "no salt": signing.Signer().sign(content),
        "a signed object": signing.dumps([maya.public_id.hex, "extra"], salt=preferences.SALT),
        "a timestamped one": signing.TimestampSigner(salt=preferences.SALT).sign(content),
        "a compulsory kind": signed(f"{maya.public_id.hex}.required"),
        "a compulsory kind besides": signed(f"{maya.public_id.hex}.extra.required"),
        "a kind that is none": signed(f"{maya.public_id.hex}.nothing"),
        "no kind": signed(maya.public_id.hex),
        "nobody": signed(f"{'0' * 32}.extra"),
        "other text": signed("hello"),
        "junk": "junk",
        "long": "x" * 3000,
    }
    for what, token in bad.items():
        for answer in (client.get(f"/mail/off/{token}/"), client.post(f"/mail/off/{token}/")):
            assert answer.status_code == 404, what
    assert not MailPreference.objects.exists()
    assert client.post(f"/mail/off/{good}/").status_code == 200


def test_a_token_of_ours_opens_nothing_else(optional: Extra, maya: User, client: Client) -> None:
    token = path_of(preferences.link(maya, ["extra"])).split("/")[-2]
    assert client.get(f"/invitation/{token}/").status_code == 404
    assert client.get(f"/account/password/reset/key/1-{token}/").status_code in (200, 404)
    assert "_auth_user_id" not in client.session


def test_no_link_is_made_for_what_is_required(optional: Extra, required: Required, maya: User) -> None:
    for slugs in (["required"], ["extra", "required"], ["nothing"], []):
        with pytest.raises(preferences.NotOptionalError):
            preferences.link(maya, slugs)
    with pytest.raises(preferences.NotOptionalError):
        preferences.switch(maya, "required", False, clock.now())


# --- switching ------------------------------------------------------------------------------------------------------------------------
@pytest.mark.both_db
def test_switching_off_and_on(optional: Extra, maya: User, at: dt.datetime) -> None:
    later = at + dt.timedelta(days=1)
    assert preferences.switch(maya, "extra", True, at) is False
    assert preferences.switch(maya, "extra", False, at) is True
    assert preferences.switch(maya, "extra", False, later) is False
    assert MailPreference.objects.get().off_at == at
    assert preferences.is_off(maya, "extra")
    assert not preferences.is_off(make_user("Darnell Hughes"), "extra")
    assert preferences.switch(maya, "extra", True, later) is True
    assert not MailPreference.objects.exists()


@pytest.mark.both_db
def test_many_clicks_at_once_are_one(optional: Extra, maya: User, at: dt.datetime) -> None:
    answers = together(*[lambda: preferences.switch(maya, "extra", False, at)] * 8)
    assert sorted(answers) == [False] * 7 + [True]
    assert MailPreference.objects.count() == 1


def test_a_compulsory_kind_ignores_a_row_that_should_not_be_there(
    required: Required, maya: User, announced: Callable[..., Message], at: dt.datetime, letters: Any
) -> None:
    """A kind was optional, somebody switched it off, and a later edition makes it compulsory."""
    MailPreference.objects.create(recipient=maya, kind="required", off_at=at)
    actions.deliver(announced(required, recipient=maya).pk, at=at)
    assert len(letters()) == 1


def test_every_kind_says_why_it_comes(maya: User) -> None:
    for kind in kinds.all_kinds():
        if kind.slug == "digest":
            continue  # its lines come from other kinds, and each says why
        why = kinds.why_of(kind, kinds.sender_of(maya))
        assert why, kind.slug
        assert "{" not in why
        assert not why.endswith(".")
