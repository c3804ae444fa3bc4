import os
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest
from kombu import Connection

from lms.lib import broker
from lms.lib.env import SettingError
from lms.run.broker import command
from tests.platform.launching import wait_for


@pytest.mark.parametrize(
    ("url", "kombu"),
    [
        ("redis://h:1/2", "redis://h:1/2"),
        ("rediss://u:p@h:1/2", "rediss://u:p@h:1/2?ssl_cert_reqs=required"),
        ("rediss://h:1/2?ssl_cert_reqs=none", "rediss://h:1/2?ssl_cert_reqs=none"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
        ("unix://:word@/run/redis.sock?db=3", "redis+socket://:word@/run/redis.sock?virtual_host=3"),
    ],
)
def test_the_address_as_kombu_spells_it(url: str, kombu: str) -> None:
    assert broker.kombu_url(url) == kombu


@pytest.mark.parametrize("url", ["http://h", "amqp://h", "localhost:6379", "", "unix://"])
def test_other_addresses_are_refused_by_name(url: str) -> None:
    with pytest.raises(SettingError, match="REDIS_URL"):
        broker.redis_url(url)


@pytest.mark.parametrize("name", ["plain", "with space", "50%", "a?b#c"])
def test_both_libraries_reach_the_embedded_valkey_whatever_the_folder_is_called(name: str) -> None:
    with tempfile.TemporaryDirectory(prefix="lms-", dir="/tmp") as folder:
        var = Path(folder) / name
        (var / "broker").mkdir(parents=True)
        server = subprocess.Popen(command(var), stdout=subprocess.DEVNULL)
        try:
            url = broker.embedded_url(var)
            wait_for(lambda: broker.ping(url, 1.0), 10, "the embedded Valkey answers")
            with Connection(broker.kombu_url(url)) as connection, connection.SimpleQueue("letters") as queue:
                queue.put({"row": 7}, serializer="json")
                message = queue.get(timeout=5)
                message.ack()
            assert message.payload == {"row": 7}
        finally:
            server.terminate()
            server.wait(timeout=10)


def test_a_long_folder_gets_a_short_socket_the_same_every_time() -> None:
    var = Path("/") / ("x" * 120) / "var"
    first = broker.embedded_socket(var)
    assert first == broker.embedded_socket(var)
    assert first != broker.embedded_socket(var / "other")
    assert len(os.fsencode(first)) < broker.LONGEST_SOCKET


def test_ping_of_nobody_and_of_one_who_never_answers_ends_soon() -> None:
    assert broker.ping("redis://127.0.0.1:1/0", 0.3) is False
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        kept: list[socket.socket] = []
        threading.Thread(target=lambda: kept.append(silent.accept()[0]), daemon=True).start()
        began = time.monotonic()
        assert broker.ping(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", 0.3) is False
        assert time.monotonic() - began < 3
        for connection in kept:
            connection.close()
