"""PDFs with tables: ruled or not, long, sparse; statements and invoices."""

import random
from collections.abc import Iterator

from fidelity.made.pdf_layout import Layout, Rules, Setter
from fidelity.made.pdf_writer import write
from fidelity.made.story import Grid, Head, Story, Teller, truth
from fidelity.truth import Sample, Script

_RULES: dict[str, Rules] = {"ruled": "all", "booktabs": "lines", "plain": "none"}


def samples() -> Iterator[Sample]:
    yield from _tables()
    yield _statement()
    yield from _invoices()


def _tables() -> Iterator[Sample]:
    for name, rules in _RULES.items():
        for right in (False, True):
            teller = Teller("en", 20 + 2 * len(name) + right)
            first, second = teller.grid(4, 6), teller.grid(5, 8)
            story: Story = [
                Head("Figures"),
                teller.paragraph(2),
                first,
                teller.paragraph(2),
                second,
                teller.paragraph(1),
            ]
            setter = Setter(Layout())
            for block in story:
                if isinstance(block, Grid):
                    setter.table(block.rows, rules=rules, right=right)
                else:
                    setter.block(block)
            data = write(setter.sheets, setter.layout.fonts)
            yield Sample(f"pdf/table-{name}{'-right' if right else ''}.pdf", data, truth(story))
    yield _gaps()
    yield _long_table()
    yield _sparse()


def _gaps() -> Sample:
    """A table without rules, columns of words of their own width, between paragraphs."""
    rows = [("Name", "Town", "Since", "Fee"), ("Anna Lang", "Ulm", "2019", "1,250.00"), ("Jean Dupré", "Saint-Étienne", "2020", "980.50"),
            ("María Peña", "Vigo", "2021", "12.75"), ("Åke Öberg", "Malmö", "2022", "3,400.10")]  # fmt: skip
    script, setter = Script(), Setter(Layout())
    script.add("Members of the society, by year of entry, as of 1 June 2024.")
    setter.paragraph(script.pieces[0])
    script.table(rows)
    setter.table(rows, widths=[2, 2, 1, 1], rules="none")
    script.add("Fees are due on the first day of the year.")
    setter.paragraph(script.pieces[-1])
    return Sample("pdf/table-members.pdf", write(setter.sheets, setter.layout.fonts), script.truth())


def _long_table() -> Sample:
    """A ruled table over several pages; each part is read as a table."""
    teller, setter, script = Teller("en", 31), Setter(Layout(foot=lambda page: f"Page {page}")), Script()
    grid = teller.grid(5, 95).rows
    script.heading("Ledger")
    setter.block(Head("Ledger"))
    setter.table(grid)
    script.table(grid)
    numbers = "\n".join(f"Page {at + 1}" for at in range(len(setter.sheets)))
    return Sample(
        "pdf/table-long.pdf", write(setter.sheets, setter.layout.fonts), script.truth(aside=numbers)
    )


def _sparse() -> Sample:
    """A ruled table with empty cells."""
    rows = [
        ("Day", "Early", "Late", "Night"),
        ("Mon", "Kim", "", "Lee"),
        ("Tue", "", "Ada", ""),
        ("Wed", "Bo", "Cy", "Di"),
    ]
    script, setter = Script(), Setter(Layout())
    script.heading("Shifts")
    setter.block(Head("Shifts"))
    script.table(rows)
    setter.table(rows)
    return Sample("pdf/table-sparse.pdf", write(setter.sheets, setter.layout.fonts), script.truth())


def _statement() -> Sample:
    """A bank statement: no rules, amounts flush right, balances carried over."""
    chance, setter, script = (
        random.Random(60),
        Setter(Layout(foot=lambda page: f"Statement 7/2024 page {page}")),
        Script(),
    )
    lines = [
        "Account holder: Renée Müller",
        "IBAN DE02 1203 0000 0000 2020 51",
        "Period 1 July 2024 – 31 July 2024",
    ]
    script.heading("Account statement")
    setter.block(Head("Account statement"))
    for line in lines:
        script.add(line)
        setter.line(line, setter.layout.regular, 10)
    rows, balance = [("Date", "Text", "Amount", "Balance")], 150000
    for day in range(1, 28):
        amount = chance.randint(-40000, 52000)
        balance += amount
        purpose = (
            chance.choice(("Card payment", "Transfer", "Standing order", "Salary", "Rent"))
            + f" {chance.randint(1000, 9999)}"
        )
        rows.append((f"{day:02}.07.2024", purpose, f"{amount / 100:+,.2f}", f"{balance / 100:,.2f}"))
    script.table(rows)
    setter.table(rows, widths=[2, 4, 2, 2], rules="none", right=True)
    script.add(f"Closing balance {balance / 100:,.2f} EUR")
    setter.paragraph(script.pieces[-1])
    return Sample(
        "pdf/bank-statement.pdf",
        write(setter.sheets, setter.layout.fonts),
        script.truth(aside="\n".join(f"Statement 7/2024 page {at + 1}" for at in range(len(setter.sheets)))),
    )


def _invoices() -> Iterator[Sample]:
    for number, rules in enumerate(_RULES.values(), 2024107):
        teller, setter, script = Teller("de", number), Setter(Layout()), Script()
        script.heading(f"Rechnung {number}")
        setter.block(Head(f"Rechnung {number}"))
        for line in (
            "Süßwaren Größe & Söhne GmbH",
            "Königstraße 12, 70173 Stuttgart",
            f"Kunde {number % 1000}, USt-IdNr. DE123456789",
        ):
            script.add(line)
            setter.line(line, setter.layout.regular, 10)
        setter.y += 20
        rows = [("Pos.", "Bezeichnung", "Menge", "Preis €", "Summe €")]
        for at in range(1, 7):
            price = teller.chance.randint(100, 9000)
            count = teller.chance.randint(1, 40)
            rows.append(
                (
                    str(at),
                    f"Artikel {chr(64 + at)}–{at * 11}",
                    str(count),
                    f"{price / 100:.2f}",
                    f"{price * count / 100:.2f}",
                )
            )
        script.table(rows)
        setter.table(rows, widths=[1, 4, 1.3, 1.7, 2], rules=rules, right=True)
        for line in ("Zahlbar bis 30.11.2024 ohne Abzug.", "Vielen Dank für Ihren Auftrag – bis bald!"):
            script.add(line)
            setter.paragraph(line)
        yield Sample(f"pdf/invoice-{rules}.pdf", write(setter.sheets, setter.layout.fonts), script.truth())
