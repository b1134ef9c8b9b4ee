"""Listing around keys that end lists, at a server for each vendor."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pytest

from docbatch.stores.faults import BadKey
from docbatch.stores.listable_objects import UnlistedFolder, listable
from docbatch.stores.object_store import LISTED_TOGETHER, ObjectStore
from docbatch.stores.settings import StoreSettings
from tests.stores.buckets import Bucket
from tests.stores.moto_server import MotoBucket

if TYPE_CHECKING:
    from obstore import ObjectMeta


def found(store: ObjectStore, prefix: str = "in/") -> list[str]:
    """Return what is listed: the keys of objects, and folders that cannot be, with what ends their lists."""
    told: list[str] = []
    for each in listable(store, prefix):
        if isinstance(each, UnlistedFolder):
            told.append(f"{each.folder} {each.key}")
        else:
            told += [one["path"] for one in each]
    return told


def fill(bucket: Bucket, *keys: str) -> None:
    for key in keys:
        bucket.put(key, b"x")


def test_one_folder_alone_is_not_listed(any_bucket: Bucket) -> None:
    fill(any_bucket, "in/a", "in/b!", "in/b//x", "in/b/y", "in/b0", "in/c/d/e", "in/c0", "in/z/y", "out//x")

    assert found(any_bucket.store) == [
        "in/a",
        "in/b!",
        "in/b/ in/b//x",
        "in/b0",
        "in/c/d/e",
        "in/c0",
        "in/z/y",
    ]


def test_several_are_each_told_once_however_deep(any_bucket: Bucket) -> None:
    fill(any_bucket, "in/a/a//x", "in/a/b/c//x", "in/a/b/c/k", "in/a/b/d", "in/b/c//x", "in/z")

    assert found(any_bucket.store) == [
        "in/a/a/ in/a/a//x",
        "in/a/b/c/ in/a/b/c//x",
        "in/a/b/d",
        "in/b/c/ in/b/c//x",
        "in/z",
    ]


def test_a_key_right_in_the_folder_leaves_nothing_to_go_on_with(any_bucket: Bucket) -> None:
    fill(any_bucket, "in//x", "in/a", "in/b/c")

    assert found(any_bucket.store) == ["in/ in//x"]
    assert found(any_bucket.store, "in/b/") == ["in/b/c"]


@pytest.mark.parametrize("key", ["in/b/../x", "in/b/./x", "in/b/t\tb", "in/b//"])
def test_it_is_the_same_whatever_is_wrong_with_a_key(bucket: MotoBucket, key: str) -> None:
    fill(bucket, "in/a", key, "in/c")

    assert found(bucket.store) == ["in/a", f"in/b/ {key}", "in/c"]
    assert found(bucket.store, "") == ["in/a", f"in/b/ {key}", "in/c"]


def test_what_was_listed_before_a_list_broke_off_is_listed_once(bucket: MotoBucket) -> None:
    many = [f"in/b/{number:05}" for number in range(LISTED_TOGETHER + 10)]
    bucket.fill(dict.fromkeys(many, b"x"))
    fill(bucket, "in/a", "in/b/x//y", "in/b/z", "in/c")

    assert found(bucket.store) == ["in/a", *many, "in/b/x/ in/b/x//y", "in/b/z", "in/c"]


class Lists(ObjectStore):
    """A store of which lists end at a key that they do not name, and that says that a folder lies in itself."""

    def windows(self, prefix: str, after: str | None = None) -> "Iterator[Sequence[ObjectMeta]]":
        raise BadKey(f"store 'lake': lists what is not UTF-8 below {prefix}, behind {after}")

    def level(self, folder: str) -> "tuple[Sequence[str], Sequence[ObjectMeta]]":
        if folder == "in/b/":
            raise BadKey("store 'lake': lists what is not UTF-8, such as a key")
        return ["in", "in/b", "elsewhere"], []


def test_what_a_store_says_of_other_folders_is_not_gone_after() -> None:
    assert found(Lists(StoreSettings("lake", "s3", "docs"))) == ["in/b/ None"]
