"""What PostgreSQL says that went wrong, sorted by what may be done about it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import psycopg

from docbatch.core.errors import SinkError, SinkRefused
from docbatch.sinks.faults import SAFE

AGAIN = "and run the same command again"
_LONGEST = 300
_OF_ROWS = frozenset({"22", "23", "54"})
"""Classes of codes that concern values: postgresql.org/docs/current/errcodes-appendix.html."""
_OF_TABLES = frozenset({"54011"})
"""Too many columns: no row would change that."""
_PASSES = frozenset({"40001", "40P01", "42703", "42P01", "53300", "57P01", "57P02", "57P03", "57P05"})
"""Conflicts, a table or a column that was dropped, no room for one more connection, and servers that stop or start."""
_REFUSED = frozenset({"28000", "28P01", "42501", "25006"})
_NEXT: Mapping[str, str] = {
    "25006": "name a role and a server that may write",
    "28": "correct user and password in the DSN",
    "42701": "give the column another name in the job",
    "3D000": "create the database, or correct the DSN",
    "3F000": "create the schema, or correct it in the job",
    "42501": "let the role of the DSN create tables in this schema, or read and write those it uses, and create temporary ones",
    "54011": "give the sink another table, which lacks the columns that are declared no longer",
    "53100": "free space on the server",
    "53200": "give the server more memory",
    "53300": "close connections, or allow more",
    "55P03": "close the session that holds the table",
    "57014": "let statements of the role take longer (statement_timeout)",
}
_NO_ENTRY = (
    "authentication failed",
    "authentication method",
    "password",
    "pg_hba.conf",
    "not permitted to log in",
)
_UNTRUSTED = ("server certificate", "root certificate", "certificate verify", "ssl error")
_OTHER_NAME = "name the server in the DSN as its certificate does, and as sslrootcert the file of the authority that signed it"
_STAYS = (*_NO_ENTRY, "does not exist", "ssl", "certificate", "name or service", "translate host name")
"""What messages have that come before there is a connection, and will come again: such errors have no code."""


class ServerRefusedRows(Exception):
    """The server takes the values of some document of a window not; nothing of the window was written."""


@dataclass(frozen=True, slots=True)
class ServerFault:
    """What to tell of an error, and whether trying again may help by itself."""

    error: SinkError | ServerRefusedRows
    passes: bool


def judged(error: psycopg.Error, place: str, secrets: Collection[str], *, was_lost: bool) -> ServerFault:
    """Sort an error. `was_lost` says that there is no connection any more; `secrets` are cut out of what is told."""
    code = error.sqlstate or ""
    told = _told(error, secrets)
    if code[:2] in _OF_ROWS and code not in _OF_TABLES:
        return ServerFault(ServerRefusedRows(told), passes=False)
    if isinstance(error, psycopg.DataError) and not code:
        return ServerFault(ServerRefusedRows(told), passes=False)
    text = told.lower()
    is_refused = code in _REFUSED or (not code and was_lost and any(each in text for each in _NO_ENTRY))
    what = _NEXT.get(code) or _NEXT.get(code[:2])
    if not code and was_lost and not is_refused and any(each in text for each in _UNTRUSTED):
        what = _OTHER_NAME
    if what is None:
        what = _NEXT["28"] if is_refused else "once the server can be reached and does what it is asked,"
        after = AGAIN if is_refused else "run the same command again"
    else:
        after = AGAIN
    made = (SinkRefused if is_refused else SinkError)(
        f"{place} cannot be used: {told}", hint=f"{SAFE}; {what.removesuffix(' and')} {after}"
    )
    stays = not code and any(each in text for each in _STAYS)
    return ServerFault(made, passes=code in _PASSES or (was_lost and not code and not stays))


def _told(error: psycopg.Error, secrets: Collection[str]) -> str:
    text = error.diag.message_primary or "; ".join(str(error).split("\n")) or type(error).__name__
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "…") if secret else text
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
