import pytest

from docbatch.naming.filenames import NAME_LIMIT
from docbatch.naming.picture_folders import folder_name, link, output_of, picture_name, place

NAME = picture_name(3, 0, "5d41402abc4b2a76" + "0" * 48, "png")


def test_pictures_lie_beside_their_output_under_names_that_say_what_is_in_them() -> None:
    assert place(b"a/b.pdf.md", NAME) == b"a/b.pdf.md.files/page-3-picture-1-5d41402abc4b2a76.png"
    assert place(b"b.md", NAME) == b"b.md.files/page-3-picture-1-5d41402abc4b2a76.png"


@pytest.mark.parametrize(
    ("folder", "address"),
    [
        (b"a.md.files", "a.md.files"),
        (b"a b&c#d?%20.md.files", "a%20b%26c%23d%3F%2520.md.files"),
        (b"a:(b)'\"<c>.md.files", "a%3A%28b%29%27%22%3Cc%3E.md.files"),
        ("größe.md.files".encode(), "gr%C3%B6%C3%9Fe.md.files"),
        (b"\xff.md.files", "%FF.md.files"),
    ],
)
def test_a_link_is_a_relative_url_whatever_the_name(folder: bytes, address: str) -> None:
    assert link(folder, NAME) == f"{address}/{NAME}"


@pytest.mark.parametrize("name", [b"a.md", b"n" * 249, b"n" * 250, ("ü" * 127).encode(), b"\xff" * 255])
def test_a_folder_is_called_as_every_file_system_can(name: bytes) -> None:
    folder = folder_name(b"deep/" + name)

    assert len(folder) <= NAME_LIMIT
    assert output_of(place(b"deep/" + name, NAME)) == (b"" if len(name) > 249 else b"deep/" + name)


def test_folders_of_long_names_differ() -> None:
    assert folder_name(b"n" * 254 + b"a") != folder_name(b"n" * 254 + b"b")


@pytest.mark.parametrize(
    "place", [b"a.md", b"a.md.files", b"a.md.files/x.png", b"a.md/" + NAME.encode(), NAME.encode()]
)
def test_everything_else_is_no_picture_of_an_output(place: bytes) -> None:
    assert output_of(place) is None
