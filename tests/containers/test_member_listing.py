"""What lies in containers, and what of it is refused."""

import gzip
import hashlib
import io
import struct
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from docbatch.containers.bounds import ContainerBounds
from docbatch.containers.inside import ContainerMember, UnfitMember
from docbatch.containers.kinds import ContainerKind, kind_of
from docbatch.containers.member_listing import MemberListing
from docbatch.core.models import FailureClass
from tests.containers.boxes import mail, mailbox, portfolio, tarred, zipped
from tests.hostile import archives
from tests.providers.local import outlook_files as msg

BOUNDS = ContainerBounds()
ZIP, TAR, MAIL = ContainerKind.ZIP, ContainerKind.TAR, ContainerKind.MAIL
Rows = list[ContainerMember | UnfitMember]


def rows(content: bytes, kind: ContainerKind = ZIP, bounds: ContainerBounds = BOUNDS) -> Rows:
    listing = MemberListing(bounds, len(content))
    for _ in listing.read(io.BytesIO(content), kind):
        pass
    return listing.rows


def found(content: bytes, kind: ContainerKind = ZIP, bounds: ContainerBounds = BOUNDS) -> dict[str, str]:
    """Return each name with its media type, or the class of what is wrong with it."""
    listed = rows(content, kind, bounds)
    assert len({each.name for each in listed}) == len(listed)
    return {
        each.name: each.media_type if isinstance(each, ContainerMember) else str(each.failure.kind)
        for each in listed
    }


def failure(content: bytes, kind: ContainerKind = ZIP, bounds: ContainerBounds = BOUNDS) -> str:
    """Return the class and the code of the one thing that is wrong with all of a container."""
    (row,) = rows(content, kind, bounds)
    assert isinstance(row, UnfitMember)
    assert row.name == ""
    return f"{row.failure.kind} {row.failure.code}"


def test_members_come_in_byte_order_each_with_what_its_bytes_are() -> None:
    listed = rows(zipped({"b.txt": b"two", "a/c.html": b"<html>1", "a!.txt": b"one", "folder/": b""}))

    assert [
        (each.name, each.digest, each.media_type, each.size)
        for each in listed
        if isinstance(each, ContainerMember)
    ] == [
        (name, hashlib.sha256(content).hexdigest(), kind, len(content))
        for name, content, kind in (
            ("a!.txt", b"one", "text/plain"),
            ("a/c.html", b"<html>1", "text/html"),
            ("b.txt", b"two", "text/plain"),
        )
    ]


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        (TAR, "w"),
        (ContainerKind.TAR_GZIP, "w:gz"),
        (ContainerKind.TAR_BZIP2, "w:bz2"),
        (ContainerKind.TAR_XZ, "w:xz"),
    ],
)
def test_a_tar_is_listed_however_it_is_packed(kind: ContainerKind, mode: str) -> None:
    content = tarred({"./b/x.txt": b"one", "a.txt": b"two", "link": "/etc/passwd"}, mode)

    assert found(content, kind) == {"a.txt": "text/plain", "b/x.txt": "text/plain", "link": "special_file"}


def test_documents_of_office_programs_and_programs_are_no_containers() -> None:
    assert found(
        zipped({"a.docx": zipped({"word/document.xml": b"<w/>"}), "b.jar": zipped({"x": b"y"})})
    ) == {
        "a.docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "b.jar": "application/zip",
    }


@pytest.mark.parametrize(
    ("media_type", "name", "kind"),
    [
        ("application/zip", "a.ZIP", ZIP),
        ("application/zip", "a.apk", None),
        ("application/gzip", "a.tgz", ContainerKind.TAR_GZIP),
        ("application/gzip", "a.txt.gz", None),
        ("application/octet-stream", "a.tar.zst", ContainerKind.TAR_ZSTD),
        ("application/octet-stream", "a.bin", None),
        ("message/rfc822", "a.eml", MAIL),
        ("message/rfc822", "page.mhtml", None),
        ("message/rfc822", "in.mbox", ContainerKind.MAILBOX),
        ("text/plain", "in.mbox", ContainerKind.MAILBOX),
        ("text/plain", "a.txt", None),
        ("application/pdf", "a.pdf", ContainerKind.PDF),
        ("image/png", "a.zip", None),
    ],
)
def test_bytes_say_what_is_a_container_and_names_where_they_do_not(
    media_type: str, name: str, kind: ContainerKind | None
) -> None:
    assert kind_of(media_type, name) is kind


def test_containers_in_containers_are_opened_and_named_by_all_of_them() -> None:
    inner = zipped({"x.txt": b"deep"})
    assert found(zipped({"mail.eml": mail(inner_zip=inner), "empty.zip": zipped({})})) == {
        "empty.zip": "empty",
        "mail.eml!body.txt": "text/plain",
        "mail.eml!inner.zip!x.txt": "text/plain",
    }


def test_a_mail_is_its_text_and_its_files_and_all_of_it_knows_its_head() -> None:
    listed = rows(mail("Plain", "<p>Page", a_txt=b"attached"), MAIL)

    assert [each.name for each in listed] == ["a.txt", "body.html"]
    for each in listed:
        assert isinstance(each, ContainerMember)
        assert each.facts == {
            "from": "Anna Müller <anna@example.org>",
            "to": "bo@example.org",
            "subject": "Größe",
            "date": "2026-05-05T10:00:00+02:00",
            "message_id": "<1@example.org>",
        }


def test_texts_of_a_mail_are_not_lost_and_not_there_twice() -> None:
    plain = b"Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nfirst\n--b\nContent-Disposition: attachment; filename=../n.txt\n\nfile\n--b\n\nlast\n--b--\n"

    assert found(plain, MAIL) == {
        "body-2.txt": "text/plain",
        "body.txt": "text/plain",
        "n.txt": "text/plain",
    }
    assert found(mail("Only text"), MAIL) == {"body.txt": "text/plain"}
    assert found(b"Subject: nothing\n\n", MAIL) == {"": "empty"}
    assert found(b"no head at all", MAIL) == {"": "corrupt"}


def test_a_text_in_another_charset_is_utf8_and_its_page_says_so() -> None:
    def body(kind: str) -> bytes:
        head = (
            f"Subject: s\nContent-Type: text/{kind}; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\n"
        )
        return head.encode() + "Größe <meta charset=latin1>".encode("latin-1")

    digests = {
        kind: next(each.digest for each in rows(body(kind), MAIL) if isinstance(each, ContainerMember))
        for kind in ("plain", "html")
    }
    said = "Größe <meta charset=latin1>".encode()
    assert digests["plain"] == hashlib.sha256(said).hexdigest()
    assert digests["html"] == hashlib.sha256(b"\xef\xbb\xbf" + said).hexdigest()


def test_an_encrypted_mail_says_so() -> None:
    content = b"Subject: s\nContent-Type: multipart/encrypted; boundary=b\n\n--b\n\nx\n--b--\n"

    assert found(content, MAIL) == {"": "encrypted"}


def test_a_mailbox_has_its_mails_by_number_and_subject() -> None:
    box = mailbox(mail(subject="Rechnung 1/2"), mail(subject="", a_txt=b"attached"))

    assert found(box, ContainerKind.MAILBOX) == {
        "0001-Rechnung-1-2.eml!body.txt": "text/plain",
        "0002.eml!a.txt": "text/plain",
        "0002.eml!body.txt": "text/plain",
    }


def test_a_mail_of_outlook_is_one_like_any_other() -> None:
    inner = {
        "__properties_version1.0": msg.properties(24, {}),
        **msg.text(0x0037, "Inner"),
        **msg.text(0x1000, "inner text"),
    }
    outer: msg.Tree = {
        "__properties_version1.0": msg.properties(32, {}),
        **msg.text(0x0037, "Outer"),
        **msg.text(0x1035, "<2@example.org>"),
        **msg.binary(0x1013, b"<p>outer"),
        **msg.attachment(0, "in.csv", b"a,b\n1,2\n"),
        **msg.attachment(1, "", inner),
        **msg.attachment(2, "gone.txt", None),
    }
    listed = rows(msg.compound(outer), ContainerKind.OUTLOOK)

    assert [each.name for each in listed] == ["Inner.msg!body.txt", "body.html", "gone.txt", "in.csv"]
    facts = {each.name: each.facts for each in listed if isinstance(each, ContainerMember)}
    assert facts["Inner.msg!body.txt"] == {"subject": "Inner"}
    assert facts["in.csv"] == {"subject": "Outer", "message_id": "<2@example.org>"}


def test_files_inside_of_a_pdf_are_documents_beside_it(tmp_path: Path) -> None:
    content = portfolio({"note.txt": b"inside", "mail.eml": mail("text")}, tmp_path)

    assert found(content, ContainerKind.PDF) == {"mail.eml!body.txt": "text/plain", "note.txt": "text/plain"}
    assert found(zipped({"p.pdf": content})) == {
        "p.pdf": "application/pdf",
        "p.pdf!mail.eml!body.txt": "text/plain",
        "p.pdf!note.txt": "text/plain",
    }
    assert found(b"%PDF-1.7 damaged", ContainerKind.PDF) == {}


@pytest.mark.parametrize(
    "name", ["../x.txt", "a/../../x.txt", "/x.txt", "\\x.txt", "C:\\x.txt", "a\\..\\x.txt"]
)
def test_names_that_lead_out_are_refused_and_shown_without_leading_anywhere(name: str) -> None:
    listed = rows(zipped({name: b"x", "fine.txt": b"y"}))
    (bad,) = [each for each in listed if isinstance(each, UnfitMember)]

    assert (bad.failure.kind, bad.failure.code) == (FailureClass.REFUSED_INPUT, "unsafe_name")
    assert not {"..", ""} & set(bad.name.split("/"))
    assert len(listed) == 2


def test_a_name_with_a_zero_byte_is_refused() -> None:
    content = zipped({"a#b.txt": b"x"}).replace(b"a#b", b"a\0b")

    assert found(content) == {"a%00b.txt": "refused_input"}


def test_names_that_are_not_utf8_are_kept_as_they_are() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT, encoding="latin-1") as archive:
        member = tarfile.TarInfo("größe.txt")
        member.size = 1
        archive.addfile(member, io.BytesIO(b"x"))

    (row,) = rows(buffer.getvalue(), TAR)
    assert row.name.encode(errors="surrogateescape") == "größe.txt".encode("latin-1")


def test_members_of_one_name_are_all_there() -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        content = zipped([("a.txt", b"1"), ("a.txt", b"2"), ("a.txt!2", b"3")])

    assert found(content) == {"a.txt": "text/plain", "a.txt!2": "text/plain", "a.txt!2!2": "text/plain"}


def test_what_is_encrypted_a_link_empty_or_damaged_is_refused_alone() -> None:
    def beside(content: bytes) -> dict[str, str]:
        return found(content)

    assert beside(archives.encrypted()) == {"secret.txt": "encrypted"}
    assert beside(archives.wrong_checksum()) == {"note.txt": "corrupt"}
    assert beside(archives.packed({"link.txt": b"/etc/passwd"}, mode=0o120777)) == {
        "link.txt": "special_file"
    }
    assert beside(zipped({"a.txt": b"", "b.txt": b"x"})) == {"a.txt": "empty", "b.txt": "text/plain"}


def test_bombs_are_refused() -> None:
    small = replace(BOUNDS, free=1 << 20, free_all=1 << 20, one=10 << 20)

    assert found(archives.packed({"zeros.txt": b"\0" * 5_000_000, "b.txt": b"x"}), bounds=small) == {
        "b.txt": "text/plain",
        "zeros.txt": "too_large",
    }
    assert failure(archives.nested(3), bounds=replace(small, containers=30)) == "too_large bomb"
    assert failure(archives.nested(2), bounds=replace(small, free=2 << 20)) == "too_large bomb"
    assert (
        failure(tarred({"z": b"\0" * 5_000_000}, "w:gz"), ContainerKind.TAR_GZIP, small) == "too_large bomb"
    )
    assert set(found(archives.overlapping(), bounds=small).values()) == {"corrupt"}


def test_more_than_the_bounds_is_refused() -> None:
    assert failure(zipped({str(each): b"x" for each in range(6)}), bounds=replace(BOUNDS, members=5)) == (
        "too_large members"
    )
    six = tarred({str(each): b"x" for each in range(6)})
    assert failure(six, TAR, replace(BOUNDS, members=5)) == "too_large members"
    assert found(zipped({"a.txt": b"x" * 11, "b": b"x"}), bounds=replace(BOUNDS, one=10)) == {
        "a.txt": "too_large",
        "b": "text/plain",
    }
    deep = zipped({"3.zip": zipped({"2.zip": zipped({"x": b"x"})})})
    assert found(deep, bounds=replace(BOUNDS, depth=2)) == {"3.zip!2.zip": "too_large"}
    (name,) = found(zipped({"n" * 2000: b"x"}))
    assert len(name) < 200
    assert failure(mail("x" * 999), MAIL, replace(BOUNDS, mail=500)).startswith("too_large")


def test_a_truncated_archive_gives_what_is_whole_and_says_what_is_wrong() -> None:
    tar = tarred({"a.txt": b"first", "b.txt": b"x" * 9000})
    assert found(tar[:3000], TAR) == {"": "corrupt", "a.txt": "text/plain", "b.txt": "corrupt"}
    packed = tarred({f"{each}.txt": bytes([each]) * 900 for each in range(99)}, "w:gz")
    cut = found(packed[: len(packed) // 2], ContainerKind.TAR_GZIP)
    assert cut[""] == "corrupt"
    whole = zipped({"a.txt": b"first"})
    assert failure(whole[:30]) == "corrupt None"


def test_a_damaged_header_in_a_tar_is_not_taken_for_its_end() -> None:
    content = bytearray(tarred({"a.txt": b"first", "b.txt": b"second"}))
    content[1024:1034] = b"\xff" * 10

    assert found(bytes(content), TAR) == {"": "corrupt", "a.txt": "text/plain"}


def test_devices_and_pipes_in_a_tar_are_refused() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind in (("pipe", tarfile.FIFOTYPE), ("disk", tarfile.BLKTYPE), ("hard", tarfile.LNKTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)

    assert found(buffer.getvalue(), TAR) == dict.fromkeys(("disk", "hard", "pipe"), "special_file")


@pytest.mark.parametrize("name", archives.MAKERS)
def test_no_hostile_archive_raises_or_leaves_anything(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kind = TAR if name.endswith(".tar") else ContainerKind.TAR_GZIP if name.endswith(".gz") else ZIP

    assert rows(archives.MAKERS[name](), kind, replace(BOUNDS, free_all=BOUNDS.free))
    assert list(tmp_path.iterdir()) == []


def test_a_zip_that_lies_about_its_directory_is_refused() -> None:
    content = bytearray(zipped({"a.txt": b"x"}))
    content[content.rindex(b"PK\x05\x06") + 16 :][:4] = struct.pack("<I", 9)
    assert zipfile.is_zipfile(io.BytesIO(content))

    assert found(bytes(content)[: len(content) - 4]) == {"": "corrupt"}


def test_every_container_names_its_members_alike_again() -> None:
    samples: Mapping[ContainerKind, bytes] = {
        ZIP: zipped({"b": b"1", "a": b"2"}),
        MAIL: mail("text", a_txt=b"3"),
        TAR: tarred({"x": b"4"}),
    }
    for kind, content in samples.items():
        assert rows(content, kind) == rows(content, kind)


@pytest.mark.parametrize("kind", [TAR, ContainerKind.TAR_GZIP])
def test_an_archive_behind_another_is_not_lost_without_a_word(kind: ContainerKind) -> None:
    pack = gzip.compress if kind is ContainerKind.TAR_GZIP else bytes
    one, two = tarred({"a.txt": b"a"}), tarred({"b.txt": b"b"})

    assert found(pack(one) + pack(two), kind) == {"": "corrupt", "a.txt": "text/plain"}
    assert found(pack(one) + pack(bytes(100_000)), kind) == {"a.txt": "text/plain"}


def test_what_archives_take_to_be_opened_is_bounded_whatever_lies_in_them() -> None:
    packed = gzip.compress(tarred({"a.txt": b"a", "../b.txt": bytes(50_000)}))
    content = zipped({f"{number}.tar.gz": packed for number in range(9)})
    listed = found(content, bounds=replace(BOUNDS, all=300_000))

    assert listed["0.tar.gz!a.txt"] == "text/plain"
    assert listed["8.tar.gz"] == "too_large"


def test_what_cannot_be_a_document_has_the_facts_of_its_mail() -> None:
    (unfit,) = (row for row in rows(mail("text", empty_txt=b""), MAIL) if isinstance(row, UnfitMember))

    assert unfit.facts["subject"] == "Größe"


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_in_another_container_is_opened_however_it_is_packed(mode: str) -> None:
    suffix = mode.replace("w:", ".").replace("w", "")
    content = zipped({f"a.tar{suffix}": tarred({"x.txt": b"x"}, mode)})

    assert found(content) == {f"a.tar{suffix}!x.txt": "text/plain"}
