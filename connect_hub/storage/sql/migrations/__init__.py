"""From the tables of an earlier release to those of this one.

`steps` says what each version added. A table, column or index that is new joins it with its name there;
`tables` says the rest. Nothing is ever dropped, renamed or made stricter, so that the release before goes on
working on the tables of this one (R21).
"""

from connect_hub.storage.sql.migrations.ddl import statements
from connect_hub.storage.sql.migrations.fitting import explain, refuse_unless_fitting
from connect_hub.storage.sql.migrations.found import Found, look
from connect_hub.storage.sql.migrations.upgrade import upgrade

__all__ = ["Found", "explain", "look", "refuse_unless_fitting", "statements", "upgrade"]
