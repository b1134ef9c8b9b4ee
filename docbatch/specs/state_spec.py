"""What docbatch.yaml says of a state that lies in a store."""

import json
import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError

from docbatch.core.errors import Problem
from docbatch.fields import Name, SpecModel, misplaced_key, refuse
from docbatch.naming.store_places import TRASH
from docbatch.secret_references import KeyReference
from docbatch.specs.nodes import Origin
from docbatch.specs.problems import translate

LONGEST_PREFIX = 200
"""Characters. Names of what lies below are some 100 more, and that of an environment may stand between."""
_STEP = r"[A-Za-z0-9_=-][A-Za-z0-9._=-]*"
_PLAIN = re.compile(rf"\.?{_STEP}(?:/\.?{_STEP})*/?")
_NO_TRASH = rf"(?!(?:.*/)?\.{TRASH.removeprefix('.')}(?:/|$))"
_IN_SCHEMA = rf"^{_NO_TRASH}{_PLAIN.pattern}$(?!\n)"
_EXAMPLE = "name a folder of keys that nothing else uses, as in state/"


def _plain_folder(text: str) -> str:
    """Return the folder with a "/" at its end. Two ways to write it that look alike would be two states."""
    if not text:
        refuse("the whole bucket cannot be the place of the state", _EXAMPLE)
    if "{{" in text:
        refuse(
            "an expression cannot stand here",
            "write the prefix out: another value would lead to another state",
        )
    if told := misplaced_key(text):
        refuse(*told)
    if not _PLAIN.fullmatch(text):
        refuse("a prefix has letters of ASCII, digits, and . _ = - in names between single slashes", _EXAMPLE)
    if TRASH in text.split("/"):
        refuse(f"what lies in {TRASH} is removed when the trash is emptied", _EXAMPLE)
    return text.rstrip("/") + "/"


StatePrefix = Annotated[
    str,
    Field(max_length=LONGEST_PREFIX),
    AfterValidator(_plain_folder),
    Field(json_schema_extra={"pattern": _IN_SCHEMA}),
]


class StateEncryption(SpecModel):
    """What lies in the store is encrypted, and nothing of it can be guessed from its names."""

    key: KeyReference = Field(
        description="where the key is found, never the key itself: 32 random bytes, in Base64 or hexadecimal"
    )


class StateSpec(SpecModel):
    """Where the state lies, so that any machine may go on where another stopped. Without it, in `.docbatch` on this disk."""

    store: Name = Field(description="one of `stores:`, a bucket or container; no folder")
    prefix: StatePrefix = Field(
        description="the folder of keys that the state lies in, as in `state/`; nothing else may write or read there"
    )
    encryption: StateEncryption | None = Field(
        default=None, description="whether what lies there is encrypted; not, when left out"
    )


class OwnState(SpecModel):
    """The part of docbatch.yaml that is about the state."""

    state: StateSpec | None = Field(
        default=None,
        description="where the state lies, if not on this disk; an environment that says nothing of it has its own below `env/NAME/` there",
    )


def read_state(origin: Origin) -> tuple[StateSpec | None, Sequence[Problem]]:
    """Return what a project file says of its state, or what is wrong with that; what is no mapping others tell."""
    written = origin.node.child("state")
    if written is None or not isinstance(written.content, dict):
        return None, ()
    try:
        return OwnState.model_validate_json(json.dumps({"state": written.plain()})).state, ()
    except ValidationError as error:
        return None, translate(error, OwnState, origin.node, origin.shown)
