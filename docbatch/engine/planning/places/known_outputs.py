"""Which files are outputs of docbatch: those are never documents, wherever they lie."""

from collections.abc import Iterable

from docbatch.naming.picture_folders import output_of
from docbatch.sinks.paths import folded
from docbatch.state.store import Store


def is_output(store: Store, roots: Iterable[bytes], place: bytes) -> bool:
    """Say whether a file is one that a sink below these roots writes, or a picture beside one."""
    for root in roots:
        if not place.startswith(root + b"/"):
            continue
        output = place[len(root) + 1 :]
        # A picture that a killed run wrote is recorded nowhere yet, but where its output belongs is.
        whose = output_of(output)
        for each in (output,) if whose is None else (output, whose):
            if not each or store.deliveries.is_output(root, each, folded(root + b"/" + each)):
                return True
    return False
