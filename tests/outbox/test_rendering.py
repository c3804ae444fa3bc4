"""Words of a mail, and what of them is kept."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from lms.outbox import actions, kinds, rendering
from lms.outbox.enums import MessageState
from lms.outbox.models import Message, Occasion
from tests.factories import make_user
from tests.outbox.conftest import html_of, text_of


def everything_stored() -> str:
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        texts = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            texts.append(repr(cursor.fetchall()))
    return "\n".join(texts)


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
def test_a_secret_link_reaches_the_mail_and_no_table(
    secret_note: Any, at: dt.datetime, announced: Callable[..., Message], letters: Any
) -> None:
    message = announced(secret_note)
    actions.deliver(message.pk, at=at)
    (mail,) = letters()
    (link,) = secret_note.made
    assert link in text_of(mail)
    assert link.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in html_of(mail)
    message.refresh_from_db()
    assert message.state == MessageState.SENT
    assert rendering.HIDDEN in message.body_text
    assert f'href="{rendering.HIDDEN}"' in message.body_html
    token = link.split("token=")[1].split("&")[0]
    assert token not in everything_stored()
    assert message.message_id in everything_stored()


@pytest.mark.django_db
def test_a_secret_written_by_another_way_is_refused() -> None:
    class Leaky(kinds.Kind):
        slug = "note"
        label = "Leaky"
        secret = True

    user = make_user("Maya Ortiz")
    link = "http://127.0.0.1:8000/open/4d0f3f9c1b7e4a2f/"
    leaking = {"what": "the code 4d0f3f9c1b7e4a2f", "button_url": kinds.SecretLink(link)}
    with pytest.raises(rendering.SecretWouldBeStoredError):
        rendering.render(Leaky(), [leaking], user)
    with pytest.raises(ValueError, match="no secret link"):
        rendering.render(Leaky(), [{"what": "x", "button_url": link}], user)
    kept = rendering.render(Leaky(), [{"what": "x", "button_url": kinds.SecretLink(link)}], user)
    assert link in kept.text
    assert link in kept.html
    assert link not in kept.stored_text + kept.stored_html


@pytest.mark.django_db
def test_text_is_not_escaped_and_html_is(note: Any) -> None:
    user = make_user("Zoë O'Hara <b>")
    letter = rendering.render(note, [{"what": "Tom & Jerry's"}, {"what": "more"}], user)
    assert letter.subject == "A note for Zoë about Tom & Jerry's"
    assert "Reason: Tom & Jerry's & more." in letter.text
    assert "Reason: more & more." in letter.text
    assert "Tom &amp; Jerry&#x27;s" in letter.html
    assert (letter.stored_text, letter.stored_html) == (letter.text, letter.html)


@pytest.mark.django_db(transaction=True)
def test_reasons_that_are_no_longer_wanted_are_left_out(
    note: Any, at: dt.datetime, announced: Callable[..., Message], letters: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = announced(note, key="note:1")
    for number in (2, 3):
        Occasion.objects.create(
            key=f"note:{number}",
            kind="note",
            recipient=message.recipient,
            ref=str(number),
            message=message,
            created_at=at,
        )
    monkeypatch.setattr(note, "still_wanted", lambda occasion, at: "Done." if occasion.ref != "3" else None)
    monkeypatch.setattr(note, "context", lambda occasion, at: {"what": f"number {occasion.ref}"})
    actions.deliver(message.pk, at=at)
    (mail,) = letters()
    assert mail["Subject"] == "A note for Maya about number 3"
    assert "Reason: number 3" in text_of(mail)
    assert "number 1" not in text_of(mail)


def test_two_kinds_cannot_share_a_slug(note: Any) -> None:
    class Other(kinds.Kind):
        slug = "note"
        label = "Other"

    with pytest.raises(ValueError, match="Two kinds"):
        kinds.register(Other())
    assert kinds.get("note") is note
    assert kinds.label("note") == "Note"
    assert kinds.label("gone") == "gone"
    assert [kind.slug for kind in kinds.all_kinds()] == sorted(kind.slug for kind in kinds.all_kinds())
