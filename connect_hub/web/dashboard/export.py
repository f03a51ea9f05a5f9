"""Lists as CSV (RFC 4180), written as they are read: a page at a time, and no further than somebody reads."""

import csv
import io
from collections.abc import AsyncIterator, Sequence

from starlette.responses import StreamingResponse

__all__ = ["csv_response"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a spreadsheet's formula begins: a cell that does is told to be text by an apostrophe."""


def csv_response(name: str, head: Sequence[str], rows: AsyncIterator[Sequence[str]]) -> StreamingResponse:
    """A download called `name`. It ends when the browser goes away."""

    async def lines() -> AsyncIterator[bytes]:
        yield _line(head)
        async for row in rows:
            yield _line([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row])

    disposition = f'attachment; filename="{name}"'
    return StreamingResponse(
        lines(), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition}
    )


def _line(cells: Sequence[str]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue().encode()
