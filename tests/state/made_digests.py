"""Digests that stand for documents by name."""

import hashlib


def digest_of(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
