"""Which price holds for a connection."""

from docbatch.core.amounts import exactly
from docbatch.core.prices import CREDIT, Price, PriceList

PARSE = Price("cloud", "parse", credits=exactly(2), unbounded="agents")
CREDITS = Price("cloud", CREDIT, money=exactly(1))
OTHER = Price("other", "parse", money=exactly(3))
SHIPPED = (PARSE, CREDITS, OTHER)
OURS = Price("cloud", "parse", credits=exactly(1), replaced="docbatch.yaml:3")
OURS_EU = Price("eu", "parse", credits=exactly(9), unbounded="more agents")


def test_without_own_lines_the_profile_holds() -> None:
    assert PriceList("1", SHIPPED).of("cloud") == {"parse": PARSE, CREDIT: CREDITS}
    assert PriceList("1", SHIPPED).of("unheard") == {}


def test_a_line_about_a_provider_holds_for_all_its_connections() -> None:
    prices = PriceList("1", SHIPPED, (OURS,))

    assert prices.of("cloud", "eu")["parse"].credits == prices.of("cloud")["parse"].credits == exactly(1)
    assert prices.of("other")["parse"] == OTHER


def test_a_line_about_a_connection_holds_for_it_alone() -> None:
    prices = PriceList("1", SHIPPED, (OURS_EU, OURS))

    assert prices.of("cloud", "eu")["parse"].credits == exactly(9)
    assert prices.of("cloud", "us")["parse"].credits == exactly(1)


def test_what_comes_on_top_without_a_bound_stays_when_a_price_is_replaced() -> None:
    assert PriceList("1", SHIPPED, (OURS,)).of("cloud")["parse"].unbounded == "agents"
    assert PriceList("1", SHIPPED, (OURS_EU,)).of("cloud", "eu")["parse"].unbounded == "more agents"


def test_an_item_that_the_profile_lacks_has_the_price_that_is_said() -> None:
    said = Price("plugged", "page", money=exactly(4))

    assert PriceList("1", SHIPPED, (said,)).of("plugged") == {"page": said}


def test_what_has_no_number_is_not_priced() -> None:
    assert not Price("cloud", "parse").is_priced
    assert PARSE.is_priced
    assert OTHER.is_priced
    assert Price("cloud", "twice", factor=exactly(2)).is_priced
