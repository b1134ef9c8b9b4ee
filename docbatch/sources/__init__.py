"""Where documents come from. The registry is a literal; a kind of source is loaded when it is first needed."""

from docbatch.registry import Registry
from docbatch.sources.kind import SourceKind

KINDS: Registry[SourceKind] = Registry(
    "source",
    {
        "folder": "docbatch.sources.options:FOLDER",
        "store": "docbatch.sources.options:STORE",
        "links": "docbatch.sources.options:LINKS",
        "list": "docbatch.sources.options:LIST",
        "file_ids": "docbatch.sources.options:FILE_IDS",
        "texts": "docbatch.sources.options:TEXTS",
    },
    judge="docbatch.sources.plugin:judged",
)
