"""PostgreSQL as Debian packages it: one server for the tests of a process, and a schema of its own for each test."""

import atexit
import contextlib
import functools
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from docbatch.testing.patience import comes_true
from tests.stores.azurite_server import REQUIRED

PASSWORD = "s3cr3t-of-the-owner"
OWNER = "owner"
_USERS = ("postgres", "nobody")
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "40",
    "shared_buffers": "32MB",
    "log_min_messages": "fatal",
}
_RUN = """
"$@" </dev/null &
cat >/dev/null
kill -QUIT $!
wait
"""
"""Runs a server for as long as somebody holds the other end of its input."""


def programs() -> Path | None:
    """Return where initdb and postgres lie."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((each.parent for each in versions), key=lambda each: int(each.parent.name), default=None)


def missing() -> str:
    """Say why there is no PostgreSQL here; nothing where there is one."""
    return "" if programs() else "PostgreSQL is not installed; script/postgres does that"


class PostgresServer:
    """A server in a folder of its own. It can be stopped and started in between, on the same port."""

    def __init__(self, folder: Path) -> None:
        self.port = _free_port()
        self._data = folder / "data"
        self._process: subprocess.Popen[str] | None = None
        self._turn = threading.Lock()
        found = programs()
        assert found is not None
        self._programs = found
        # It refuses to run as root, and has to reach its folder.
        user = next((each for each in _USERS if _is_user(each)), None) if os.geteuid() == 0 else None
        self._as: dict[str, Any] = (
            {} if user is None else {"user": user, "group": _group(user), "extra_groups": []}
        )
        folder.chmod(0o755)
        self._data.mkdir(mode=0o700)
        password = folder / "password"
        password.write_text(PASSWORD)
        if user is not None:
            for each in (self._data, password):
                shutil.chown(each, user)
        made = subprocess.run(
            [
                self._programs / "initdb", "--pgdata", self._data, "--username", OWNER, "--pwfile", password,
                "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions",
            ],
            cwd=folder, capture_output=True, check=False, text=True, **self._as,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr

    def keep(self, name: str, content: bytes) -> None:
        """Put a file, which only the server may read, into its folder."""
        path = self._data / name
        path.touch(0o600)
        path.write_bytes(content)
        if "user" in self._as:
            shutil.chown(path, self._as["user"])

    def start(self) -> None:
        said = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        data, program = str(self._data), str(self._programs / "postgres")
        server = [program, "-D", data, "-p", str(self.port), "-k", data, *said]
        with self._turn, (self._data.parent / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["sh", "-c", _RUN, "sh", *server],
                cwd=self._data.parent,
                stdin=subprocess.PIPE,
                text=True,
                stdout=subprocess.DEVNULL,
                stderr=log,
                **self._as,
            )
        assert comes_true(self._answers), (self._data.parent / "log").read_text()

    def stop(self) -> None:
        """End it at once, as a machine that loses power would."""
        with self._turn:
            if self._process is not None:
                self._process.communicate()
                self._process = None

    def dsn(self, **options: str) -> str:
        usual = {
            "host": "127.0.0.1",
            "port": str(self.port),
            "user": OWNER,
            "password": PASSWORD,
            "dbname": "postgres",
        }
        return make_conninfo("", **{**usual, **options})

    @staticmethod
    def settles(condition: Callable[[], bool]) -> bool:
        """Wait until the server has noticed what its clients did."""
        return comes_true(condition)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.dsn(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True


@dataclass
class PostgresSchema:
    """A schema of a test, with a client that is not ours. `dsn` is what the sink gets, the `owner` has all rights."""

    owner: str
    name: str
    dsn: str = ""

    def __post_init__(self) -> None:
        self.dsn = self.dsn or self.owner

    def create(self) -> None:
        self.execute(f"CREATE SCHEMA {self.name}")

    def execute(self, statement: str, values: Sequence[object] | None = None) -> list[tuple[Any, ...]]:
        """Run a statement as the owner, in this schema, and return the rows it gives."""
        path = make_conninfo(self.owner, options=f"-csearch_path={self.name}")
        with psycopg.connect(path, autocommit=True) as client:
            cursor = client.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def tables(self) -> list[str]:
        found = self.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", [self.name])
        return [str(name) for (name,) in found]

    def role(self, *grants: str) -> str:
        """Make a role that may do nothing but log in and what is granted; return a DSN for it."""
        name = f"role_{secrets.token_hex(4)}"
        self.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
        for grant in grants:
            self.execute(f"GRANT {grant} TO {name}")
        return make_conninfo(self.owner, user=name)


@functools.cache
def server() -> PostgresServer:
    """Return the server, started where it is not yet. Skips the test without it, unless none may be skipped."""
    reason = missing()
    if reason and os.environ.get(REQUIRED) != "all":
        pytest.skip(reason)
    assert not reason, reason
    folder = Path(tempfile.mkdtemp(prefix="docbatch-postgres-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = PostgresServer(folder)
    made.start()
    # Ended before its folder goes, and by the end of its input where this process is killed.
    atexit.register(made.stop)
    return made


@contextlib.contextmanager
def postgres_schema() -> Iterator[PostgresSchema]:
    """Give a new schema. Skips the test where PostgreSQL is not installed."""
    schema = PostgresSchema(server().dsn(), f"docs_{secrets.token_hex(6)}")
    schema.create()
    yield schema
    schema.execute(f"DROP SCHEMA {schema.name} CASCADE")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _is_user(name: str) -> bool:
    import pwd

    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _group(name: str) -> int:
    import pwd

    return pwd.getpwnam(name).pw_gid
