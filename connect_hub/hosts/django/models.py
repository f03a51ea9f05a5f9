"""The hub's tables as Django sees them: for reading, joining and foreign keys.

There is one unmanaged model for each table: `Session`, `Account`, `Event`, `Delivery` and so on, with the
columns of the table. Times are whole milliseconds since 1970. Write through the hub, which keeps accounts,
events and sealed credentials together.
"""

from django.db import models

from connect_hub.hosts.django.schema import described

__all__: list[str] = []

for _name, _fields, _options in described():
    _meta = type("Meta", (), {**_options, "app_label": "connect_hub"})
    globals()[_name] = type(_name, (models.Model,), {"__module__": __name__, "Meta": _meta, **_fields})
