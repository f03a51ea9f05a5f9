"""What the suite for a storage of one's own says of one that breaks its contract."""

import re
import sys
from pathlib import Path

import anyio

BROKEN = """
import pytest

from connect_hub.storage.memory import MemoryStorage
from connect_hub.storage.protocol import Storage
from connect_hub.testing import StorageConformance


class SeesOtherProjects(MemoryStorage):
    async def account(self, account_id, *, project_id=None):
        return await super().account(account_id)


class UsesStatesTwice(MemoryStorage):
    async def use_state(self, state_hash, *, now):
        return await self.state(state_hash)


class LeasesToEverybody(MemoryStorage):
    async def claim_refresh(self, account_id, *, generation, lease):
        return 1


class TestProject(StorageConformance):
    @pytest.fixture
    def storage(self) -> Storage:
        return SeesOtherProjects()


class TestState(StorageConformance):
    @pytest.fixture
    def storage(self) -> Storage:
        return UsesStatesTwice()


class TestRefresh(StorageConformance):
    @pytest.fixture
    def storage(self) -> Storage:
        return LeasesToEverybody()
"""


async def test_a_breach_is_named(tmp_path: Path) -> None:
    """A storage that breaks a clause fails the tests of that clause, whose names and first lines say what it
    is, and not the rest."""
    (tmp_path / "test_broken.py").write_text(BROKEN, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    chosen = ["-k", "project or state or refresh or lease or account"]
    run = await anyio.run_process([*command, *chosen, "test_broken.py"], cwd=tmp_path, check=False)
    said = run.stdout.decode()
    failed = re.findall(r"^FAILED \S+::Test(\w+)::(test_\w+)", said, re.M)
    assert {breach for breach, _ in failed} == {"Project", "State", "Refresh"}, said
    for breach in ("project", "state", "refresh"):
        assert any(breach in name for kind, name in failed if kind.lower() == breach), failed
    passed = re.search(r"(\d+) passed", said)
    assert passed is not None
    assert int(passed[1]) > 3 * len(failed)
    for _, name in failed:  # the clause, in words
        assert re.search(rf"def {name}\(.*?\"\"\"\w", said, re.S), name
