import pytest

from docbatch.providers.extend.content.html_tables import table_cells


def cells(html: str) -> list[tuple[int, int, str, int, int]]:
    return [(c.row, c.column, c.text, c.row_span, c.column_span) for c in table_cells(html)]


def test_cells_stand_behind_those_before_and_beside_those_from_above() -> None:
    html = (
        "before <table><thead><tr><th rowspan=2>Name</th><th colspan='2'>Sums &amp; more</th></tr>"
        "<tr><td>net<br>of all</td><td>gross</td></tr></thead><tr><td>Ann<td>1<td>2</table> <td>after</td>"
    )

    assert cells(html) == [
        (0, 0, "Name", 2, 1),
        (0, 1, "Sums & more", 1, 2),
        (1, 1, "net of all", 1, 1),
        (1, 2, "gross", 1, 1),
        (2, 0, "Ann", 1, 1),
        (2, 1, "1", 1, 1),
        (2, 2, "2", 1, 1),
    ]


@pytest.mark.parametrize("text", ["", "| a |\n| --- |", "<td>a</td>", "<table>", "<table></table><td>a"])
def test_where_there_is_no_table_there_are_no_cells(text: str) -> None:
    assert cells(text) == []


@pytest.mark.parametrize(
    ("span", "columns"), [("0", 1), ("-3", 1), ("x", 1), ("", 1), ("9" * 30, 1), ("999999", 1000), (" 2 ", 2)]
)
def test_spans_that_are_none_are_one(span: str, columns: int) -> None:
    assert cells(f'<TABLE><TD colspan="{span}" rowspan="{span}">a') == [(0, 0, "a", 1, columns)]


def test_a_span_of_rows_ends_with_the_table() -> None:
    assert cells("<table><tr><td rowspan=9>a</td></tr><tr><td>b</td></tr></table>")[0] == (0, 0, "a", 2, 1)


@pytest.mark.parametrize("odd", ["<td colspan=1000 rowspan=65534>a", "<tr><td colspan=1000 rowspan=65534>a"])
def test_a_table_that_is_made_of_spans_is_read_to_its_end(odd: str) -> None:
    assert len(cells("<table>" + odd * 30_000)) == 30_000
