"""A provider for each test of this folder."""

import re
from collections.abc import Iterator

import pytest

from tests.catalog.providers import Provider

SECRET = re.compile(
    r"access-\d|refresh-\d|code-\d|s3cret|f{40}|gh-secret|xoxb|pat-|ghp_|github_pat|good|wrong"
)
"""What the codes, tokens, keys and client secrets of these tests look like."""


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider without any routes yet. T21: afterwards, no address that was called held a secret."""
    with Provider() as server:
        yield server
        for asked in server.asked:
            address = " ".join([asked.host, asked.path, *asked.query, *asked.query.values()])
            assert SECRET.search(address) is None, address
