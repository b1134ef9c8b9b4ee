"""What the path of a sink may say: one file for each document, or one for the job."""

from docbatch.fields import SpecModel
from docbatch.naming.templates import Template, TemplateError
from docbatch.sinks.kind import FileSinkSpec, SinkKind
from docbatch.sources.options import FileIdsOptions, FolderOptions, LinksOptions, ListOptions, TextsOptions
from docbatch.specs.job import JobSpec


def check_use(kind: SinkKind, written: FileSinkSpec, template: Template, spec: JobSpec) -> None:
    """Refuse a path that gives many documents one file, or one job many. Raises TemplateError."""
    per_document = bool(template.lookups)
    if per_document and not kind.per_document:
        what = "folder" if kind.within else "file"
        raise TemplateError(
            f"{template.lookups[0]} cannot be used here: a {kind.name} sink has one {what} for the whole job",
            hint=f"use job or vars, as in out/{{{{ job.name }}}}{written.suffix}",
        )
    if kind.per_document and not per_document and _may_match_many(spec.source):
        raise TemplateError(
            "every document would be written to the same file",
            hint=f"name the document in double braces, as in out/{{{{ doc.path }}}}{written.suffix}",
        )


def _may_match_many(source: SpecModel) -> bool:
    match source:
        case FolderOptions(include=patterns):
            return len(patterns) > 1 or any(character in patterns[0] for character in "*?[{")
        case ListOptions():
            return True
        case LinksOptions(urls=listed) | FileIdsOptions(file_ids=listed) | TextsOptions(texts=listed):
            return len(listed) > 1
    return True
