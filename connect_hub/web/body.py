"""Request bodies: counted as they stream, refused past a limit, and of one content type."""

import contextlib
import json
from collections.abc import Sequence
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from connect_hub.errors import FieldError, PayloadTooLarge, UnsupportedMediaType, ValidationFailed

__all__ = ["BYTES_LIMIT", "FORM_LIMIT", "JSON_LIMIT", "read_bytes", "read_form", "read_json", "read_options"]

JSON_LIMIT = 64 * 1024
BYTES_LIMIT = 64 * 1024
FORM_LIMIT = 32 * 1024
_MAX_FORM_FIELDS = 100
_MOST_FORM = 1024 * 1024
_ENCODED = 12
"""Bytes that one character takes in an urlencoded form at most: four of UTF-8, each as `%F0`."""
_NAME_ROOM = 80


async def _read(request: Request, limit: int) -> bytes:
    """The body; its length is counted here, whatever Content-Length says."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise PayloadTooLarge(f"The request body is larger than {limit // 1024} KiB.")
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_bytes(request: Request) -> bytes:
    """The body as it is, up to 64 KiB, of whatever type. Raises PayloadTooLarge."""
    return await _read(request, BYTES_LIMIT)


async def read_json(request: Request) -> bytes:
    """The JSON text of the body, which its reader still has to understand.

    Raises UnsupportedMediaType, PayloadTooLarge; ValidationFailed for a name that stands twice in an object,
    since it is left open which of the two values counts (RFC 8259, 4).
    """
    _check_json_type(request)
    return _checked_json(await _read(request, JSON_LIMIT))


def _check_json_type(request: Request) -> None:
    if _content_type(request) != "application/json":
        raise UnsupportedMediaType


def _checked_json(body: bytes) -> bytes:
    if body.count(b":") > 1:
        with contextlib.suppress(ValueError, RecursionError):  # what else is wrong, the reader says
            _TWINS.decode(body.decode())
    return body


async def read_options(request: Request) -> bytes:
    """The JSON text of a body that may be left out, whatever type it is said to have: then it is an empty
    object. Raises what `read_json` raises."""
    body = await _read(request, JSON_LIMIT)
    if not body:
        return b"{}"
    _check_json_type(request)
    return _checked_json(body)


def _refuse_twins(pairs: list[tuple[str, object]]) -> None:
    if len(pairs) > 1 and len(dict(pairs)) != len(pairs):
        raise ValidationFailed(FieldError("body", "has the same name twice in one object"))


_TWINS = json.JSONDecoder(object_pairs_hook=_refuse_twins)


async def read_form(request: Request, asked: Sequence[int] = ()) -> dict[str, str]:
    """The fields of an urlencoded form, up to 100 and 32 KiB.

    `asked` are the lengths, in characters, of fields that a form of ours asks for: they come on top, so that
    no value which the form allows is refused for the size of them all, up to 1 MiB. Raises
    UnsupportedMediaType, PayloadTooLarge, ValidationFailed.
    """
    if _content_type(request) != "application/x-www-form-urlencoded":
        raise UnsupportedMediaType("Send the form as application/x-www-form-urlencoded.")
    limit = min(_MOST_FORM, FORM_LIMIT + sum(length * _ENCODED + _NAME_ROOM for length in asked))
    body = await _read(request, limit)
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            encoding="utf-8",
            errors="strict",
            max_num_fields=_MAX_FORM_FIELDS + len(asked),
        )
    except ValueError:  # UnicodeDecodeError is one
        raise ValidationFailed(FieldError("body", "is not a valid form")) from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValidationFailed(FieldError("body", "has a field twice"))
    return fields
