"""Where the broker is, and how each library spells its address.

``REDIS_URL`` may be ``redis://``, ``rediss://`` or ``unix://`` (as redis-py spells a socket). kombu spells a socket
``redis+socket://``. Without ``REDIS_URL`` the embedded Valkey listens on a socket of its own, see ``embedded_socket``.
"""

import hashlib
import os
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import redis

from lms.lib.env import SettingError

LONGEST_SOCKET = 100  # bytes; the kernel's own limit is 104 to 108, with its closing zero


def embedded_socket(var: Path) -> Path:
    """The socket of the Valkey that belongs to this ``var`` folder; the same answer in every process.

    ``var/broker/valkey.sock``, or, when that path is too long for a socket, one in a folder under ``/tmp`` that is named
    after the user and the ``var`` folder (``lms.run.broker`` makes it, mode 700).
    """
    var = Path(os.path.abspath(var))
    socket = var / "broker" / "valkey.sock"
    if len(os.fsencode(socket)) < LONGEST_SOCKET:
        return socket
    digest = hashlib.sha256(os.fsencode(var)).hexdigest()[:16]
    return Path("/tmp") / f"lms-{os.getuid()}-{digest}" / "valkey.sock"  # noqa: S108


def embedded_url(var: Path) -> str:
    """The address of the embedded Valkey, as ``REDIS_URL`` would spell it."""
    return f"unix://{quote(str(embedded_socket(var)))}"


def redis_url(url: str) -> str:
    """The address for redis-py: unchanged, after a check. Raises SettingError for any other scheme."""
    scheme = urlsplit(url).scheme
    if scheme not in {"redis", "rediss", "unix"}:
        raise SettingError(f"REDIS_URL must begin with redis://, rediss:// or unix://, not {scheme or url[:12]!r}.")
    if scheme == "unix" and not urlsplit(url).path:
        raise SettingError(
            "REDIS_URL begins with unix:// and must then name a socket, as in unix:///run/redis/redis.sock."
        )
    return url


def kombu_url(url: str) -> str:
    """The same address for kombu: ``unix://`` becomes ``redis+socket://``, and ``rediss://`` checks the certificate unless told.

    kombu takes a missing ``ssl_cert_reqs`` for "do not check"; redis-py takes it for "check".
    """
    parts = urlsplit(redis_url(url))
    query = dict(parse_qsl(parts.query))
    if parts.scheme == "rediss":
        query.setdefault("ssl_cert_reqs", "required")
        return urlunsplit(parts._replace(query=urlencode(query)))
    if parts.scheme == "unix":
        number = query.pop("db", "0")
        return f"redis+socket://{parts.netloc}{quote(unquote(parts.path))}?{urlencode({'virtual_host': number})}"
    return url


def ping(url: str, seconds: float) -> bool:
    """True if the broker answers within about so many seconds. Tries once; never raises for a broker that is away."""
    client = redis.Redis.from_url(
        redis_url(url),
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=None,
        protocol=2,
        single_connection_client=False,
    )
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
