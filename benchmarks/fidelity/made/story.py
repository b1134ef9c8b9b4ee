"""What the made documents tell: blocks that every format can show, and words to fill them with."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from fidelity.truth import Script, Truth


@dataclass(frozen=True, slots=True)
class Head:
    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Para:
    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """List items as (depth, text); depth 0 is the outermost."""

    items: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    rows: tuple[tuple[str, ...], ...]


Block = Head | Para | Items | Grid
Story = Sequence[Block]


def truth(story: Story) -> Truth:
    script = Script()
    for block in story:
        match block:
            case Head():
                script.heading(block.text)
            case Para():
                script.add(block.text)
            case Items():
                script.add(*(text for _, text in block.items))
            case Grid():
                script.table(block.rows)
    return script.truth()


WORDS = {
    "en": ["the", "audit", "found", "that", "each", "branch", "keeps", "its", "own", "ledger", "while", "deliveries", "arrive", "from", "the", "northern", "depot", "before", "noon", "and", "invoices", "are", "matched", "against", "orders", "by", "hand", "which", "takes", "the", "staff", "most", "of", "a", "morning"],
    "de": ["die", "Prüfung", "ergab", "dass", "jede", "Niederlassung", "größere", "Bestände", "führt", "während", "Lieferungen", "aus", "dem", "nördlichen", "Lager", "früh", "eintreffen", "und", "Rechnungen", "müssen", "überprüft", "werden", "außer", "bei", "Beträgen", "über", "tausend", "Euro"],
    "fr": ["l’année", "dernière", "a", "été", "marquée", "par", "une", "forte", "hausse", "des", "coûts", "où", "chaque", "élève", "reçoit", "un", "dîner", "à", "l’école", "grâce", "à", "l’aide", "du", "département", "et", "sa", "cœur", "de", "métier", "reste", "là"],
    "es": ["el", "año", "pasado", "señaló", "que", "cada", "niño", "recibió", "más", "información", "según", "la", "dirección", "del", "área", "técnica", "mientras", "jamás", "llegó", "el", "camión", "también", "esperó", "mañana", "después"],
    "pl": ["żółta", "łódź", "płynie", "późną", "nocą", "gdzieś", "między", "brzegami", "a", "źródło", "tej", "rzeki", "leży", "wśród", "gór", "więc", "ścieżka", "wiedzie", "często", "przez", "las"],
    "cs": ["příliš", "žluťoučký", "kůň", "úpěl", "ďábelské", "ódy", "když", "děti", "šly", "dlouhou", "cestou", "přes", "řeku", "až", "ke", "břehu", "kde", "čekal", "větší", "člun"],
    "ru": ["прошлой", "осенью", "каждый", "склад", "получил", "новые", "книги", "учёта", "и", "отчёты", "проверяли", "вручную", "пока", "машины", "ждали", "утренней", "погрузки"],
    "el": ["το", "περασμένο", "φθινόπωρο", "κάθε", "αποθήκη", "έλαβε", "νέα", "βιβλία", "και", "οι", "αναφορές", "ελέγχθηκαν", "με", "το", "χέρι", "πριν", "από", "το", "μεσημέρι"],
    "tr": ["geçen", "güz", "her", "şube", "yeni", "çizelgeler", "aldı", "ve", "ölçümler", "gün", "boyu", "elle", "yapıldı", "çünkü", "ışık", "değişiyordu"],
}  # fmt: skip

_TITLES = {
    "en": ("Annual report", "Findings", "Method", "Figures by branch", "Open points", "Outlook"),
    "de": ("Jahresbericht", "Ergebnisse", "Prüfverfahren", "Zahlen je Filiale", "Offene Punkte", "Übersicht"),
    "fr": ("Rapport général", "Résultats", "Méthode", "Chiffres clés", "À suivre", "Élan"),
    "es": ("Informe anual", "Señales", "Método", "Cifras básicas", "Más tarde", "Año próximo"),
    "pl": ("Źródła", "Wyniki", "Sposób", "Liczby główne", "Część trzecia", "Żółte karty"),
    "cs": ("Výroční zpráva", "Závěry", "Způsob měření", "Čísla poboček", "Otevřené body", "Výhled"),
    "ru": ("Годовой отчёт", "Выводы", "Способ", "Числа складов", "Вопросы", "Планы"),
    "el": ("Ετήσια έκθεση", "Ευρήματα", "Μέθοδος", "Αριθμοί", "Ζητήματα", "Προοπτικές"),
    "tr": ("Yıllık özet", "Bulgular", "Yöntem", "Şube sayıları", "Açık işler", "Görünüm"),
}


class Teller:
    """Tells of one language, the same from the same seed."""

    def __init__(self, language: str, seed: int) -> None:
        self.language = language
        self.chance = random.Random(f"{language}{seed}")

    def sentence(self, words: int = 14) -> str:
        chosen = [self.chance.choice(WORDS[self.language]) for _ in range(words)]
        chosen[words // 2] = self.number()
        text = " ".join(chosen)
        return f"{text[0].upper()}{text[1:]}."

    def paragraph(self, sentences: int = 4) -> Para:
        return Para(" ".join(self.sentence() for _ in range(sentences)))

    def number(self) -> str:
        kinds = (
            lambda: f"{self.chance.randint(2019, 2026)}-{self.chance.randint(1, 99999):05}",
            lambda: (
                f"{self.chance.randint(1, 999)},{self.chance.randint(100, 999)}.{self.chance.randint(10, 99)}"
            ),
            lambda: (
                f"{self.chance.randint(1, 28)}/{self.chance.randint(1, 12)}/{self.chance.randint(2019, 2026)}"
            ),
            lambda: f"{self.chance.randint(1, 99)}.{self.chance.randint(1, 9)}%",
            lambda: f"A{self.chance.randint(100, 999)}-{self.chance.randint(10, 99)}",
        )
        return self.chance.choice(kinds)()

    def items(self, count: int = 4, *, depth: int = 1) -> Items:
        return Items(tuple((at % (depth + 1), self.sentence(7)) for at in range(count)))

    def grid(self, columns: int = 4, rows: int = 5) -> Grid:
        titles = ("Item", "Quantity", "Unit price", "Net total", "VAT", "Gross", "Booked")[:columns]
        body = [self._row(columns, at) for at in range(rows)]
        return Grid((titles, *body))

    def _row(self, columns: int, at: int) -> tuple[str, ...]:
        word = self.chance.choice([word for word in WORDS[self.language] if len(word) > 3])
        figures = [
            f"{self.chance.randint(1, 9999)}.{self.chance.randint(10, 99)}" for _ in range(columns - 1)
        ]
        return (f"{word} {at + 1}", *figures)

    def story(self, sections: int = 3, *, columns: int = 4) -> list[Block]:
        """Return a report with headings on two levels, paragraphs, a list and a table."""
        titles = _TITLES[self.language]
        blocks: list[Block] = [Head(titles[0]), self.paragraph(2)]
        for at in range(sections):
            blocks += [Head(f"{at + 1}. {titles[1 + at % 5]}", 2), self.paragraph(3)]
            if at % 3 == 0:
                blocks += [self.grid(columns), self.paragraph(2)]
            if at % 3 == 1:
                blocks += [self.items(), self.paragraph(2)]
        return blocks


TYPOGRAPHY = (
    Head("Dashes – and “quotes”"),
    Para("From 1990–1995 the office—then new—served 40 % of “clients” and their ‘partners’."),
    Para("A–1 and B–22 cost €45 each; »Guillemets« and «guillemets» and „low“ quotes… and so on."),
    Para("Temperature −5 °C to +12 °C, ± 0.5, ½ of ¾, 5 × 3, 10 ÷ 2, §12, ©2024, ® and ™, 3² + 4³, µm."),
    Para("Naïve façade, Ångström, Œuvre, Straße, señor, smørrebrød, São Paulo, Zürich, œdème, Þór."),
)
