"""A browser's part in a fault test: one signed-in person, plain HTTP, a connection of its own for each request."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.test import Client
from django.urls import reverse

from lms.people.models import User
from quizzes.models import Attempt


@dataclass(frozen=True)
class Page:
    status: int
    address: str
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


class Gone(Exception):
    """The server went away without an answer."""


class Browser:
    """Signed in by a session row of the test's database. ``get`` and ``post`` follow redirects; Gone when no answer came."""

    def __init__(self, port: int, user: User) -> None:
        self.port = port
        client = Client()
        client.force_login(user)
        self.cookies = {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}

    def get(self, path: str) -> Page:
        return self._ask("GET", path)

    def post(self, path: str, **fields: object) -> Page:
        return self._ask("POST", path, urlencode({**fields, "csrfmiddlewaretoken": self.token()}, doseq=True))

    def token(self) -> str:
        return str(self.get(reverse("form_token")).json()["token"])

    def _ask(self, method: str, path: str, body: str = "") -> Page:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            line.request(method, path, body or None, headers)
            answer = line.getresponse()
            text = answer.read().decode()
        except (ConnectionError, http.client.HTTPException) as error:
            raise Gone from error
        finally:
            line.close()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        where = answer.getheader("Location")
        return self.get(where) if answer.status == 302 and where else Page(answer.status, path, text)

    def hand_in(self, attempt: Attempt) -> Page:
        return self.post(reverse("hand_in", args=[attempt.public_id]))

    def store(self, attempt: Attempt, position: int, *, revision: int, **answer: object) -> Page:
        """What the page's script does when an answer is given."""
        return self.post(reverse("store_answer", args=[attempt.public_id, position]), revision=revision, **answer)
