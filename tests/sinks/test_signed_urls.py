import json

import pytest

from docbatch.naming.signed import without_signatures

S3 = "https://b.s3.amazonaws.com/a/page.png?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=5ec2e7"


def _cut(value: object) -> object:
    return json.loads(without_signatures(json.dumps(value).encode()))


@pytest.mark.parametrize(
    "url",
    [
        S3,
        "https://b.s3.amazonaws.com/a/page.png?AWSAccessKeyId=AKIA&Expires=1&Signature=5ec2e7",
        "https://acc.blob.core.windows.net/a/page.png?sv=2024&sig=5ec2e7",
        "https://storage.googleapis.com/b/page.png?X-Goog-Signature=5ec2e7",
        "https://cdn.example.com/page.png?Expires=1&Signature=5ec2e7&Key-Pair-Id=K",
        "https://b.s3.amazonaws.com/page.png?a=1&amp;Signature=5ec2e7",
        "https://minio.example.com/page.png?X-Amz-Signature=5ec2e7",
        "https://name:5ec2e7@minio.example.com/page.png?X-Amz-Signature=5ec2e7",
        "https://b.s3.amazonaws.com/a(1)/page.png?X-Amz-Signature=5ec2e7",
        "https://b.s3.amazonaws.com/page.png?X-Amz-Signature\\u003d5ec2e7",
    ],
)
def test_credentials_in_urls_are_cut(url: str) -> None:
    cut = str(_cut(url))

    assert "5ec2e7" not in cut
    assert cut.startswith("https://")
    assert cut.endswith("page.png")


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/search?q=signature",
        "https://example.com/?design=1",
        "https://cdn.example.com/page.png?token=5ec2e7",
        "https://cdn.example.com/page.png#access_token=5ec2e7",
        "https://cdn.example.com/page.png?a=1&amp;sig=5ec2e7",
        "https://cdn.example.com/page.png?Signature=5ec2e7",
        "https://name:5ec2e7@example.com/page.png",
        "https://b.s3.amazonaws.com/page.png?versionId=1&assignature=2",
        "mail me@example.com, sig=no url",
        "http://[::1]/x?a=b",
        "\\u0026 and \\ stay",
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert _cut({"url": S3, "text": text}) == {"url": "https://b.s3.amazonaws.com/a/page.png", "text": text}


def test_the_text_around_a_url_stays() -> None:
    assert _cut(f'[page]({S3}) and "{S3}", end') == (
        '[page](https://b.s3.amazonaws.com/a/page.png) and "https://b.s3.amazonaws.com/a/page.png", end'
    )


@pytest.mark.parametrize(
    "shown",
    [
        "![page](URL)",
        "[![page]( <URL>)](x)",
        '<img alt="page" SRC = "URL">',
        "<img src='URL'>",
        "<img src=URL>",
    ],
)
def test_a_picture_no_longer_looks_like_one_on_the_web(shown: str) -> None:
    assert _cut(shown.replace("URL", S3)) == shown.replace("URL", "b.s3.amazonaws.com/a/page.png")


@pytest.mark.parametrize(
    "said", ["![a] [b](URL)", "<img alt=a> src='URL'", "](URL)", "src='URL'", "![a][b](URL)"]
)
def test_what_is_no_picture_stays_a_link(said: str) -> None:
    assert _cut(said.replace("URL", S3)) == said.replace("URL", "https://b.s3.amazonaws.com/a/page.png")


@pytest.mark.parametrize(
    "escaped", [S3.replace("/", "\\/"), S3.replace("&", "\\u0026").replace("?", "\\u003f")]
)
def test_urls_in_json_inside_a_string_are_cut(escaped: str) -> None:
    cut = str(_cut('{"url": "' + escaped + '", "next": 1}'))

    assert "5ec2e7" not in cut
    assert json.loads(cut) == {"url": "https://b.s3.amazonaws.com/a/page.png", "next": 1}
