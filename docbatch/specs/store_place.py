"""Where in a store a sink writes."""

from docbatch.fields import substitute
from docbatch.naming.filenames import fault
from docbatch.naming.templates import Template, TemplateError
from docbatch.sinks.kind import FileSinkSpec, SinkKind, StoredSinkSpec
from docbatch.specs.problems import near
from docbatch.specs.values import DeclaredProject, StorePlace


class UnknownStore(ValueError):
    """A store that docbatch.yaml does not declare; `hint` says which there are."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def store_place(
    project: DeclaredProject, written: FileSinkSpec, kind: SinkKind, folder: str, template: Template
) -> StorePlace | str | None:
    """Return where in its store a sink writes; a folder of this disk where the store is one, None where it names no store.

    `folder` is the literal folder of the path, `template` what follows it. Raises TemplateError, UnknownStore.
    """
    if not isinstance(written, StoredSinkSpec) or written.store is None:
        return None
    store = project.stores.get(written.store)
    if store is None:
        hint = (
            near(written.store, project.stores, "known are")
            if project.stores
            else "declare it under stores: in docbatch.yaml"
        )
        raise UnknownStore(f"there is no store {written.store}", hint=hint)
    from docbatch.specs.stores import FolderStoreSpec, store_settings  # noqa: PLC0415 - few jobs have stores

    _refuse_unusable(folder, kind)
    if isinstance(store.declared, FolderStoreSpec):
        if project.environment.outside:
            from docbatch.specs.variables import require_inside  # noqa: PLC0415 - few values come from outside

            require_inside(project, store.declared.path)
        return f"{substitute(store.declared.path, project.variables)}/{folder or '.'}"
    return StorePlace(written.store, store_settings(store.name, store.declared).identity, folder, template)


def _refuse_unusable(folder: str, kind: SinkKind) -> None:
    if not folder and kind.per_document:
        raise TemplateError(
            "nothing bounds where in the store this writes", hint="begin the path with a folder, such as out/"
        )
    if folder and (why := fault(folder)):
        raise TemplateError(
            f"{folder!r} cannot begin keys in a store: {why}",
            hint="a path in a store is relative to its bucket and has plain names between single slashes, as in out/a/",
        )
