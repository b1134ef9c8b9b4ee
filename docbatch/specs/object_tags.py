"""Whether a store can be asked for the tags of its objects."""

from docbatch.specs.values import StoreConnection

_REASONS = {
    "gcs": (
        "objects at Google Cloud Storage have no tags",
        "their metadata are doc.metadata.NAME without it",
    ),
    "azure": (
        "tags of blobs at Azure cannot be asked for, of stores of type s3 alone they can",
        "the metadata of blobs are doc.metadata.NAME without it, and metadata_from: names a list that says what their tags do",
    ),
    "folder": (
        "files have no tags",
        "metadata_from: of the source names a list that says more of them",
    ),
}


def tag_fault(store: StoreConnection) -> tuple[str, str] | None:
    """Return why there are no tags to be had, and what to do; None where there are."""
    found = _REASONS.get(store.declared.type)
    return (
        None
        if found is None
        else (
            f"{found[0]}: store '{store.name}' is of type {store.declared.type}",
            f"leave tags: out; {found[1]}",
        )
    )
