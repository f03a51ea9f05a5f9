"""The mail that an operator may write with a new link in it. The hub itself sends none."""

from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from connect_hub.web.dashboard.made import mail_url

LINK = "https://hub.test/connect/link#t=a.b.c"


@pytest.mark.parametrize(
    ("to", "recipient"),
    [
        ("ada@example.com", "ada@example.com"),
        ("zoë+x@exämple.com", "zoë+x@exämple.com"),
        ("a%40b@example.com", "a%40b@example.com"),
        ("ada@example.com?bcc=eve", "ada@example.com?bcc=eve"),
        ("ada@example.com&cc=eve", "ada@example.com&cc=eve"),
        ("ada@example.com,eve@evil.test", ""),
        ("ada@example.com%0D%0ABcc:eve@evil.test", ""),
        ("ada@example.com\r\nBcc: eve@evil.test", ""),
        ("Ada <ada@example.com>", ""),
        ("ada", ""),
        ("", ""),
    ],
)
def test_a_mail_has_one_recipient_and_two_fields(to: str, recipient: str) -> None:
    """T49: a name that is none of an address's names nobody, and none adds a recipient, a field or a line of
    the head; subject and body come back as they were."""
    url = mail_url(to, "Connect your tools to A&B\r\nBcc: eve@evil.test", f"Open it:\r\n\r\n{LINK}")
    assert url.isascii()
    assert url.startswith("mailto:")
    address, _, query = url.removeprefix("mailto:").partition("?")
    assert unquote(address) == recipient
    assert not set(address) & set("?&,;: ")
    fields = parse_qs(query, strict_parsing=True)
    assert fields == {
        "subject": ["Connect your tools to A&B Bcc: eve@evil.test"],
        "body": [f"Open it:\r\n\r\n{LINK}"],
    }
    assert urlsplit(url).fragment == ""
