"""The storage of one's own in docs/storage.md, and what the page says of the tables."""

import re
import sys
from pathlib import Path

import anyio

from connect_hub.storage.sql import Tables

PAGE = Path(__file__).resolve().parents[2] / "docs" / "storage.md"


async def test_the_storage_of_ones_own_conforms(tmp_path: Path) -> None:
    """The example passes the whole suite, as it stands there, in a project that has no settings of ours."""
    (example,) = re.findall(r"```python\n# conformance\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    (tmp_path / "test_example.py").write_text(example, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", "utf-8")
    run = await anyio.run_process(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "test_example.py"],
        cwd=tmp_path,
        check=False,
    )
    said = run.stdout.decode()
    assert run.returncode == 0, said
    passed = re.search(r"(\d+) passed", said)
    assert passed is not None
    assert int(passed[1]) > 60
    assert "skipped" not in said


def test_every_table_is_explained() -> None:
    """The page's list of tables is the list of tables."""
    explained = re.findall(r"^\| `(\w+)` \| ", PAGE.read_text("utf-8"), re.M)
    assert sorted(explained) == sorted(t.name.removeprefix("connect_hub_") for t in Tables().all())
