"""The one table from errors to the wire."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest

from connect_hub import errors
from connect_hub.clock import FixedClock
from connect_hub.errors import (
    ConnectHubError,
    FieldError,
    IdentityChanged,
    ProviderError,
    RateLimited,
    ValidationFailed,
)
from connect_hub.web.errors import STATUS, error_headers, error_response

CLOCK = FixedClock(datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC))


UNWELL = {
    "missing_tables": "storage_unavailable",
    "refresh_failed": "refresh_failed",
    "storage_unavailable": "storage_unavailable",
    "wrong_keys": "storage_unavailable",
    "wrong_schema": "storage_unavailable",
}
"""What a 503 is called on the wire."""


def leaves(root: type[ConnectHubError] = ConnectHubError) -> Iterator[type[ConnectHubError]]:
    yield root
    for leaf in root.__subclasses__():
        yield from leaves(leaf)


def code_of(leaf: type[ConnectHubError]) -> str:
    return leaf.code


def test_every_error_has_a_status_and_no_status_is_without_an_error() -> None:
    """The table covers each error of the package by a code of its own, and nothing else."""
    codes = [leaf.code for leaf in leaves() if leaf.__module__.startswith("connect_hub.")]
    assert sorted(codes) == sorted(set(codes))
    assert set(codes) == STATUS.keys()
    assert all(400 <= HTTPStatus(status) < 600 for status in STATUS.values())
    exported: set[object] = {getattr(errors, name) for name in errors.__all__} - {FieldError}
    assert {leaf for leaf in leaves() if leaf.__module__.startswith("connect_hub.errors.")} == exported


LEAVES = sorted(leaves(), key=code_of)


@pytest.mark.parametrize("leaf", LEAVES)
def test_every_refusal_has_the_shape_of_the_contract(leaf: type[ConnectHubError]) -> None:
    """Contract 0.5: statusCode, message, timestamp with offset, errorCode; 5xx say nothing of what broke."""
    error = leaf.__new__(leaf)
    ConnectHubError.__init__(error, None if STATUS[leaf.code] < 500 else "inner detail")
    if isinstance(error, RateLimited):
        error.retry_after = timedelta(seconds=1)
    if isinstance(error, ValidationFailed):
        error.details = (FieldError("a.b", "is wrong"),)
    if isinstance(error, ProviderError):
        error.provider_message = "x" * 500
    if isinstance(error, IdentityChanged):
        error.before, error.after = "Ada", "Bob"
    response = error_response(error, CLOCK)
    body = json.loads(bytes(response.body))
    assert body["statusCode"] == response.status_code == STATUS[leaf.code]
    assert body["timestamp"] == "2026-01-02T03:04:05.678Z"
    assert body["message"]
    assert "inner detail" not in body["message"]
    assert body["errorCode"] == (
        leaf.code if response.status_code < 500 else UNWELL.get(leaf.code, "internal_error")
    )
    assert ("details" in body) == isinstance(error, ValidationFailed)
    assert len(body.get("provider_response", "")) == (200 if isinstance(error, ProviderError) else 0)
    assert ("www-authenticate" in response.headers) == (response.status_code == 401)


@pytest.mark.parametrize(("wait", "said"), [(0.0, "1"), (0.2, "1"), (1.0, "1"), (1.2, "2"), (90.0, "90")])
def test_retry_after_is_in_whole_seconds_rounded_up(wait: float, said: str) -> None:
    """T39: whoever waits as long as told is not refused again."""
    assert error_headers(RateLimited(timedelta(seconds=wait))) == {"Retry-After": said}
