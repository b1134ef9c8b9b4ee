"""An account as the processes of this machine share it: where its files lie, the limiters of its requests, who else uses it."""

import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from docbatch.core.report import visible
from docbatch.owner_only import make_folder
from docbatch.providers.accounts.account_users import AccountUsers, users_in, users_text
from docbatch.providers.accounts.locked_files import FileFault, acquired_at_once, opened_file
from docbatch.providers.accounts.pace_file import PaceFile
from docbatch.providers.http import rates

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

    `account` is what the connection says of it, never the key. Where the files cannot be used, `fault` says why and each process
    keeps its own pace.
    """

    def __init__(self, provider: str, account: str, project: Path, variables: Mapping[str, str]) -> None:
        self._name = blake2b(f"{provider}\0{account}".encode(), digest_size=16).hexdigest()
        self._project = project
        self._variables = variables
        self._users: AccountUsers | None = None
        self._paces: list[PaceFile] = []
        self._folder: Path | None = None
        self._is_tried = False
        self._fault = ""
        self._is_told = False
        self._joining = threading.Lock()

    def limiter(self, per_second: float, burst: int = 1, sort: str = "all") -> rates.Limiter:
        """Return the limiter of one sort of request that the service counts apart."""
        folder = self._joined()
        if folder is None:
            return rates.Limiter(per_second, burst)
        path = folder / f"pace-{blake2b(sort.encode(), digest_size=8).hexdigest()}"
        pace = PaceFile(path, per_second, burst, users=lambda: self.users)
        self._paces.append(pace)
        return rates.Limiter(per_second, burst, shared=pace)

    @property
    def users(self) -> str:
        """Who else uses the account at this moment, as a phrase; empty where nobody does."""
        return "" if self._users is None else users_text(self._users.others())

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
        self._joined()
        return bound if self._users is None else self._users.room(bound, held, wants_more=wants_more)

    def news(self) -> str:
        """Return once why the account is not shared though it should be; empty otherwise."""
        fault = self._fault or next((each.fault for each in self._paces if each.fault), "")
        if not fault or self._is_told:
            return ""
        self._is_told = True
        return visible(fault)

    def close(self) -> None:
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
                    self._users = AccountUsers(self._folder, str(self._project))
                    self._users.join()
            return self._folder

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
