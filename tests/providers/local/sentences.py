# ruff: noqa: RUF001 - letters of many scripts
"""Sentences in many languages, and the charsets in which they are met."""

SENTENCES = {
    "de": "Der Rechnungsbetrag für die Lieferung der Möbel beträgt 1.250,00 € einschließlich Umsatzsteuer. Bitte überweisen Sie die Summe bis Ende März auf das unten genannte Konto. Mit freundlichen Grüßen, Jürgen Müller",
    "fr": "Le conseil a été convoqué à la mairie où l’élève a présenté son mémoire. Les dépenses de l'année passée ont été approuvées, et le maire s'est félicité de la qualité du cœur historique.",
    "es": "El señor Muñoz llegó mañana a la reunión del año pasado. ¿Dónde está la documentación? La compañía pagará los daños según el artículo número tres.",
    "pt": "A reunião da direção não aprovou as contas do ano passado. O relatório será enviado à comissão até amanhã, conforme a decisão do conselho de administração em São Paulo.",
    "pl": "Zażółć gęślą jaźń. Umowa została podpisana w środę przez obie strony, a należność zostanie uiszczona w ciągu trzydziestu dni. Świadczenie usług odbywa się w Łodzi.",
    "cs": "Příliš žluťoučký kůň úpěl ďábelské ódy. Smlouva byla podepsána ve středu a částka bude uhrazena do třiceti dnů na účet společnosti v Českých Budějovicích.",
    "hu": "Az árvíztűrő tükörfúrógép működése. A szerződést szerdán írták alá, és az összeget harminc napon belül kell kifizetni a győri székhelyű társaság számlájára.",
    "el": "Η συμφωνία υπογράφηκε την Τετάρτη και το ποσό θα καταβληθεί εντός τριάντα ημερών στον λογαριασμό της εταιρείας στην Αθήνα. Οι όροι παραμένουν αμετάβλητοι.",
    "tr": "Sözleşme çarşamba günü imzalandı ve tutar otuz gün içinde İstanbul'daki şirketin hesabına ödenecektir. Görüşmeler dışişleri bakanlığında sürüyor, kağıt işi bitti.",
    "he": "ההסכם נחתם ביום רביעי והסכום ישולם בתוך שלושים ימים לחשבון החברה בתל אביב. התנאים נותרו ללא שינוי והצדדים הודיעו על כך.",
    "ar": "تم توقيع الاتفاقية يوم الأربعاء وسيتم دفع المبلغ خلال ثلاثين يوما إلى حساب الشركة في القاهرة. تبقى الشروط دون تغيير.",
    "ru": "Договор был подписан в среду, и сумма будет выплачена в течение тридцати дней на счёт компании в Москве. Условия остаются без изменений.",
    "uk": "Договір було підписано в середу, і сума буде виплачена протягом тридцяти днів на рахунок компанії в Києві. Умови залишаються без змін, її підпис є чинним.",
    "bg": "Договорът беше подписан в сряда и сумата ще бъде изплатена в рамките на тридесет дни по сметката на дружеството в София. Условията остават непроменени.",
    "ja": "契約は水曜日に署名され、金額は三十日以内に東京の会社の口座に支払われます。条件は変更されません。ご不明な点がございましたら、お問い合わせください。",
    "zh": "合同已于星期三签署,款项将在三十天内支付到上海公司的账户。条款保持不变。如有任何疑问,请与我们联系。",
    "zht": "合約已於星期三簽署,款項將在三十天內支付到臺北公司的帳戶。條款保持不變。如有任何疑問,請與我們聯繫。",
    "ko": "계약은 수요일에 서명되었으며 금액은 삼십일 이내에 서울에 있는 회사 계좌로 지급됩니다. 조건은 변경되지 않습니다. 문의 사항이 있으면 연락해 주십시오.",
    "th": "สัญญาได้ลงนามเมื่อวันพุธ และจะมีการชำระเงินภายในสามสิบวันเข้าบัญชีของบริษัทในกรุงเทพฯ เงื่อนไขยังคงเหมือนเดิม",
    "sv": "Avtalet undertecknades på onsdagen och beloppet ska betalas inom trettio dagar till företagets konto i Göteborg. Villkoren är oförändrade, säger många åhörare.",
}

WRITTEN_IN = {
    "de": ("cp1252", "iso8859-15", "cp850", "mac-roman"),
    "fr": ("cp1252", "iso8859-15", "cp850", "mac-roman"),
    "es": ("cp1252", "cp850"),
    "pt": ("cp1252", "cp850"),
    "sv": ("cp1252", "cp850"),
    "pl": ("cp1250", "iso8859-2", "cp852"),
    "cs": ("cp1250", "iso8859-2", "cp852"),
    "hu": ("cp1250", "iso8859-2", "cp852"),
    "el": ("cp1253", "iso8859-7", "cp737"),
    "tr": ("cp1254", "cp857"),
    "he": ("cp1255", "iso8859-8", "cp862"),
    "ar": ("cp1256", "iso8859-6", "cp720"),
    "ru": ("cp1251", "koi8-r", "iso8859-5", "cp866", "mac-cyrillic"),
    "uk": ("cp1251", "koi8-u", "iso8859-5"),
    "bg": ("cp1251", "iso8859-5"),
    "ja": ("shift_jis", "euc_jp", "iso2022_jp"),
    "zh": ("gb18030", "gbk", "hz"),
    "zht": ("big5", "gb18030"),
    "ko": ("euc_kr", "iso2022_kr"),
    "th": ("cp874",),
}


def sentence(language: str, charset: str) -> str:
    """Return the sentence as far as the charset has its characters."""
    return SENTENCES[language].encode(charset, "ignore").decode(charset)
