"""Secret: no accident takes the text out."""

import copy
import json
import logging
import pickle
from collections.abc import Callable
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect_hub.credentials import Credentials
from connect_hub.secret import Secret
from tests.leaks import reported

TEXT = "canary-5f2a9c-the-secret-q7Zx"
SECRET = Secret(TEXT)

SHOWN: dict[str, Callable[[Secret], object]] = {
    "repr": repr,
    "str": str,
    "ascii": ascii,
    "format": format,
    "format with a width": lambda secret: f"{secret:>80}",
    "format with a conversion": lambda secret: f"{secret!s} {secret!r} {secret!a}",
    "percent": lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - the old way shall not leak either
    "in a list": lambda secret: repr([secret, {"k": secret}]),
    "in credentials": lambda secret: repr(Credentials("api_key", {"api_key": secret})),
    "in an exception": lambda secret: repr(ValueError(secret)) + str(ValueError(secret)),
    "json with a default": lambda secret: json.dumps({"k": secret}, default=str),
    "dir and doc": lambda secret: repr(dir(secret)) + repr(type(secret).__dict__),
}

REFUSED: dict[str, Callable[[Secret], object]] = {
    "json": json.dumps,
    "json in a dict": lambda secret: json.dumps({"k": secret}),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "asdict": lambda secret: asdict(Credentials("api_key", {"api_key": secret})),
    "vars": vars,
    "iteration": list,  # type: ignore[dict-item]  # the mistake under test
    "equal": lambda secret: secret == "another",
    "equal to itself": lambda secret: secret == secret,
    "not equal": lambda secret: secret != "another",
    "contained": lambda secret: "another" in [secret],
    "hash": hash,
    "in a set": lambda secret: {secret},
    "as a dict key": lambda secret: {secret: 1},
    "concatenated": lambda secret: "Bearer " + secret,  # type: ignore[operator]  # the mistake under test
    "joined": lambda secret: ",".join([secret]),  # type: ignore[list-item]  # the mistake under test
    "encoded": bytes,  # type: ignore[dict-item]  # the mistake under test
    "pickle": pickle.dumps,
    "old pickle": lambda secret: pickle.dumps(secret, 0),
}


@pytest.mark.parametrize("way", SHOWN)
def test_what_can_be_shown_is_stars(way: str) -> None:
    """T46: every way to show a secret works and shows no part of it."""
    shown = str(SHOWN[way](SECRET))
    assert TEXT not in shown
    assert TEXT[-4:] not in shown


@pytest.mark.parametrize("way", REFUSED)
def test_what_would_carry_the_text_along_is_a_type_error(way: str) -> None:
    """T46: serializing, copying and comparing by == raise TypeError, and the error does not tell."""
    with pytest.raises(TypeError) as caught:
        REFUSED[way](SECRET)
    assert TEXT not in reported(caught.value)


def test_logs_show_stars(caplog: pytest.LogCaptureFixture) -> None:
    """T46: a secret as a message, an argument, or in an exception's traceback leaves no trace in a log."""
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").info(SECRET)
        logging.getLogger("test").info("%s %r", SECRET, {"k": SECRET})
        try:
            raise ValueError(SECRET)
        except ValueError:
            logging.getLogger("test").exception("failed")
    assert len(caplog.records) == 3
    assert TEXT not in caplog.text


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_reveal_and_matches(text: str, other: str) -> None:
    """`reveal` gives the text back, `matches` is equality, and only the empty secret is false."""
    secret = Secret(text)
    assert secret.reveal() == text
    assert secret.matches(text)
    assert secret.matches(other) == (text == other)
    assert bool(secret) == (text != "")


@pytest.mark.parametrize(
    ("text", "hint"), [("", ""), ("abcdefghijk", ""), ("abcdefghijkl", "ijkl"), (TEXT, "q7Zx")]
)
def test_hint(text: str, hint: str) -> None:
    """T46: at most the last four characters are shown, and none of a short secret."""
    assert Secret(text).hint() == hint


def test_only_text_is_wrapped() -> None:
    """A value that is not a str is refused, so that `b'…'` is never taken for a secret's text."""
    for wrong in (b"bytes", None, 1, Secret("x")):
        with pytest.raises(TypeError):
            Secret(wrong)  # type: ignore[arg-type]
