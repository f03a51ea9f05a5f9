"""Where a page begins, in a form that every database reads from an index."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_

from connect_hub.storage.rows import milliseconds

__all__ = ["older"]


def older(
    at: ColumnElement[int], row_id: ColumnElement[object], position: tuple[datetime, object]
) -> ColumnElement[bool]:
    """Rows that come after `position` in a list that is newest first.

    The first comparison says nothing new. It is what an index is entered by: of an OR alone, PostgreSQL makes
    a filter over all rows of the pages before.
    """
    instant, last = milliseconds(position[0]), position[1]
    return and_(at <= instant, or_(at < instant, row_id < last))
