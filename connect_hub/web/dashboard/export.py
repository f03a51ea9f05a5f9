"""Lists as CSV (RFC 4180), written as they are read: a page at a time, and no further than somebody reads."""

import csv
import io
import re
from collections.abc import AsyncIterator, Sequence

from starlette.responses import StreamingResponse

__all__ = ["csv_response"]

_FORMULA = re.compile(r"(?:^|[;\t\r\n])[\s\"]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
"""How a spreadsheet's formula begins, also behind what some take for the end of a cell and for the quote that
opens the next: a cell with one is told to be text by an apostrophe, and where it would be split, by the
semicolon being a comma."""


def csv_response(name: str, head: Sequence[str], rows: AsyncIterator[Sequence[str]]) -> StreamingResponse:
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
    return "'" + cell.replace(";", ",") if _FORMULA.search(cell) else cell


def _line(cells: Sequence[str]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue().encode()
