"""Lists as CSV (RFC 4180), written as they are read: a page at a time, and no further than somebody reads."""

import csv
import io
import logging
import re
from collections.abc import AsyncIterator, Sequence

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from connect_hub.audit import AuditAction
from connect_hub.errors import CrossSiteRequest, OperatorRequired, RoleRequired
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk, SignInFirst
from connect_hub.web.dashboard.listing import ROWS_AT_ONCE

__all__ = ["exported", "refuse_elsewhere"]

_FORMULA = re.compile(r"(?:^|[;\t\r\n])[\s\"]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
"""How a spreadsheet's formula begins, also behind what some take for the end of a cell and for the quote that
opens the next: a cell with one is told to be text by an apostrophe, and where it would be split, by being one
line without a semicolon or tab."""
_SPLITS = re.compile(r"[\t\r\n]+")
log = logging.getLogger("connect_hub.dashboard")


class DownloadBrokenOff(Exception):
    """The operator is gone, or has other roles: their download ends unfinished, and no browser takes it for
    whole."""


def refuse_elsewhere(request: Request) -> None:
    """Refuse an export that a link on another site asks for: it would stand in the log under the operator's
    name. Raises CrossSiteRequest."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise CrossSiteRequest


async def exported(
    pages: Pages,
    request: Request,
    desk: Desk,
    action: AuditAction,
    name: str,
    head: Sequence[str],
    rows: AsyncIterator[Sequence[str] | None],
) -> Response:
    """The download, noted in the audit log. Whoever asks for its head alone gets no row, and is not noted. It
    breaks off once the operator is gone, or has other roles. None in `rows` is one that is left out."""
    if request.method == "HEAD":
        return _csv(name, head, _nothing())
    await pages.flows.audit.write(desk.project, action, name)
    return _csv(name, head, _while_allowed(pages, request, desk, rows))


async def _while_allowed(
    pages: Pages, request: Request, desk: Desk, rows: AsyncIterator[Sequence[str] | None]
) -> AsyncIterator[Sequence[str]]:
    read = 0
    async for row in rows:
        if read and read % ROWS_AT_ONCE == 0:
            try:
                await pages.guard.look_again(request, desk)
            except (SignInFirst, OperatorRequired, RoleRequired):
                log.warning("an export was broken off: operator %r may not read on", desk.operator.id)
                raise DownloadBrokenOff from None
        if row is not None:
            yield row
        read += 1


async def _nothing() -> AsyncIterator[Sequence[str]]:
    none: tuple[Sequence[str], ...] = ()
    for row in none:
        yield row


def _csv(name: str, head: Sequence[str], rows: AsyncIterator[Sequence[str]]) -> StreamingResponse:
    """A download called `name`. It ends when the browser goes away."""

    async def lines() -> AsyncIterator[bytes]:
        yield _line(head)
        async for row in rows:
            yield _line([_text(cell) for cell in row])

    disposition = f'attachment; filename="{name}"'
    return StreamingResponse(
        lines(), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition}
    )


def _text(cell: str) -> str:
    """The cell, so that no spreadsheet calculates it."""
    return "'" + _SPLITS.sub(" ", cell).replace(";", ",") if _FORMULA.search(cell) else cell


def _line(cells: Sequence[str]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue().encode()
