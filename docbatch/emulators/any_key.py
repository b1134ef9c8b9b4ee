"""What lets an emulator take a project as it is: any key, and any id of something saved in the account."""

from typing import TypeVar

T = TypeVar("T")
VERSION = "1.0"


class AnyKey(dict[str, str]):
    """Every key but an empty one belongs to one account."""

    def __init__(self, account: str) -> None:
        super().__init__()
        self._account = account

    def __contains__(self, key: object) -> bool:
        return bool(key)

    def __missing__(self, key: str) -> str:
        return self._account

    def get(self, key: str, default: T | None = None) -> str | T | None:  # type: ignore[override]
        return self._account if key else default


class AnyVersion(list[str]):
    """A newest version, and whichever else is asked for."""

    def __init__(self) -> None:
        super().__init__([VERSION])

    def __contains__(self, version: object) -> bool:
        return True


class AnyProcessor(dict[str, list[str]]):
    """Every id is that of a saved processor."""

    def __contains__(self, identity: object) -> bool:
        return True

    def __missing__(self, identity: str) -> list[str]:
        return AnyVersion()
