"""The hub's tables. For each later version of the schema there is a migration like this one, without
`is_first`."""

from typing import ClassVar

from django.db import migrations

from connect_hub.hosts.django.schema import UpgradeTables


class Migration(migrations.Migration):
    """An empty database, or one that `connect-hub db upgrade` made, gets what it lacks."""

    initial = True
    dependencies: ClassVar[list[tuple[str, str]]] = []
    operations: ClassVar = [UpgradeTables(2, is_first=True)]
