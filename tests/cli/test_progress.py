"""What a terminal shows of long work, and whole lists."""

from collections.abc import Sequence

import pytest

from connect_hub.cli import progress
from connect_hub.cli.paging import read_all


def test_a_terminal_sees_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, and nothing of it stays in the line; into a file or a pipe nothing is written."""
    for shown in (False, True):
        monkeypatch.setattr(progress, "_on_terminal", lambda shown=shown: shown)
        with progress.counter("rows removed") as count, progress.bar("looking") as full:
            count(500)
            count(1500)
            full(250)
        written = capsys.readouterr()
        assert written.out == ""
        assert ("1,500 rows removed" in written.err) is shown
        assert written.err.endswith("\r\x1b[K") is shown
        assert ("looking" in written.err) is shown


@pytest.mark.parametrize(("limit", "sizes"), [(None, [500, 500, 500]), (700, [500, 200]), (500, [500])])
async def test_a_whole_list_is_read_a_page_at_a_time(limit: int | None, sizes: list[int]) -> None:
    """Each page begins where the one before ended; no more is asked for than is wanted."""
    rows, asked = [*range(1200)], list[int]()

    async def page(size: int, before: int | None) -> Sequence[int]:
        asked.append(size)
        begin = 0 if before is None else before + 1
        return rows[begin : begin + size]

    found = await read_all(page, lambda row: row, limit=limit)
    assert found == rows[:limit]
    assert asked == sizes


async def test_a_filtered_list_is_read_as_far_as_is_wanted() -> None:
    """Whole pages, until there are enough rows or no more."""
    rows, asked = [*range(1200)], list[int]()

    async def page(size: int, before: int | None) -> Sequence[int]:
        asked.append(size)
        begin = 0 if before is None else before + 1
        return rows[begin : begin + size]

    assert await read_all(page, lambda row: row, limit=2, wanted=lambda row: row % 400 == 399) == [399, 799]
    assert await read_all(page, lambda row: row, limit=None, wanted=lambda row: row > 1197) == [1198, 1199]
    assert asked == [500, 500, 500, 500, 500]
