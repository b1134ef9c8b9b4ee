"""A zip and a mailbox end as a folder of the same documents would: paid once each, delivered alike, nothing lost."""

import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.testing.crash import MODES, Mode
from docbatch.testing.matrix import Matrix, Vendor
from tests.containers.boxes import mail, mailbox
from tests.providers.extend.project import extend_project
from tests.providers.extend.test_matrix import RESEND, creates, other_key, read_off, service

OPEN = '{root: in, include: "**/*", containers: open}'
HOSTILE = {
    "../../escaped.txt": "refused_input",
    "/tmp/escaped.txt": "refused_input",
    "bomb.txt": "too_large",
    "empty.txt": "empty",
    "link.txt": "special_file",
}
Files = dict[str, bytes]


def documents(number: int, twice: int) -> Files:
    """Return so many documents, some of them twice."""
    made = {f"dir{each % 7}/{each:04}.txt": f"document {each}".encode() for each in range(number - twice)}
    again = {f"again/{each:04}.txt": f"document {each}".encode() for each in range(twice)}
    return {**made, **again}


def archive(place: Path, members: Files) -> None:
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
        for name in HOSTILE:
            member = zipfile.ZipInfo(name)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = (0o120777 if name == "link.txt" else 0o644) << 16
            content = (
                b"\0" * (100 << 20) if name == "bomb.txt" else b"" if name == "empty.txt" else b"hostile"
            )
            packed.writestr(member, content)


def mails(number: int) -> tuple[bytes, Files]:
    """Return a mailbox whose mails have a file each, every tenth the same, and the documents it is made of."""
    made, inside = [], {}
    for each in range(number):
        attached = f"attachment {each if each % 10 else 0}".encode()
        made.append(mail(f"text {each}", subject=f"Mail {each}", note_txt=attached))
        inside[f"{each + 1:04}-Mail-{each}.eml!body.txt"] = f"text {each}\n".encode()
        inside[f"{each + 1:04}-Mail-{each}.eml!note.txt"] = attached
    return mailbox(*made), inside


def run(root: Path, files: Mapping[str, bytes], source: str) -> tuple[Counter[str], dict[str, bytes], int]:
    """Apply a project and return what was paid for, its outputs but for what a vendor says of itself, and how it ended."""
    with ExtendEmulator() as vendor:
        project = extend_project(root, vendor, documents={}, source=source)
        project.write({f"in/{name}": content for name, content in files.items()})
        ended = project.call("apply", "--yes")
        paid = Counter(vendor.ledger)
        again = project.call("apply", "--yes")
        assert (again.code, Counter(vendor.ledger)) == (ended.code, paid)
        assert list((root / ".docbatch/spool/incoming").glob("*")) == []
        return paid, project.outputs(), ended.code


def compared(folder: Path, number: int, twice: int, letters: int) -> tuple[int, int]:
    """Require that containers end as a folder of what is in them; return how many documents there were, and were paid."""
    members = documents(number, twice)
    box, inside = mails(letters)
    flat = {f"all.zip!{name}": content for name, content in members.items()}
    flat |= {f"box.mbox!{name}": content for name, content in inside.items()}
    folder.joinpath("all.zip").write_bytes(b"")
    archive(folder / "all.zip", members)

    wanted = run(folder / "flat", flat, '{root: in, include: "**/*"}')
    packed = {"all.zip": (folder / "all.zip").read_bytes(), "box.mbox": box}
    found = run(folder / "packed", packed, OPEN)

    assert found[0] == wanted[0]
    assert found[1] == wanted[1]
    assert (wanted[2], found[2]) == (0, 3)
    assert set(wanted[0].values()) == {1}
    assert not [each for each in folder.rglob("*escaped*") if ".docbatch" not in each.parts]
    return len(flat), len(wanted[0])


def test_a_zip_and_a_mailbox_end_as_a_folder_would(tmp_path: Path) -> None:
    assert compared(tmp_path, 20, 3, 12) == (20 + 24, 17 + 12 + 11)


@pytest.mark.full
def test_many_documents_in_a_zip_and_a_mailbox_end_as_a_folder_would(tmp_path: Path) -> None:
    assert compared(tmp_path, 2000, 30, 300) == (2000 + 600, 1970 + 300 + 271)


def subject(folder: Path) -> Matrix[ExtendEmulator]:
    def write(root: Path, emulator: ExtendEmulator, recovery: str) -> object:
        made = extend_project(root, emulator, documents={}, source=OPEN, recovery=recovery)
        (root / "in").mkdir()
        with zipfile.ZipFile(root / "in/all.zip", "w") as packed:
            packed.writestr("one.txt", "the one document")
            packed.writestr("dir/two.txt", "the two document")
        (root / "in/m.eml").write_bytes(mail("the three document", n_txt=b"the one document"))
        return made

    return Matrix(
        Vendor(service, write, creates, read_off, other_key, outputs=("out", "json")), folder, RESEND
    )


@pytest.mark.parametrize("mode", MODES)
def test_killed_at_the_create_members_are_paid_once_and_none_is_lost(tmp_path: Path, mode: Mode) -> None:
    matrix = subject(tmp_path)

    assert len(matrix.undisturbed.paid) == 3
    assert matrix.kills([matrix.create], [mode]) == []


@pytest.mark.full
def test_killed_anywhere_members_are_paid_once_and_none_is_lost(tmp_path: Path) -> None:
    matrix = subject(tmp_path)

    assert matrix.kills(matrix.requests) == []
    assert matrix.deaths(range(1, len(matrix.effects) + 1)) == []
