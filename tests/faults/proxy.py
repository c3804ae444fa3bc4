"""A TCP proxy that stands before a broker or a mail server and spoils the way there. Plain sockets and threads."""

import contextlib
import errno
import select
import socket
import struct
import threading
import time
from collections.abc import Callable

from tests.platform.launching import steady_port

TICK = 0.05


class Proxy:
    """Listens on ``port`` and carries to ``target``. A mode holds at once, for the lines that are open as well:

    ``pass_on`` carries all; ``refuse`` closes the port and cuts what is open; ``swallow`` accepts and never carries anything;
    ``slow(seconds)`` carries each piece so much later; ``cut(after=bytes, seconds=...)`` resets each line after so many bytes, or
    so long after it began to be cut.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.lines = 0
        self._mode = "pass"
        self._delay = 0.0
        self._bytes: int | None = None
        self._seconds: float | None = None
        self._since = time.monotonic()
        self._guard = threading.Lock()
        self._listener: socket.socket | None = None
        self._closed = False
        self._threads: list[threading.Thread] = []
        self.port = steady_port()
        self._listen()
        self._run(self._accept)

    @property
    def mode(self) -> str:
        return self._mode

    def pass_on(self) -> None:
        self._set("pass")

    def refuse(self) -> None:
        self._set("refuse")

    def swallow(self) -> None:
        self._set("swallow")

    def slow(self, seconds: float) -> None:
        self._set("slow", delay=seconds)

    def cut(self, *, after: int | None = None, seconds: float | None = None) -> None:
        self._set("cut", after=after, seconds=seconds)

    def close(self) -> None:
        self._set("refuse")
        self._closed = True
        for thread in self._threads:
            thread.join(5)

    def _set(self, mode: str, *, delay: float = 0.0, after: int | None = None, seconds: float | None = None) -> None:
        with self._guard:
            self._delay, self._bytes, self._seconds = delay, after, seconds
            self._since = time.monotonic()
            self._mode = mode
            if mode == "refuse" and self._listener is not None:
                self._listener.close()
                self._listener = None
            elif mode != "refuse" and self._listener is None and not self._closed:
                self._listen()

    def _listen(self) -> None:
        """A closed port stays taken for as long as another thread still waits at it, which is at most a tick."""
        for last in (False,) * 20 + (True,):
            try:
                listener = socket.create_server(("127.0.0.1", self.port), backlog=100)
                break
            except OSError as error:
                if last or error.errno != errno.EADDRINUSE:
                    raise
                time.sleep(TICK)
        listener.settimeout(TICK)
        self._listener = listener

    def _run(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()

    def _accept(self) -> None:
        while not self._closed:
            listener = self._listener
            if listener is None:
                time.sleep(TICK)
                continue
            try:
                line, _ = listener.accept()
            except OSError:  # nobody came, or the port was closed meanwhile
                time.sleep(0.001)
                continue
            self.lines += 1
            self._run(self._carry, line)

    def _carry(self, near: socket.socket) -> None:
        """One line, both ways, until an end hangs up or the mode cuts it."""
        began, carried, far = time.monotonic(), 0, None
        try:
            while not self._closed and self._mode != "refuse":
                if self._over(began, carried):
                    _reset(near)
                    return
                if self._mode == "swallow":
                    ready, _, _ = select.select([near], [], [], TICK)
                    if ready and not near.recv(65536, socket.MSG_PEEK):
                        return
                    time.sleep(TICK if ready else 0)  # what was said stays unheard until the mode changes
                    continue
                if far is None:
                    far = socket.create_connection(("127.0.0.1", self.target), timeout=5)
                ready, _, _ = select.select([near, far], [], [], TICK)
                for end in ready:
                    said = end.recv(65536)
                    if not said:
                        return
                    if self._delay:
                        time.sleep(self._delay)
                    limit = self._bytes
                    said = said if limit is None else said[: max(0, limit - carried)]
                    (far if end is near else near).sendall(said)
                    carried += len(said)
            _reset(near)
        except OSError:
            with contextlib.suppress(OSError):
                _reset(near)
        finally:
            near.close()
            if far is not None:
                far.close()

    def _over(self, began: float, carried: int) -> bool:
        if self._mode != "cut":
            return False
        if self._bytes is not None and carried >= self._bytes:
            return True
        return self._seconds is not None and time.monotonic() >= max(began, self._since) + self._seconds


def _reset(line: socket.socket) -> None:
    """Ends it with RST instead of a farewell, as a firewall or a dying machine does."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
