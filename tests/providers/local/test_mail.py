"""Mail: what its reader sees, and every file in it by name."""

import base64
import quopri
from email.message import EmailMessage

import pytest

from docbatch.core.models import Failure
from docbatch.core.results import Attachment, Block
from docbatch.media.mime import words
from docbatch.providers.local import engines
from docbatch.providers.local.engines import Options, Parsed
from docbatch.providers.local.mail import plain_body
from docbatch.providers.local.mail.mail_engine import MailEngine
from tests.providers.local import specimens
from tests.providers.local.mails import HEAD, mail, multipart, part, parts

NO_OCR = Options(ocr="off")
HEADED = "**Subject:** Case  \n**From:** Anna \\<a@example.org>  \n**To:** b@example.org"


def read(data: bytes, options: Options = NO_OCR) -> Parsed:
    parsed = MailEngine().extract(data, "message/rfc822", options)
    assert not isinstance(parsed, Failure)
    for block in parsed.blocks:
        Block.model_validate(block)
    for attachment in parsed.attachments:
        Attachment.model_validate(attachment)
    return parsed


def body(data: bytes) -> str:
    said = read(data).markdown
    assert said is not None
    assert said.startswith(HEADED)
    return said.removeprefix(HEADED).strip("\n")


def test_head_text_and_files_stand_in_one_document() -> None:
    parsed = read(
        multipart(
            "multipart/mixed",
            part("text/plain", "Hello"),
            part('text/csv; name="a.csv"', "x,y\n1,2\n"),
            part("application/pdf", specimens.pdf(), 'Content-Disposition: attachment; filename="b.pdf"\r\n'),
        )
    )

    assert parsed.markdown is not None
    assert parsed.markdown.startswith(
        f"{HEADED}\n\nHello\n\n## Attachment: a.csv\n\n| x | y |\n| --- | --- |\n| 1 | 2 |"
    )
    assert specimens.SENTENCE in parsed.markdown
    assert parsed.text is not None
    assert parsed.text.startswith(
        "Subject: Case\nFrom: Anna <a@example.org>\nTo: b@example.org\n\nHello\n\nAttachment: a.csv"
    )
    assert [each["name"] for each in parsed.attachments] == ["a.csv", "b.pdf"]
    assert [block["text"] for block in parsed.blocks][1:] == [
        "Hello",
        "Attachment: a.csv",
        "Attachment: b.pdf",
    ]
    assert (parsed.lost, parsed.metadata["subject"]) == ([], "Case")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\r\nb\r\n\r\nc", "a  \nb\n\nc"),
        ("> a\r\n> b\r\n>> c\r\nd", "> a  \n> b\n>\n> > c\n\nd"),
        ("l:\r\n- a\r\n- b\r\n1. c", "l:\n\n- a\n- b\n1. c"),
        ("# a\r\n*b* <c> a_b", "\\# a  \n\\*b\\* \\<c> a_b"),
        ("a\r\n-- \r\nAnna", "a  \n--  \nAnna"),
        ("a\r\n----\r\nb\r\n====", "a  \n\\----  \nb  \n\\===="),
    ],
)
def test_plain_text_keeps_its_lines_quotes_and_lists(text: str, said: str) -> None:
    assert body(mail("text/plain; charset=utf-8", text)) == said


@pytest.mark.parametrize(
    ("text", "delete", "said"),
    [
        ("a \nb\nc", False, "a b\nc"),
        ("a \nb", True, "ab"),
        ("> a \n> b \n>> c", False, "> a b \n>> c"),
        (" >no quote\n From x", False, ">no quote\nFrom x"),
        ("a\n-- \nSig", False, "a\n-- \nSig"),
        ("a \n-- \nSig", False, "a \n-- \nSig"),
    ],
)
def test_flowed_lines_are_joined_where_they_belong_together(text: str, delete: bool, said: str) -> None:
    assert plain_body.unflowed(text, delete_space=delete) == said


def test_flowed_mail_is_told_by_its_head() -> None:
    assert body(mail("text/plain; format=flowed", "one \r\ntwo")) == "one two"
    assert body(mail("text/plain; format=flowed; delsp=yes", "日 \r\n本")) == "日本"
    assert body(mail("text/plain", "one \r\ntwo")) == "one  \ntwo"


@pytest.mark.parametrize(
    ("charset", "written"),
    [
        ("; charset=koi8-r", "koi8-r"),
        ("; charset=windows-1251", "cp1251"),
        ("", "utf-8"),
        ("; charset=us-ascii", "cp1251"),
        ("; charset=unknown-8bit", "koi8-r"),
        ("; charset=iso-8859-1", "utf-8"),
        ("; charset*=utf-8''cp1251", "cp1251"),
    ],
)
def test_each_text_is_read_in_its_charset(charset: str, written: str) -> None:
    text = "Договор был подписан в среду, и сумма будет выплачена."
    assert body(mail(f"text/plain{charset}", text.encode(written))) == text


def test_pages_are_read_in_the_charset_of_their_part_or_their_own() -> None:
    page = "<meta charset=koi8-r><h2>Счёт</h2>"
    assert body(mail("text/html; charset=windows-1251", page.encode("cp1251"))) == "## Счёт"
    assert body(mail("text/html", page.encode("koi8-r"))) == "## Счёт"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"=?utf-8?Q?Gr=C3=B6=C3=9Fe_5?=", "Größe 5"),
        (b"=?utf-8?B?R3LDtsOf?= =?utf-8?B?ZQ==?=", "Größe"),
        (b"=?utf-8?Q?a=C3?=\r\n =?utf-8?Q?=A4b?=", "aäb"),
        (b"=?iso-8859-1*de?q?=E4?= x =?koi8-r?B?8w==?=", "ä x \u0421"),
        (b"=?x-unknown?q?=41?= =?gb2312?B?1tDOxA==?=", "A中文"),
        ("Größe".encode(), "Größe"),
        (b"Gr\xf6\xdfe", "Größe"),
        (b"plain\r\n folded", "plain folded"),
        (b"=?utf-8?Q?broken", "=?utf-8?Q?broken"),
    ],
)
def test_fields_are_decoded(value: bytes, said: str) -> None:
    assert words(value) == said


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="a b.txt"', "a b.txt"),
        ("attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe.txt", "Größe.txt"),
        ('attachment; filename*0="lo"; filename*1="ng.txt"', "long.txt"),
        ("attachment; filename*0*=utf-8''Gr%C3%B6; filename*1*=%C3%9F.txt", "Größ.txt"),
        ('attachment; filename="=?utf-8?B?R3LDtsOfZQ==?=.txt"', "Größe.txt"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="Größe.txt"', "Größe.txt"),
        ("attachment", "unnamed"),
    ],
)
def test_names_of_files_are_decoded_and_safe(disposition: str, name: str) -> None:
    inner = part("text/plain", "x", f"Content-Disposition: {disposition}\r\n")
    assert read(multipart("multipart/mixed", inner)).attachments[0]["name"] == name


PLAIN_PART = part("text/plain", "Sum 5\r\n- one")


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("<p>Sum 5<ul><li>one</ul>", "Sum 5\n\n- one"),
        ("<p>Sum 5<p>one<p>and 7", "Sum 5\n\none\n\nand 7"),
        ("<table><tr><td>Sum<td>5<tr><td>one<td></table>", "| Sum | 5 |\n| --- | --- |\n| one |  |"),
        ("<p>Quite another text of 9 words", "Sum 5\n\n- one\n\nQuite another text of 9 words"),
        ("", "Sum 5\n\n- one"),
    ],
)
def test_the_page_is_shown_where_the_plain_text_says_less(page: str, said: str) -> None:
    assert body(multipart("multipart/alternative", PLAIN_PART, part("text/html", page))) == said


def test_a_page_with_its_pictures_is_one_alternative() -> None:
    related = parts(
        "multipart/related",
        [
            part("text/html", "<h1>Offer</h1><img src='cid:1'>"),
            part("image/png", specimens.png(), "Content-ID: <1>\r\n"),
            part("text/css", "p {}"),
        ],
        boundary="inner",
    )
    parsed = read(multipart("multipart/alternative", part("text/plain", ""), related))

    assert parsed.markdown is not None
    assert parsed.markdown.startswith(f"{HEADED}\n\n# Offer\n\n## Attachment: unnamed\n\n(image/png")
    assert (len(parsed.attachments), parsed.lost) == (1, [])
    assert parsed.warnings


def test_mail_in_mail_keeps_its_own_structure() -> None:
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "c@example.org", "Inner ü"
    inner.set_content("Inner text\n")
    inner.add_attachment(b"a,b\n1,2\n", maintype="text", subtype="csv", filename="same.csv")
    outer = EmailMessage()
    outer["From"], outer["Subject"] = "a@example.org", "Outer"
    outer.set_content("Outer text\n")
    outer.add_attachment(inner)
    outer.add_attachment(b"c,d\n3,4\n", maintype="text", subtype="csv", filename="same.csv")

    parsed = read(outer.as_bytes())

    first, second = parsed.attachments
    assert (first["name"], first["media_type"], second["name"]) == ("Inner ü", "message/rfc822", "same.csv")
    assert first["attachments"][0]["name"] == "same.csv"
    assert parsed.markdown is not None
    assert "Outer text\n\n## Attachment: Inner ü\n\n**Subject:** Inner ü" in parsed.markdown
    assert parsed.markdown.count("## Attachment: same.csv") == 2
    assert "| 1 | 2 |" in parsed.markdown
    assert "| 3 | 4 |" in parsed.markdown


LOST = [
    (part('application/zip; name="a.zip"', specimens.zipped({"a": "b"})), "attachment a.zip: files of type application/zip are not read"),
    (part('application/ms-tnef; name="winmail.dat"', b"\x78\x9f\x3e\x22\0\1"), "attachment winmail.dat: files of type application/ms-tnef are not read"),
    (part("application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"), "attachment smime.p7m: signed text and files"),
    (part("application/pkcs7-mime; name=smime.p7m", b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"), "attachment smime.p7m: the mail is encrypted"),
    (part('application/pdf; name="c.pdf"', specimens.encrypted_pdf()), "attachment c.pdf: "),
    (part('image/png; name="scan.png"', specimens.png()), "attachment scan.png: pictures without text"),
    (part("message/external-body; access-type=URL", "x"), "attachment external-body: the mail does not hold it"),
    (part("text/plain; name=d.txt", "R3LD*tsOf", "Content-Transfer-Encoding: base64\r\n"), "attachment d.txt: its base64 is damaged"),
    (part("text/plain", "a=ZZb", "Content-Transfer-Encoding: quoted-printable\r\n"), "text: 1 places where quoted-printable is damaged"),
    (parts("multipart/encrypted", [part("application/octet-stream", "x")], "q"), "attachment encrypted content: the mail is encrypted"),
]  # fmt: skip


@pytest.mark.parametrize(("inner", "named"), LOST)
def test_what_is_not_read_is_named(inner: bytes, named: str) -> None:
    parsed = read(multipart("multipart/mixed", part("text/plain", "text"), inner))

    assert [each for each in parsed.lost if each.startswith(named)], parsed.lost


def test_signatures_and_calendars_are_no_losses() -> None:
    calendar = part("text/calendar; method=REQUEST", "BEGIN:VCALENDAR\r\nSUMMARY:Meeting 9\r\nEND:VCALENDAR")
    signed = parts(
        "multipart/signed",
        [part("text/plain", "text"), part("application/pgp-signature; name=s.asc", "-----BEGIN")],
        "q",
    )
    parsed = read(multipart("multipart/mixed", signed, calendar))

    assert parsed.lost == []
    assert "attachment s.asc: a signature" in parsed.warnings
    assert parsed.markdown is not None
    assert "SUMMARY:Meeting 9" in parsed.markdown


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (
            multipart("multipart/mixed", part("text/plain", "text"), end="x"),
            "the mail ends before its last part does",
        ),
        (mail("multipart/mixed", "text"), "its boundary is not named"),
        (mail("multipart/mixed; boundary=q", "text"), "its boundary is met nowhere"),
    ],
)
def test_broken_parts_are_read_as_far_as_they_go(data: bytes, named: str) -> None:
    parsed = read(data)

    assert "text" in (parsed.markdown or "")
    assert named in parsed.lost[0]


def test_parts_are_told_apart_without_the_boundary_that_should_be_named() -> None:
    whole = multipart("multipart/mixed", PLAIN_PART, part("text/html", "<h1>Page</h1>"))
    for broken in (
        whole.replace(b'; boundary="xyz"', b""),
        whole.replace(b'boundary="xyz"', b'boundary="zyx"'),
    ):
        assert (read(broken).markdown or "").endswith("Sum 5\n\n- one\n\n# Page")
        assert read(broken).lost


def test_a_body_that_follows_its_head_at_once_is_read() -> None:
    assert body(f"{HEAD}no empty line\r\nbefore\r\n\r\nthis".encode()) == "no empty line  \nbefore\n\nthis"
    assert (
        body(
            multipart("multipart/mixed", b"Content-Type: text/html\r\n<p>a", b"Content-Type: text/plain\r\nb")
        )
        == "a\n\nb"
    )


def test_transfer_encodings_are_undone() -> None:
    text = "Größe = 5 €"
    coded = "Content-Transfer-Encoding: "
    assert (
        body(mail("text/plain; charset=utf-8", base64.b64encode(text.encode()), f"{coded}BASE64\r\n")) == text
    )
    assert (
        body(
            mail(
                "text/plain; charset=utf-8",
                quopri.encodestring(text.encode()),
                f"{coded}quoted-printable\r\n",
            )
        )
        == text
    )
    assert body(mail("text/plain", "begin 644 a\n#0V%T\n`\nend\n", f"{coded}x-uuencode\r\n")) == "Cat"


def test_several_texts_and_a_report_are_all_read() -> None:
    data = multipart(
        "multipart/report",
        part("text/plain", "Not delivered."),
        part("message/delivery-status", "Status: 5.1.1"),
        part("text/html", "<p>Footer"),
        part("text/rfc822-headers", "Subject: gone"),
    )
    assert body(data) == "Not delivered.\n\nStatus: 5.1.1\n\nFooter\n\nSubject: gone"


def test_a_mailbox_is_read_mail_by_mail() -> None:
    one = b"From a@example.org Mon Nov  2 10:00:00 2026\n" + mail("text/plain", "First\n>From here\n")
    two = b"\nFrom b@example.org Tue Nov  3 10:00:00 2026\n" + mail("text/plain", "Second\n")
    parsed = read(one + two)

    assert parsed.markdown is not None
    assert parsed.markdown.startswith("Mailbox with 2 mails\n\n## Attachment: Case\n\n**Subject:** Case")
    assert "From here" in parsed.markdown
    assert "Second" in parsed.markdown
    assert body(one) == "First\n\n> From here"


def test_a_saved_page_is_read_as_the_page() -> None:
    page = parts(
        'multipart/related; type="text/html"', [part("text/html", "<h1>Saved</h1>"), part("text/css", "p {}")]
    )
    parsed = read(b"From: <Saved by a browser>\r\nSubject: Saved\r\nMIME-Version: 1.0\r\n" + page)

    assert parsed.markdown == "**Subject:** Saved  \n**From:** \\<Saved by a browser>\n\n# Saved"
    assert (parsed.lost, parsed.attachments) == ([], [])


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_a_mail_that_was_saved_as_text_is_read_as_a_mail(charset: str) -> None:
    assert body(mail("text/plain", "Größe").decode().encode(charset)) == "Größe"


def test_the_charset_of_an_attached_text_is_that_of_its_part() -> None:
    inner = part("text/plain; charset=koi8-r; name=a.txt", "Счёт 5".encode("koi8-r"))
    parsed = read(multipart("multipart/mixed", inner))

    assert parsed.attachments[0]["text"] == "Счёт 5"


def self_containing(levels: int) -> bytes:
    data = mail("text/plain", "innermost x")
    for level in range(levels):
        data = HEAD.encode() + parts("multipart/mixed", [part("message/rfc822", data)] * 2, f"b{level}")
    return data


HOSTILE = {
    "nested parts": HEAD.encode() + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2000)) + b"\nx",
    "one boundary": HEAD.encode() + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 5000,
    "head of 1 MB": b"From: x\n" + b"Received: " + b"by x; " * 30_000 + b"\n" + b"X-A: y\n" * 100_000 + b"Subject: x\n\nx",
    "words": b"From: x\nSubject: " + b"=?utf-8?q?x?= " * 50_000 + b"\n\nx",
    "parameters": b"From: x\nSubject: x\nContent-Type: text/plain" + b'; a="x' * 100_000 + b"\n\nx",
    "base64": HEAD.encode() + b"Content-Transfer-Encoding: base64\n\n" + b"eHh4" * 300_000,
    "quotes": HEAD.encode() + b"\n" + b">" * 200_000 + b"x\n" + b"> > x\n" * 20_000,
    "mail in mail": self_containing(7),
    "uuencoded": HEAD.encode() + b"Content-Transfer-Encoding: x-uuencode\n\n" + b"begin 644 x\n" * 50_000,
}  # fmt: skip


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_mails_made_to_hurt_are_read_all_the_same(data: bytes) -> None:
    assert "x" in (read(data).markdown or "")


def test_mail_in_mail_ends_somewhere() -> None:
    parsed = read(self_containing(7))

    assert any("more than 5 files deep" in each for each in parsed.lost)


def test_mails_are_read_by_this_engine_first() -> None:
    assert engines.route("message/rfc822", NO_OCR) == ("mail", "xberg")


def test_the_lines_of_an_invitation_are_whole() -> None:
    invitation = b"BEGIN:VCALENDAR\r\nSUMMARY:A meeting about the num\r\n ber 12\r\nEND:VCALENDAR\r\n"
    data = (
        b"Subject: s\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n"
        b"Content-Type: text/calendar; name=i.ics\r\n\r\n" + invitation + b"\r\n--q--\r\n"
    )
    assert "A meeting about the number 12" in read(data).attachments[0]["text"]
