"""Inviting, opening a link, accepting."""

import datetime as dt
import json
import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from lms.lib import codes
from lms.outbox.models import Message, Occasion
from lms.people.actions.invitations import accept, invite, open_link
from lms.people.actions.people import change_person, deactivate
from lms.people.models import Invitation, InvitationState, User
from lms.people.queries.invitations import LinkGoneError
from lms.record.actions import SYSTEM
from lms.record.models import IdentitySnapshot
from lms.record.queries import events_of
from tests.factories import make_coordinator, make_user

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def newcomer() -> User:
    user = make_user("Maya Okafor", joined_at=None)
    user.set_unusable_password()
    user.save()
    return user


def token_of(link: str) -> str:
    return link.rstrip("/").rsplit("/", 1)[1]


def why_gone(token: str, at: dt.datetime) -> str:
    with pytest.raises(LinkGoneError) as gone:
        accept(token, "a long enough password", at)
    return gone.value.why


def test_inviting_writes_the_record_and_queues_one_mail(at: dt.datetime) -> None:
    coordinator, user = make_coordinator(), newcomer()
    invitation = invite(user, by=coordinator.subject, at=at)
    event = events_of(user.subject)[-1]
    payload = json.loads(event.payload)
    assert (event.kind, event.actor, payload["invitation"]) == (
        "person.invited",
        str(coordinator.subject),
        str(invitation.public_id),
    )
    assert (IdentitySnapshot.objects.get(hash=payload["identity"]).fields or {})["name"] == "Maya Okafor"
    occasion = Occasion.objects.get()
    assert (occasion.key, occasion.kind, occasion.ref) == (
        f"invitation:{invitation.public_id}",
        "invitation",
        str(invitation.public_id),
    )
    assert (Message.objects.get().recipient, invitation.expires_at, invitation.token_hash) == (user, at + 7 * DAY, None)


def test_a_link_is_made_from_the_site_address_and_only_its_hash_is_kept(at: dt.datetime, settings: object) -> None:
    settings.SITE_URL = "https://training.example.org"  # type: ignore[attr-defined]
    invitation = invite(newcomer(), by=SYSTEM, at=at)
    link = open_link(invitation, at)
    assert link.startswith("https://training.example.org/invitation/")
    invitation.refresh_from_db()
    assert invitation.token_hash == codes.token_hash(token_of(link))
    assert token_of(link) not in str(vars(invitation))


def test_accepting_sets_the_password_and_uses_the_link_up(at: dt.datetime) -> None:
    user = newcomer()
    invitation = invite(user, by=SYSTEM, at=at)
    token = token_of(open_link(invitation, at))
    joined = accept(token, "a long enough password", at + DAY)
    user.refresh_from_db()
    invitation.refresh_from_db()
    assert joined == user
    assert user.check_password("a long enough password")
    assert (user.joined_at, invitation.state, invitation.used_at) == (at + DAY, InvitationState.USED, at + DAY)
    event = events_of(user.subject)[-1]
    assert (event.kind, event.actor) == ("person.joined", str(user.subject))
    assert why_gone(token, at + DAY) == "used"


def test_a_link_opened_again_replaces_the_one_before(at: dt.datetime) -> None:
    invitation = invite(newcomer(), by=SYSTEM, at=at)
    first, second = token_of(open_link(invitation, at)), token_of(open_link(invitation, at))
    assert why_gone(first, at) == "unknown"
    assert accept(second, "a long enough password", at).name == "Maya Okafor"


def test_inviting_again_ends_the_older_link(at: dt.datetime) -> None:
    user = newcomer()
    older = invite(user, by=SYSTEM, at=at)
    first = token_of(open_link(older, at))
    newer = invite(user, by=SYSTEM, at=at + DAY)
    assert why_gone(first, at + DAY) == "ended"
    with pytest.raises(LinkGoneError):
        open_link(older, at + DAY)
    assert accept(token_of(open_link(newer, at + DAY)), "a long enough password", at + DAY) == user
    assert list(Invitation.objects.order_by("created_at").values_list("state", flat=True)) == ["ended", "used"]


def test_a_link_ends_after_seven_days(at: dt.datetime) -> None:
    invitation = invite(newcomer(), by=SYSTEM, at=at)
    token = token_of(open_link(invitation, at))
    assert why_gone(token, at + 7 * DAY) == "expired"
    assert accept(token, "a long enough password", at + 7 * DAY - dt.timedelta(seconds=1)).name == "Maya Okafor"


def test_a_link_is_bound_to_the_address_it_was_sent_to(at: dt.datetime) -> None:
    user = newcomer()
    token = token_of(open_link(invite(user, by=SYSTEM, at=at), at))
    User.objects.filter(pk=user.pk).update(
        email="other@example.org"
    )  # past the action, which ends the invitation itself
    assert why_gone(token, at) == "ended"


def test_a_link_ends_with_the_account_and_with_the_address(at: dt.datetime) -> None:
    user = newcomer()
    token = token_of(open_link(invite(user, by=SYSTEM, at=at), at))
    change_person(user, email="other@example.org", by=SYSTEM, at=at)
    assert why_gone(token, at) == "ended"
    token = token_of(open_link(invite(user, by=SYSTEM, at=at), at))
    deactivate(user, "left", by=SYSTEM, at=at)
    assert why_gone(token, at) == "ended"


def test_who_cannot_be_invited(at: dt.datetime) -> None:
    for user, words in (
        (make_user(email=None, joined_at=None), "no email address"),
        (make_user(), "already joined"),
        (make_user(joined_at=None, is_active=False), "deactivated"),
    ):
        with pytest.raises(ValidationError) as error:
            invite(user, by=SYSTEM, at=at)
        assert words in error.value.messages[0]
    assert (Invitation.objects.count(), Message.objects.count()) == (0, 0)


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
def test_of_twenty_who_accept_the_same_link_exactly_one_wins(at: dt.datetime) -> None:
    user = newcomer()
    token = token_of(open_link(invite(user, by=SYSTEM, at=at), at))
    start = threading.Barrier(20)
    outcomes: list[str] = []

    def try_it(number: int) -> None:
        try:
            start.wait(20)
            accept(token, f"a long enough password {number}", at)
            outcomes.append(f"won {number}")
        except LinkGoneError as gone:
            outcomes.append(gone.why)
        finally:
            connection.close()

    threads = [threading.Thread(target=try_it, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    winners = [outcome for outcome in outcomes if outcome.startswith("won")]
    assert (len(winners), outcomes.count("used")) == (1, 19)
    user.refresh_from_db()
    assert user.check_password(f"a long enough password {winners[0].split()[1]}")
    assert [event.kind for event in events_of(user.subject)].count("person.joined") == 1


@pytest.mark.both_db
@pytest.mark.django_db(transaction=True)
def test_two_who_invite_the_same_person_at_once_leave_one_open_invitation(at: dt.datetime) -> None:
    user = newcomer()
    start, errors = threading.Barrier(8), []

    def invite_them() -> None:
        try:
            start.wait(20)
            invite(user, by=SYSTEM, at=at)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=invite_them) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert sorted(Invitation.objects.values_list("state", flat=True)) == ["ended"] * 7 + ["open"]
