"""Mails: plain and HTML bodies, quotes, attachments, mail in mail."""

from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP

from fidelity.made import docx_writer, pdf_layout, pdf_writer
from fidelity.made.story import Head, Teller
from fidelity.truth import Sample, Script, Truth

_HEAD = "Subject From To Date Cc Message-ID Content-Type email Attachments Attachment attachments"


def _mail(subject: str, body: str, *, charset: str = "utf-8") -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = subject
    mail["From"] = "Anna Größe <anna@example.org>"
    mail["To"] = "Bo <bo@example.org>"
    mail["Date"] = "Tue, 05 Mar 2024 10:15:00 +0100"
    mail.set_content(body, charset=charset)
    return mail


def _known(script: Script, subject: str, *, allowed: str = "", **more: str) -> Truth:
    aside = f"{subject}\nAnna Größe\nanna@example.org\nbo@example.org"
    head = f"{_HEAD} {subject} Bo Tue 05 5 Mar 2024 10:15:00 09:15:00 +0100 +01:00 2024-03-05T10:15:00+01:00 2024-03-05T09:15:00Z 2024-03-05T09:15:00+00:00 2024-03-05"
    return script.truth(aside="\n".join([aside, *more.values()]), allowed=f"{head} {allowed}")


def samples() -> Iterator[Sample]:
    yield _plain()
    yield _flowed()
    yield _html()
    yield _charset()
    yield _with_csv()
    yield _with_documents()
    yield _two_of_one_name()
    yield _inner_mail()
    yield _encoded_subject()


def _sample(name: str, mail: EmailMessage, known: Truth) -> Sample:
    data = mail.as_bytes()
    for number, part in enumerate(mail.walk()):
        boundary = part.get_boundary()
        if boundary:
            data = data.replace(boundary.encode(), f"made-{name}-{number:02}".encode())
    return Sample(f"mail/{name}.eml", data, known)


def _plain() -> Sample:
    body = "Dear Bo,\n\nthe list:\n\n- 12 chairs\n- 4 tables\n\n> Is it 12 or 14?\n> Please say.\n\n12 – as agreed.\n\nAnna\n"
    script = Script()
    script.add(*body.split("\n"))
    known = _known(script, "List 44")
    patterns = (
        r"(?m)^\s*[-*] 12 chairs\s*$",
        r"(?m)^\s*[-*] 4 tables\s*$",
        r"(?m)^\s*\\?> ?Is it 12 or 14\?",
    )
    return _sample("plain", _mail("List 44", body), _with(known, patterns))


def _with(known: Truth, patterns: tuple[str, ...]) -> Truth:
    return Truth(known.text, known.headings, known.tables, known.aside, known.allowed, known.absent, patterns)


def _flowed() -> Sample:
    """Lines that end in a space belong together."""
    mail = _mail("Flow", "x")
    del mail["Content-Type"]
    del mail["Content-Transfer-Encoding"]
    mail["Content-Type"] = 'text/plain; charset="utf-8"; format=flowed'
    body = "This sentence was broken by the \r\nmailer after 32 signs.\r\n\r\n> An answer quoted, also \r\n> broken after 24.\r\n\r\n* point 1\r\n* point 2\r\n"
    mail.set_payload(body)
    script = Script()
    script.add(body)
    known = _known(script, "Flow")
    return _sample(
        "flowed", mail, _with(known, (r"broken by the mailer after 32", r"(?m)^\s*[-*] point 1\s*$"))
    )


def _html() -> Sample:
    mail = _mail("Offer 9", "See the HTML part.")
    rows = "".join(
        f"<tr><td>{name}</td><td>{price}</td></tr>"
        for name, price in (("Item", "Price"), ("Stuhl", "45,90 €"), ("Table", "120,00 €"))
    )
    mail.add_alternative(
        f"<html><body><h2>Offer – March</h2><p>Valid for 14 days.</p><table>{rows}</table></body></html>",
        subtype="html",
    )
    script = Script()
    script.heading("Offer – March")
    script.add("Valid for 14 days.")
    script.table([("Item", "Price"), ("Stuhl", "45,90 €"), ("Table", "120,00 €")])
    return _sample("html", mail, _known(script, "Offer 9", allowed="See the HTML part"))


def _charset() -> Sample:
    script = Script()
    script.add("Grüße aus Köln, 45 € – bis Freitag!", "Ihr “Händler” 77")
    return _sample(
        "cp1252", _mail("Grüße", "\n".join(script.pieces) + "\n", charset="cp1252"), _known(script, "Grüße")
    )


def _with_csv() -> Sample:
    mail, script = _mail("Figures", "Figures attached, 3 rows.\n"), Script()
    rows = [("Ort", "Menge"), ("Köln", "17"), ("München", "23")]
    mail.add_attachment(
        "\n".join(",".join(row) for row in rows).encode(),
        maintype="text",
        subtype="csv",
        filename="figures.csv",
    )
    script.add("Figures attached, 3 rows.")
    script.table(rows)
    return _sample("csv", mail, _known(script, "Figures", name="figures.csv"))


def _with_documents() -> Sample:
    """A Word document, a PDF and a page: all are read as what they are."""
    mail, script = _mail("Three files", "Please read all 3.\n"), Script()
    script.add("Please read all 3.")
    teller = Teller("de", 700)
    grid = teller.grid(3, 3).rows
    word = docx_writer.heading("Anlage A") + docx_writer.table(
        "".join(docx_writer.row(*map(docx_writer.cell, row)) for row in grid), 3
    )
    mail.add_attachment(
        docx_writer.document(word),
        maintype="application",
        subtype="vnd.openxmlformats-officedocument.wordprocessingml.document",
        filename="a.docx",
    )
    script.heading("Anlage A")
    script.table(grid)
    text = teller.paragraph(3)
    setter = pdf_layout.Setter(pdf_layout.Layout()).story([Head("Anlage B"), text])
    mail.add_attachment(
        pdf_writer.write(setter.sheets, setter.layout.fonts),
        maintype="application",
        subtype="pdf",
        filename="b.pdf",
    )
    script.heading("Anlage B")
    script.add(text.text)
    mail.add_attachment(
        b"<h1>Anlage C</h1><p>Seite 33</p>", maintype="text", subtype="html", filename="c.html"
    )
    script.heading("Anlage C")
    script.add("Seite 33")
    return _sample("documents", mail, _known(script, "Three files", names="a.docx b.pdf c.html"))


def _two_of_one_name() -> Sample:
    mail, script = _mail("Twice", "Two notes.\n"), Script()
    script.add("Two notes.", "The first note says 111.", "The second note says 222.")
    for text in script.pieces[1:]:
        mail.add_attachment(f"{text}\n", filename="same.txt")
    return _sample("same-name", mail, _known(script, "Twice", names="same.txt same.txt"))


def _inner_mail() -> Sample:
    inner = _mail("Inner matter 88", "The inner text, paid 1,250.00 EUR.\n")
    inner.add_attachment("Inner file 91.\n", filename="inner.txt")
    outer, script = _mail("Fwd", "See below, case 87.\n"), Script()
    outer.add_attachment(inner)
    script.add(
        "See below, case 87.", "Inner matter 88", "The inner text, paid 1,250.00 EUR.", "Inner file 91."
    )
    head = "Subject From To Date Anna Größe anna@example.org Bo bo@example.org Tue 05 5 Mar 2024 10:15:00 09:15:00 +0100 2024-03-05T09:15:00Z 2024-03-05T10:15:00+01:00"
    return _sample(
        "inner-mail",
        outer,
        _known(script, "Fwd", allowed=f"{head} message eml attached inner.txt", names="inner.txt"),
    )


def _encoded_subject() -> Sample:
    script = Script()
    script.add("Сумма 4 500 рублей.")
    return _sample(
        "encoded",
        _mail("Отчёт № 17", "Сумма 4 500 рублей.\n", charset="koi8-r"),
        _known(script, "Отчёт № 17"),
    )
