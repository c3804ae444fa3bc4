"""Pages that belong to no app: sign-in and passwords, refusals, the style guide. Drawn by the real views."""

import re

import pytest
from django.test import Client

from tests import factories

pytestmark = pytest.mark.django_db

ENTRANCE = [
    "/account/login/",
    "/account/signup/",
    "/account/inactive/",
    "/account/password/reset/",
    "/account/password/reset/done/",
    "/account/password/reset/key/done/",
    "/account/password/reset/key/1-abc/",
]


def classes(html: str) -> set[str]:
    return {name for value in re.findall(r'\sclass="([^"]*)"', html) for name in value.split()}


@pytest.mark.parametrize("url", ENTRANCE)
def test_a_page_of_the_entrance_wears_the_face(client: Client, url: str) -> None:
    response = client.get(url)
    html = response.content.decode()
    assert response.status_code == 200
    assert '<html lang="en">' in html
    assert '<a class="skip" href="#main">' in html
    assert 'id="main"' in html
    assert html.count("<h1") == 1
    assert {"gate", "panel", "brand"} <= classes(html)
    assert "style=" not in html
    assert not re.search(r"<script(?![^>]*\ssrc=)", html)


@pytest.mark.parametrize("url", ENTRANCE)
def test_nothing_offers_an_open_sign_up(client: Client, url: str) -> None:
    html = client.get(url).content.decode()
    assert not re.search(r'(href|action)="[^"]*signup', html)
    assert "password1" not in html or "/reset/" in url


def test_a_failed_sign_in_is_said_in_title_summary_and_field(client: Client) -> None:
    response = client.post("/account/login/", {"login": "maya@alderford.example", "password": "not this one"})
    html = response.content.decode()
    assert response.status_code == 200
    assert "<title>Error: Sign in" in html
    assert "data-takes-focus" in html
    assert 'href="#id_login"' in html
    assert 'value="maya@alderford.example"' in html, "what was typed is kept"
    assert 'aria-describedby="id_password_error"' in html
    assert 'id="id_password_error"' in html
    assert "not this one" not in html


def test_a_sign_in_without_an_address_points_at_the_field(client: Client) -> None:
    html = client.post("/account/login/", {"login": "", "password": ""}).content.decode()
    assert 'aria-describedby="id_login_error"' in html
    assert 'href="#id_login"' in html
    assert 'href="#id_password"' in html


def test_a_wrong_address_gets_the_calm_page(client: Client) -> None:
    response = client.get("/there/is/nothing/")
    html = response.content.decode()
    assert response.status_code == 404
    assert "This page is not here, or not yours to see" in html
    assert "there/is/nothing" not in html
    assert "988" in html


def test_a_lost_token_is_explained_and_nothing_is_done() -> None:
    response = Client(enforce_csrf_checks=True).post("/account/login/", {"login": "a@b.example", "password": "x"})
    html = response.content.decode()
    assert response.status_code == 403
    assert "We could not be sure this came from you" in html


@pytest.mark.parametrize("query", ["", "?sent", "?theme=dark", "?theme=nonsense"])
def test_the_style_guide_shows_every_component(client: Client, query: str) -> None:
    response = client.get(f"/styleguide/{query}")
    html = response.content.decode()
    assert response.status_code == 200
    assert html.count("<h1") == 1
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids)), "an id stands once"
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)
    assert ('data-bs-theme="dark"' in html) is (query == "?theme=dark")
    assert ("data-takes-focus" in html) is (query == "?sent")
    assert html.count('class="art') >= 7


def test_choosing_another_password_is_in_our_words(client: Client) -> None:
    client.force_login(factories.make_user("Maya Okafor"))
    html = client.get("/account/password/change/").content.decode()
    labels = [
        text.strip()
        for text in re.findall(r'<label class="form-label" for="[^"]+">\s*(.*?)\s*</label>', html, flags=re.S)
    ]
    assert labels == ["Your password until now", "New password", "The same password again"]
    assert "At least 12 characters." in html
    assert "placeholder" not in html


def test_signing_out_is_a_form_that_is_posted(client: Client) -> None:
    client.force_login(factories.make_user("Maya Okafor"))
    html = client.get("/account/logout/").content.decode()
    forms = re.findall(r"<form\b[^>]*>", html)
    assert forms
    assert all('method="post"' in form and 'action="/account/logout/"' in form for form in forms)
    assert not re.search(r'<a\b[^>]*href="/account/logout/"', html)
    assert ">MO</span>" in html
