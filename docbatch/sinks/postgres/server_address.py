"""Where a server is, as its address says, and whether what is sent there can be read on the way."""

import re
from collections.abc import Mapping

from psycopg import Error, pq
from psycopg.conninfo import conninfo_to_dict

from docbatch.core.errors import SinkRefused
from docbatch.naming.links import is_loopback
from docbatch.sinks.faults import SAFE

_PRIVATE = frozenset({"require", "verify-ca", "verify-full"})
"""Values of sslmode that never send anything in plain text: postgresql.org/docs/current/libpq-ssl.html."""
_BEFORE_HOST = re.compile(r"\A[^@/]*@")
"""User and password of an address, as libpq finds their end: postgresql.org/docs/current/libpq-connect.html."""
_USUAL: Mapping[str, str] = {
    "application_name": "docbatch",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "tcp_user_timeout": "60000",
}
"""What holds where the address says nothing of it: a server that does not answer is noticed within a minute."""


def parameters(dsn: str, place: str) -> dict[str, str]:
    """Return what to connect with. Raises SinkRefused, which repeats nothing of the address."""
    said = _read(dsn)
    if said is None:
        raise SinkRefused(
            f"{place} cannot be used: its DSN is none that PostgreSQL understands",
            hint=f"{SAFE}; write it as postgresql://USER:PASSWORD@HOST/DATABASE?sslmode=verify-full, with %XX for signs in the"
            " password, and run the same command again",
        )
    _require_private(said, place)
    return {**_USUAL, **said, "client_encoding": "UTF8"}


def passwords(said: Mapping[str, str]) -> tuple[str, ...]:
    """Return what of the parameters of a connection nobody is to read, libpq's own variables and services among them."""
    usual = _usual()
    found = (each.get(name) for each in (said, usual) for name in ("password", "sslpassword"))
    return tuple(each for each in found if each)


def _usual() -> dict[str, str]:
    """Return what libpq takes where an address says nothing."""
    return {
        option.keyword.decode(): (option.val or b"").decode(errors="replace")
        for option in pq.Conninfo.get_defaults()
    }


def _read(dsn: str) -> dict[str, str] | None:
    try:
        said = {name: str(value) for name, value in conninfo_to_dict(dsn).items() if value is not None}
    except Error:
        return None
    ports = said.get("port", "").split(",")
    return None if _is_torn(dsn) or any(each and not each.isdecimal() for each in ports) else said


def _is_torn(dsn: str) -> bool:
    """Say whether a sign of a password ends it too early: the rest would be taken for a host, looked up and told."""
    _, is_url, rest = dsn.partition("://")
    return bool(is_url) and "@" in _BEFORE_HOST.sub("", rest, count=1).partition("?")[0]


def _require_private(said: Mapping[str, str], place: str) -> None:
    usual = _usual()
    hosts = next((found for name in ("hostaddr", "host") if (found := said.get(name) or usual.get(name))), "")
    is_here = "service" not in said and all(_is_here(host) for host in hosts.split(","))
    mode = said.get("sslmode") or ("" if "service" in said else usual.get("sslmode", ""))
    if is_here or mode in _PRIVATE:
        return
    raise SinkRefused(
        f"{place} is not used: documents and its password could be sent in plain text to a server that is not this machine",
        hint=f"{SAFE}; add sslmode=verify-full (or require) to the DSN, and run the same command again",
    )


def _is_here(host: str) -> bool:
    return not host or host.startswith(("/", "@")) or is_loopback(host)
