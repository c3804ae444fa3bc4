"""The coordinator's pages of packs, and what a surveyor sees through a link."""

import datetime as dt
import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from lms.people.models import Look, User
from lms.record.models import TrainingEvent
from quizzes.actions import building, packing, surveying
from quizzes.enums import SurveyPart
from quizzes.links import SURVEYS
from quizzes.models import Pack, SurveyLink, SurveyView
from tests import factories
from tests.quizzes.packs.making import NOW, make_pack, trained

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def by() -> User:
    return factories.make_coordinator()


@pytest.fixture
def desk(client: Client, by: User) -> Client:
    client.force_login(by)
    return client


ASKED = {"as_of": "2026-11-23", "seed": "river"}


def ask(desk: Client, reason: str = "State survey", **query: Any) -> Any:
    """Looks who is in it, and agrees to all of them."""
    address = reverse("add_pack")
    page = desk.get(address, {**ASKED, **query})
    assert page.status_code == 200
    chosen = page.context["chosen"]
    return desk.post(
        page.request["PATH_INFO"] + "?" + page.request["QUERY_STRING"],
        {"reason": reason, "key": page.context["key"], "keep": [p.public_id for p in chosen.people]},
    )


class TestAsking:
    def test_from_the_list_of_people_to_the_file(self, desk: Client, by: User) -> None:
        trained("Ana Sol")
        trained("Bo Li", course=None)
        assert reverse("add_pack") in desk.get(reverse("people:people")).content.decode()
        first = desk.get(reverse("add_pack"), {"q": "Ana"})
        assert first.context["wanted"].initial["seed"]
        assert "chosen" not in first.context
        answer = ask(desk, q="Ana")
        pack = Pack.objects.get()
        assert answer["Location"] == reverse("pack", args=[pack.public_id])
        assert [one.person.name for one in pack.people.all()] == ["Ana Sol"]
        page = desk.get(answer["Location"])
        assert "0 of 1" in page.content.decode()
        assert reverse("pack_file", args=[pack.public_id]) not in page.content.decode()
        assert desk.get(reverse("pack_file", args=[pack.public_id])).status_code == 404
        assert building.build(pack.pk, at=NOW)
        assert desk.get(answer["Location"], headers={"HX-Request": "true"})["HX-Refresh"] == "true"
        page = desk.get(answer["Location"])
        pack.refresh_from_db()
        assert pack.sha256 in page.content.decode()
        file = desk.get(reverse("pack_file", args=[pack.public_id]))
        assert file["Content-Disposition"] == 'attachment; filename="surveyor-pack-2026-11-23.zip"'
        assert "no-store" in file["Cache-Control"]
        assert b"".join(file) == (Path(settings.PACK_DIR) / pack.file).read_bytes()
        assert "1 person as of November 23, 2026" in desk.get(reverse("packs")).content.decode()

    def test_a_sample_by_its_seed(self, desk: Client) -> None:
        for n in range(9):
            factories.make_user(f"Person {n}")
        page = desk.get(reverse("add_pack"), {**ASKED, "size": "3"}).content.decode()
        assert "drawn from 10 with the seed" in page
        assert 'name="keep"' not in page
        ask(desk, size="3")
        ask(desk, size="3")
        one, two = Pack.objects.all()
        assert {p.person_id for p in one.people.all()} == {p.person_id for p in two.people.all()}
        assert (one.seed, len(one.population), one.total) == ("river", 10, 3)

    def test_whoever_is_unticked_or_came_since_is_not_in_it(self, desk: Client) -> None:
        ana, bo = factories.make_user("Ana Sol"), factories.make_user("Bo Li")
        address = reverse("add_pack") + "?as_of=2026-11-23&seed=x"
        factories.make_user("Cy Young")
        desk.post(address, {"reason": "x", "keep": [ana.public_id]})
        assert [p.person for p in Pack.objects.get().people.all()] == [ana]
        refused = desk.post(address, {"reason": "x", "keep": []})
        assert refused.status_code == 422
        assert "Nobody is chosen" in refused.content.decode()
        assert bo.name in refused.content.decode()

    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            ({"as_of": "2026-11-24"}, "still to come"),
            ({"as_of": "soon"}, "year-month-day"),
            ({"size": "0"}, "from 1"),
            ({"size": "501"}, "room for 500"),
            ({"size": "2", "seed": ""}, "needs a seed"),
            ({"course": "none-such"}, "not there"),
        ],
    )
    def test_bad_input_gets_a_sentence(self, desk: Client, query: dict[str, str], sentence: str) -> None:
        answer = desk.get(reverse("add_pack"), {**ASKED, **query})
        assert answer.status_code == 422
        assert sentence in answer.content.decode()

    def test_a_reason_is_asked_and_twice_is_once(self, desk: Client) -> None:
        assert ask(desk, reason=" ").status_code == 422
        page = desk.get(reverse("add_pack"), ASKED)
        data = {"reason": "x", "key": page.context["key"], "keep": [p.public_id for p in page.context["chosen"].people]}
        address = reverse("add_pack") + "?as_of=2026-11-23"
        assert desk.post(address, data)["Location"] == desk.post(address, data)["Location"]
        assert Pack.objects.count() == 1

    def test_nobody_but_a_coordinator(self, client: Client, by: User) -> None:
        pack = make_pack(by)
        link, _ = surveying.make_link(pack, made_for="S", days=3, by=by, at=NOW)
        places = [
            reverse("packs"), reverse("add_pack"), reverse("pack", args=[pack.public_id]), reverse("pack_file", args=[pack.public_id]),
        ]  # fmt: skip
        posts = [
            reverse("retry_pack", args=[pack.public_id]), reverse("make_survey_link", args=[pack.public_id]),
            reverse("end_survey_link", args=[link.public_id]), reverse("add_pack"),
        ]  # fmt: skip
        for person in (None, factories.make_user(), factories.make_supervisor(factories.make_team())):
            client.logout()
            if person:
                client.force_login(person)
            wanted = 404 if person else 302
            assert [client.get(place).status_code for place in places] == [wanted] * len(places)
            assert [client.post(place).status_code for place in posts] == [wanted] * len(posts)
        assert SurveyLink.objects.count() == 1

    def test_an_auditor_reads_and_downloads_and_changes_nothing(self, client: Client, by: User) -> None:
        ana = trained("Ana Sol")
        pack = make_pack(by)
        link, _ = surveying.make_link(pack, made_for="State surveyor", days=3, by=by, at=NOW)
        client.force_login(factories.make_auditor())
        listed = client.get(reverse("packs")).content.decode()
        assert reverse("pack", args=[pack.public_id]) in listed
        assert reverse("add_pack") not in listed
        page = client.get(reverse("pack", args=[pack.public_id])).content.decode()
        assert pack.sha256 in page
        assert "State surveyor" in page
        assert "<form" not in page.split("<main")[1].split("</main>")[0]
        assert not Look.objects.filter(person=ana).exists()
        file = client.get(reverse("pack_file", args=[pack.public_id]))
        assert b"".join(file) == (Path(settings.PACK_DIR) / pack.file).read_bytes()
        assert Look.objects.filter(person=ana, action="see_packs", role="auditor").count() == 1
        posts = [
            reverse("retry_pack", args=[pack.public_id]), reverse("make_survey_link", args=[pack.public_id]),
            reverse("end_survey_link", args=[link.public_id]), reverse("add_pack"),
        ]  # fmt: skip
        assert [client.post(place).status_code for place in posts] == [404] * 4

    def test_what_is_not_there_is_404(self, desk: Client) -> None:
        nobody = uuid.uuid4()
        assert desk.get(reverse("pack", args=[nobody])).status_code == 404
        assert desk.post(reverse("make_survey_link", args=[nobody])).status_code == 404
        assert desk.post(reverse("end_survey_link", args=[nobody])).status_code == 404

    @pytest.mark.parametrize("packs", [1, 3])
    def test_queries_of_the_list(self, desk: Client, by: User, packs: int, django_assert_num_queries: Any) -> None:
        for _ in range(packs):
            make_pack(by)
        with django_assert_num_queries(LIST_QUERIES):
            desk.get(reverse("packs"))

    @pytest.mark.parametrize("people", [1, 3])
    def test_queries_of_the_survey_pages(
        self, client: Client, by: User, people: int, django_assert_num_queries: Any
    ) -> None:
        for n in range(people - 1):
            factories.make_user(f"Person {n}")
        _, address = surveying.make_link(make_pack(by), made_for="S", days=3, by=by, at=NOW)
        with django_assert_num_queries(SURVEY_QUERIES):
            client.get(path_in(address))


LIST_QUERIES = 7
SURVEY_QUERIES = 3


def path_in(address: str) -> str:
    return address.removeprefix(settings.SITE_URL)


@pytest.mark.both_db
class TestLink:
    @pytest.fixture
    def pack(self, by: User) -> Pack:
        trained("Ana Sol", fails=1)
        return make_pack(by)

    def test_it_is_shown_once_and_stored_nowhere(self, desk: Client, pack: Pack) -> None:
        key = str(uuid.uuid4())
        data = {"made_for": "State surveyor", "days": "7", "key": key}
        page = desk.post(reverse("make_survey_link", args=[pack.public_id]), data)
        assert page.status_code == 200
        assert "no-store" in page["Cache-Control"]
        (address,) = re.findall(r'value="(http[^"]+/survey/[^"]+)"', page.content.decode())
        token = address.rstrip("/").rpartition("/")[2]
        secret = SURVEYS.unsign(token).partition(".")[2]
        link = SurveyLink.objects.get()
        assert secret not in str(SurveyLink.objects.values().get())
        assert secret not in "".join(TrainingEvent.objects.values_list("payload", flat=True))
        assert secret not in desk.get(reverse("pack", args=[pack.public_id])).content.decode()
        assert desk.post(reverse("make_survey_link", args=[pack.public_id]), data).status_code == 302
        assert SurveyLink.objects.get() == link
        assert Client().get(path_in(address)).status_code == 200

    def test_a_surveyor_reads_everything_and_each_look_is_noted(
        self, client: Client, desk: Client, by: User, pack: Pack
    ) -> None:
        _, address = surveying.make_link(pack, made_for="State surveyor", days=3, by=by, at=NOW)
        surveyor = Client()
        index = surveyor.get(path_in(address))
        assert "Ana Sol" in index.content.decode()
        person = pack.people.get(person__name="Ana Sol")
        page = surveyor.get(f"{path_in(address)}{person.folder}/")
        for words in ("Ana Sol", "Test course: Complete", "0 of 3, not yet", "AR-2026-000001"):
            assert words in page.content.decode()
        file = surveyor.get(f"{path_in(address)}file/")
        assert b"".join(file) == (Path(settings.PACK_DIR) / pack.file).read_bytes()
        for answer in (index, page, file):
            assert "no-store" in answer["Cache-Control"]
            assert answer["X-Robots-Tag"] == "noindex, nofollow"
            assert answer["Referrer-Policy"] == "no-referrer"
            assert not answer.cookies
        looks = list(SurveyView.objects.order_by("pk").values_list("part", "person__person__name"))
        assert looks == [(SurveyPart.INDEX, None), (SurveyPart.PERSON, "Ana Sol"), (SurveyPart.FILE, None)]
        seen = desk.get(reverse("pack", args=[pack.public_id])).content.decode()
        assert "State surveyor" in seen
        assert "Downloaded the pack" in seen
        assert "transcript: <bdi>Ana Sol</bdi>" in seen

    def test_its_page_is_the_packs_own_words(self, by: User, pack: Pack) -> None:
        """What changes in the system afterwards does not change what was given away."""
        _, address = surveying.make_link(pack, made_for="S", days=3, by=by, at=NOW)
        User.objects.filter(name="Ana Sol").update(name="Ana Other")
        page = Client().get(f"{path_in(address)}{pack.people.get(person__name='Ana Other').folder}/")
        assert "Ana Sol" in page.content.decode()
        assert "Ana Other" not in page.content.decode()

    def test_it_ends_by_itself_and_by_hand(self, client: Client, desk: Client, by: User, pack: Pack) -> None:
        link, address = surveying.make_link(pack, made_for="S", days=3, by=by, at=NOW)
        other, second = surveying.make_link(pack, made_for="T", days=3, by=by, at=NOW)
        person = pack.people.first()
        assert person is not None
        places = [path_in(address), f"{path_in(address)}file/", f"{path_in(address)}{person.folder}/"]
        surveyor = Client()
        with time_machine.travel(NOW + 3 * DAY - dt.timedelta(seconds=1), tick=False):
            for place in places:
                answer = surveyor.get(place)
                assert answer.status_code == 200
                assert b"".join(answer)
        with time_machine.travel(NOW + 3 * DAY, tick=False):
            for place in places:
                answer = surveyor.get(place)
                assert answer.status_code == 410
                assert "This link has ended" in answer.content.decode()
                assert "Ana Sol" not in answer.content.decode()
                assert "no-store" in answer["Cache-Control"]
        assert surveyor.get(path_in(second)).status_code == 200
        assert desk.post(reverse("end_survey_link", args=[other.public_id])).status_code == 302
        assert surveyor.get(path_in(second)).status_code == 410
        assert not surveying.end_link(other, by=by, at=NOW)
        assert SurveyView.objects.filter(part=SurveyPart.REFUSED).count() == 4
        kinds = TrainingEvent.objects.filter(subject=by.subject, kind__startswith="survey_link")
        assert [e.kind for e in kinds.order_by("seq")] == ["survey_link.made", "survey_link.made", "survey_link.ended"]
        assert str(link.public_id) in json.loads(kinds[0].payload)["link"]

    def test_it_ends_with_the_file(self, by: User, pack: Pack) -> None:
        _, address = surveying.make_link(pack, made_for="S", days=30, by=by, at=NOW + 30 * DAY)
        packing.remove_old(at=pack.keep_until)
        assert Client().get(path_in(address)).status_code == 410

    def test_other_addresses_are_not_found(self, by: User, pack: Pack) -> None:
        link, address = surveying.make_link(pack, made_for="S", days=3, by=by, at=NOW)
        token = path_in(address).strip("/").rpartition("/")[2]
        surveyor = Client()
        wrong = [
            "x", token[:-1], token + "x", SURVEYS.sign(f"{link.public_id.hex}.guess"), SURVEYS.sign(f"{uuid.uuid4().hex}.guess"),
            SURVEYS.sign("nothing"),
        ]  # fmt: skip
        assert [surveyor.get(f"/survey/{one}/").status_code for one in wrong] == [404] * len(wrong)
        assert surveyor.get(f"{path_in(address)}999-nobody-00000000/").status_code == 404
        assert surveyor.post(path_in(address)).status_code == 405

    def test_a_person_of_another_pack_is_not_found(self, by: User, pack: Pack) -> None:
        factories.make_user("Zed Other")
        other = make_pack(by, filters={"search": "Zed"})
        _, address = surveying.make_link(other, made_for="S", days=3, by=by, at=NOW)
        folder = pack.people.get(person__name="Ana Sol").folder
        assert Client().get(f"{path_in(address)}{folder}/").status_code == 404

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            ({"made_for": " ", "days": "3"}, "Say who gets this link"),
            ({"made_for": "S", "days": "0"}, "from 1 to 30"),
            ({"made_for": "S", "days": "31"}, "from 1 to 30"),
            ({"made_for": "S", "days": "x"}, "from 1 to 30"),
        ],
    )
    def test_bad_input_gets_a_sentence(self, desk: Client, pack: Pack, data: dict[str, str], sentence: str) -> None:
        answer = desk.post(reverse("make_survey_link", args=[pack.public_id]), data)
        assert answer.status_code == 422
        assert sentence in answer.content.decode()
        assert not SurveyLink.objects.exists()

    def test_no_link_outlives_the_file_and_none_is_made_without_one(self, by: User, pack: Pack) -> None:
        late = pack.keep_until - 5 * DAY
        with pytest.raises(ValidationError, match="at most 5 days"):
            surveying.make_link(pack, made_for="S", days=6, by=by, at=late)
        surveying.make_link(pack, made_for="S", days=5, by=by, at=late)
        Pack.objects.filter(pk=pack.pk).update(state="queued")
        pack.refresh_from_db()
        with pytest.raises(ValidationError, match="no file to show"):
            surveying.make_link(pack, made_for="S", days=3, by=by, at=NOW)
