"""An account as runs share it: where its files lie on this machine, the limiters of its requests, who else uses it."""

import os
import secrets
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from docbatch.core.report import visible
from docbatch.owner_only import make_folder
from docbatch.providers.accounts.account_users import TOKEN, AccountUsers, places, users_in, users_text
from docbatch.providers.accounts.locked_files import FileFault, acquired_at_once, opened_file
from docbatch.providers.accounts.pace_file import PaceFile
from docbatch.providers.http import rates

if TYPE_CHECKING:
    from docbatch.providers.accounts.runs_elsewhere import AccountsInStore, RunsElsewhere

VARIABLE = "DOCBATCH_ACCOUNTS"
OFF = "off"
UNUSED = 30 * 86_400.0
"""Seconds after which what is known of an account that nobody uses is dropped."""
_OTHERS_WRITE = 0o022


def accounts_folder(variables: Mapping[str, str]) -> Path | None:
    """Return where accounts have their files; None where that is switched off. Raises FileFault."""
    named = variables.get(VARIABLE, "").strip()
    if named == OFF:
        return None
    if named:
        if not Path(named).is_absolute():
            raise FileFault(f"{VARIABLE} names no absolute path")
        return Path(named)
    cache, home = Path(variables.get("XDG_CACHE_HOME", "")), Path(variables.get("HOME", ""))
    if not cache.is_absolute() and not home.is_absolute():
        raise FileFault(f"neither {VARIABLE} nor XDG_CACHE_HOME nor HOME says where")
    return (cache if cache.is_absolute() else home / ".cache") / "docbatch" / "accounts"


def are_there_any(variables: Mapping[str, str]) -> bool:
    """Say whether there are files of accounts."""
    try:
        folder = accounts_folder(variables)
        return folder is not None and any(folder.iterdir())
    except OSError:
        return False


class SharedAccount:
    """One account of one connection. Nothing is looked at before its provider is opened.

    `account` is what the connection says of it, never the key, and `token` tells this process from others. Where the files cannot be used, each process keeps its own pace,
    and `news` says why. Runs on other machines are found `in_store`, if there is one; `elsewhere` has them once there is work.
    """

    def __init__(
        self,
        provider: str,
        account: str,
        project: Path,
        variables: Mapping[str, str],
        in_store: "AccountsInStore | None" = None,
        *,
        token: str = TOKEN,
    ) -> None:
        self._name = self.name(provider, account)
        self._project = project
        self._variables = variables
        self._in_store = in_store
        self._token = token
        self.elsewhere: RunsElsewhere | None = None
        self._limiters: list[tuple[str, rates.Limiter]] = []
        self._flight = (0, 0)
        self._users: AccountUsers | None = None
        self._paces: list[PaceFile] = []
        self._folder: Path | None = None
        self._is_tried = False
        self._fault = ""
        self._is_told = False
        self._joining = threading.Lock()

    @staticmethod
    def name(provider: str, account: str) -> str:
        """Return what an account is called where runs share it: nothing of it can be read from that."""
        return blake2b(f"{provider}\0{account}".encode(), digest_size=16).hexdigest()

    def limiter(self, per_second: float, burst: int = 1, sort: str = "all") -> rates.Limiter:
        """Return the limiter of one sort of request that the service counts apart."""
        folder, pace = self._joined(), None
        if folder is not None:
            path = folder / f"pace-{blake2b(sort.encode(), digest_size=8).hexdigest()}"
            pace = PaceFile(path, per_second, burst, users=lambda: self.users)
            self._paces.append(pace)
        if self.elsewhere is None:
            return rates.Limiter(per_second, burst, shared=pace)
        told = partial(self.elsewhere.note_wait, sort)
        made = rates.Limiter(per_second, burst, shared=pace, told=told)
        self._limiters.append((sort, made))
        self.elsewhere.await_look()
        self._heed()
        return made

    @property
    def users(self) -> str:
        """Who else uses the account at this moment, as a phrase; empty where nobody does."""
        here = "" if self._users is None else users_text(self._users.others())
        if self.elsewhere is None:
            return here
        from docbatch.providers.accounts.account_run import runs_text  # noqa: PLC0415 - few projects have a state in a store

        return "; ".join(filter(None, (here, runs_text(self.elsewhere.others(self._tokens)))))

    def seen(self) -> str:
        """Return which processes of other projects use the account, for one that does not: nothing is made."""
        try:
            folder = accounts_folder(self._variables)
        except FileFault:
            return ""
        found = () if folder is None else users_in(folder / self._name)
        return users_text(tuple(each for each in found if each.project != str(self._project)))

    def room(self, bound: int, held: int, *, wants_more: bool) -> int:
        """Return how many submissions may be in flight here, of `bound` in all."""
        if not held and not wants_more:
            return bound
        self._flight = held, bound if wants_more else held
        self._joined()
        if self.elsewhere is None:
            return bound if self._users is None else self._users.room(bound, held, wants_more=wants_more)
        self.elsewhere.note_flight(*self._flight)
        if not self.elsewhere.has_looked:
            return 1
        others = tuple(each.user for each in self.elsewhere.others(self._tokens))
        if self._users is None:
            return places(bound, others)
        return self._users.room(bound, held, wants_more=wants_more, elsewhere=others)

    def news(self) -> str:
        """Return once why the account is not shared though it should be; empty otherwise."""
        fault = self._fault or next((each.fault for each in self._paces if each.fault), "")
        if not fault or self._is_told:
            return ""
        self._is_told = True
        return visible(fault)

    def close(self) -> None:
        if self.elsewhere is not None:
            self.elsewhere.close()
        for each in self._paces:
            each.close()
        if self._users is not None:
            self._users.close()

    def _joined(self) -> Path | None:
        """Return the folder of the account, where it can be used, and be one of its users."""
        with self._joining:
            if not self._is_tried:
                self._is_tried = True
                try:
                    self._folder = self._made()
                except OSError as error:
                    where = f"{error.filename}: " if error.filename else ""
                    self._fault = f"{where}{error.strerror or error}"
                if self._folder is not None:
                    self._users = AccountUsers(self._folder, str(self._project), self._token)
                    self._users.join()
                if self._in_store is not None and (self._folder is not None or self._fault):
                    self.elsewhere = self._begun(self._in_store)
            return self._folder

    def _begun(self, where: "AccountsInStore") -> "RunsElsewhere":
        from docbatch.providers.accounts.runs_elsewhere import RunsElsewhere  # noqa: PLC0415 - few projects have a state in a store
        from docbatch.providers.accounts.stored_runs import StoredRuns  # noqa: PLC0415 - as above

        runs = StoredRuns(where.open, f"{where.prefix}{self._name}", secrets.token_hex(8))
        begun = RunsElsewhere(runs, self._heed, where.pauses, self._token)
        begun.note_flight(*self._flight)
        begun.begin()
        return begun

    @property
    def _tokens(self) -> frozenset[str]:
        """The tokens of processes that share the files of this one."""
        return frozenset() if self._users is None else frozenset(each.token for each in self._users.others())

    def _heed(self) -> None:
        """Take this machine's part of each rate, and wait with those that were told to."""
        elsewhere, here = self.elsewhere, self._tokens
        if elsewhere is None:
            return
        for sort, limiter in list(self._limiters):
            limiter.take_part(elsewhere.part(here))
            limiter.be_silent(elsewhere.wait(sort))

    def _made(self) -> Path | None:
        all_ = accounts_folder(self._variables)
        if all_ is None:
            return None
        folder = all_ / self._name
        if not folder.is_dir():
            make_folder(all_)
            drop_unused(all_)
        make_folder(folder)
        for each in (all_, folder):
            status = each.stat()
            if status.st_uid != os.geteuid() or status.st_mode & _OTHERS_WRITE:
                raise FileFault(f"{each}: it is somebody else's, or others may write there")
        return folder


def drop_unused(folder: Path) -> None:
    """Drop the files of accounts that nobody has used for a month. What somebody uses at this moment stays."""
    for each in folder.iterdir():
        with suppress(OSError):
            if each.is_dir() and not each.is_symlink():
                _drop(each)


def _drop(folder: Path) -> None:
    files = sorted(folder.iterdir())
    newest = max((each.lstat().st_mtime for each in files), default=folder.stat().st_mtime)
    if newest > time.time() - UNUSED:
        return
    held = []
    try:
        for each in files:
            held.append(opened_file(each))
            if not acquired_at_once(held[-1]):
                return
        for each in files:
            each.unlink()
        folder.rmdir()
    finally:
        for descriptor in held:
            os.close(descriptor)
