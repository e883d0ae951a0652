"""PostgreSQL for tests: a server started from the machine's own programs, and a database of its own for each test.

Rule: one server per process that tests (`shared`), in a temporary directory, dead with the process; a test that hurts its
server starts its own (`Server.start`). Its collation is a language's on purpose: what depends on it is a defect that must
show. `AMANA_TEST_POSTGRES` (an address whose user may create databases) is used instead, when it is set.
"""

from __future__ import annotations

import atexit
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Final

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

VARIABLE: Final = "AMANA_TEST_POSTGRES"
OLDEST: Final = 15
PLACES: Final = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/pgsql/bin",
)
USER: Final = "amana"
_READY: Final = "database system is ready to accept connections"
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "max_wal_size": "256MB",
    "jit": "off",
    "log_checkpoints": "off",
}


def programs(environment: Mapping[str, str] = os.environ, places: tuple[str, ...] = PLACES) -> Path | None:
    """Folder of the newest server programs, from the path and the usual places; None: there are none that are new enough."""
    folders = [Path(part) for part in environment.get("PATH", "").split(os.pathsep) if part]
    folders += [path for place in places for path in sorted(Path("/").glob(place.lstrip("/")))]
    found = {(folder / "initdb").resolve().parent for folder in folders if (folder / "initdb").is_file()}
    ready = [(version, folder) for folder in found if (version := _version(folder)) >= OLDEST]
    return max(ready)[1] if ready else None


@cache
def _version(folder: Path) -> int:
    try:
        text = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    number = re.search(r"(\d+)", text)
    return int(number.group(1)) if number else 0


@dataclass(slots=True)
class Databases:
    """Where databases are made. `admin`: an address of a user who may."""

    admin: str
    _templates: dict[str, str] = field(default_factory=dict)
    _made: list[str] = field(default_factory=list)

    def address(self, database: str) -> str:
        """Address of a database, as `AMANA_STORE` takes it."""
        with psycopg.connect(self.admin) as connection:
            info = connection.info
            password = f":{info.password}" if info.password else ""
            return f"postgresql://{info.user}{password}@{info.host}:{info.port}/{database}"

    def create(self, template: str = "template0") -> str:
        """A new database, a copy of `template`; returns its address."""
        return self.address(self._create(template))

    def copy(self, name: str, fill: Callable[[str], None]) -> str:
        """Address of a new database as `fill` made its like once: much quicker than filling one each time."""
        if name not in self._templates:
            made = self._create("template0")
            fill(self.address(made))
            self._templates[name] = made
        return self.create(self._templates[name])

    def drop(self) -> None:
        """All databases that were made here, whoever is connected."""
        with psycopg.connect(self.admin, autocommit=True) as connection:
            for name in self._made:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _create(self, template: str) -> str:
        name = f"amana_{secrets.token_hex(6)}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute(statement)
        self._made.append(name)
        return name


class Server:
    """A server of one's own. Make it with `start`."""

    def __init__(self, folder: Path, directory: Path, port: int) -> None:
        self.directory = directory
        self.port = port
        self.databases = Databases(make_conninfo(user=USER, host="127.0.0.1", port=port, dbname="postgres"))
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self._drain: threading.Thread | None = None

    @property
    def files(self) -> Path:
        """The directory of the database's files."""
        return self.directory / "data"

    @classmethod
    def start(cls, **settings: str) -> Server:
        """A new server in a new directory. `settings`: of postgresql.conf. RuntimeError when there are no programs."""
        folder = programs()
        if folder is None:
            raise RuntimeError(f"no PostgreSQL {OLDEST} or newer on this machine")
        directory = Path(tempfile.mkdtemp(prefix="amana-postgres-"))
        server = cls(folder, directory, _free_port())
        if os.getuid() == 0:
            owner = _owner()
            os.chown(directory, owner.pw_uid, owner.pw_gid)
        initdb = [
            str(folder / "initdb"),
            "-D",
            str(server.files),
            "-U",
            USER,
            "--auth=trust",
            "--no-sync",
            "-E",
            "UTF8",
        ]
        initdb += ["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=id-ID", "--no-instructions"]
        done = subprocess.run([*_as_owner(), *initdb], capture_output=True, text=True, cwd=directory, check=False)
        if done.returncode:
            shutil.rmtree(directory, ignore_errors=True)
            raise RuntimeError(f"initdb: {done.stderr}")
        lines = {**_SETTINGS, "unix_socket_directories": str(directory), "port": str(server.port), **settings}
        with (server.files / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in lines.items())
        server.run()
        return server

    def run(self) -> None:
        """Start it (again) on its directory and port; returns when it takes connections."""
        command = [*_as_owner(), str(self._folder / "postgres"), "-D", str(self.files)]
        while True:
            process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=self.directory)
            assert process.stderr is not None
            told = []
            for line in process.stderr:
                told.append(line)
                if _READY in line:
                    self._process = process
                    self._drain = threading.Thread(target=_drain, args=(process.stderr,), daemon=True)
                    self._drain.start()
                    return
            process.communicate()
            # after a kill the last children may still hold the shared memory for a moment
            if "shared memory block" not in "".join(told):
                raise RuntimeError("".join(told))

    def kill(self) -> None:
        """As a power cut would: SIGKILL to the server and, by its absence, to its children."""
        self._end(signal.SIGKILL)

    def shut_down(self) -> None:
        """As an administrator does: open connections are told and closed."""
        self._end(signal.SIGINT)

    def stop(self) -> None:
        """End it and remove its directory."""
        self._end(signal.SIGQUIT)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(how)
            self._process.wait()
            self._process = None
        if self._drain is not None:
            self._drain.join()  # until its last child has ended
            self._drain = None


@contextmanager
def running(**settings: str) -> Iterator[Server]:
    """A server of one's own while the block lasts."""
    server = Server.start(**settings)
    try:
        yield server
    finally:
        server.stop()


@cache
def shared() -> Databases:
    """Where the tests of this process make their databases."""
    address = os.environ.get(VARIABLE)
    if address:
        databases = Databases(address)
        atexit.register(databases.drop)
        return databases
    server = Server.start()
    atexit.register(server.stop)
    return server.databases


def _owner() -> pwd.struct_passwd:
    """The user who runs the server where tests run as root, which the server refuses."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _as_owner() -> list[str]:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return []
    command = [setpriv, "--pdeathsig", "QUIT"]
    if os.getuid() == 0:
        owner = _owner()
        command += ["--reuid", str(owner.pw_uid), "--regid", str(owner.pw_gid), "--clear-groups"]
    return command


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _drain(stream: IO[str]) -> None:
    with stream:
        for _ in stream:
            pass
