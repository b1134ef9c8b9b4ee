"""Places in object stores: a bucket and a key as one text, such as s3://bucket/out/a.md, beside absolute paths of this disk."""

TRASH = ".docbatch-trash"
"""The folder of keys that holds what stood in an output's place: never a source, and no output is ever called so."""
LONGEST_KEY = 1024
"""Bytes of UTF-8 that a key may have: docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html,
cloud.google.com/storage/docs/objects#naming, learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata."""


def in_store(place: bytes) -> bool:
    """Say whether a place is one in a store; on this disk places are absolute paths."""
    return not place.startswith(b"/") and b"://" in place
