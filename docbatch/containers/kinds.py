"""What is a container, and of which kind. Documents of office programs are none, although many of them are zips."""

import enum
from collections.abc import Set as AbstractSet


class ContainerKind(enum.StrEnum):
    ZIP = "zip"
    TAR = "tar"
    TAR_GZIP = "tar.gz"
    TAR_BZIP2 = "tar.bz2"
    TAR_XZ = "tar.xz"
    TAR_ZSTD = "tar.zst"
    MAIL = "mail"
    MAILBOX = "mailbox"
    OUTLOOK = "outlook"
    PDF = "pdf"

    @property
    def is_document(self) -> bool:
        """Whether it is a document beside what lies inside of it."""
        return self is ContainerKind.PDF


_ALWAYS = {
    "application/zip": ContainerKind.ZIP,
    "application/x-tar": ContainerKind.TAR,
    "message/rfc822": ContainerKind.MAIL,
    "application/vnd.ms-outlook": ContainerKind.OUTLOOK,
    "application/pdf": ContainerKind.PDF,
}
_NEVER = {
    # Programs, which are kept in zips.
    "application/zip": (
        ".jar",
        ".war",
        ".ear",
        ".apk",
        ".aab",
        ".ipa",
        ".xpi",
        ".crx",
        ".vsix",
        ".whl",
        ".egg",
        ".nupkg",
    ),
    # Pages of the web, which browsers save as mails.
    "message/rfc822": (".mht", ".mhtml"),
}
_BY_NAME = {
    "application/gzip": (((".tar.gz", ".tgz"), ContainerKind.TAR_GZIP),),
    "application/x-bzip2": (((".tar.bz2", ".tbz2", ".tbz"), ContainerKind.TAR_BZIP2),),
    "application/x-xz": (((".tar.xz", ".txz"), ContainerKind.TAR_XZ),),
    "application/octet-stream": (
        ((".tar.zst", ".tzst"), ContainerKind.TAR_ZSTD),
        ((".tar",), ContainerKind.TAR),
    ),
    "message/rfc822": (((".mbox",), ContainerKind.MAILBOX),),
    "text/plain": (((".mbox",), ContainerKind.MAILBOX),),
}
"""What bytes alone do not show: names of that media type end so."""
TYPES = frozenset({*_ALWAYS, *_BY_NAME})
"""Media types of which something may be a container: the others need no second look."""

_ENDS = tuple(end.encode() for named in _BY_NAME.values() for ends, _ in named for end in ends)


def may_be_among(types: AbstractSet[str], names: bytes) -> bool:
    """Say whether a container may be among documents of these media types, whose names are somewhere in the bytes."""
    if not types.isdisjoint(_ALWAYS):
        return True
    names = b"" if types.isdisjoint(_BY_NAME) else names.lower()
    return any(end in names for end in _ENDS)


def kind_of(media_type: str, name: str) -> ContainerKind | None:
    """Return the kind of container that a document is, None where it is none."""
    if media_type not in TYPES:
        return None
    name = name.lower()
    if name.endswith(_NEVER.get(media_type, ())):
        return None
    named = (kind for ends, kind in _BY_NAME.get(media_type, ()) if name.endswith(ends))
    return next(named, _ALWAYS.get(media_type))
