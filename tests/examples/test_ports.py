"""Where the examples are served."""

import re
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
REFUSED = {
    1719,
    1720,
    1723,
    2049,
    3659,
    4045,
    4190,
    5060,
    5061,
    6000,
    6566,
    6679,
    6697,
    10080,
    *range(6665, 6670),
}
"""Ports from 1024 on that browsers open nothing at (Fetch standard, "bad port")."""


@pytest.mark.parametrize("name", ["django_app", "fastapi_app", "flask_app", "headless"])
def test_a_browser_opens_the_example(name: str) -> None:
    """Its port is none that browsers refuse, and no other is named in its README."""
    served = re.search(r"^PORT = (\d+)$", (EXAMPLES / name / "__main__.py").read_text(), re.MULTILINE)
    assert served is not None
    assert int(served[1]) not in REFUSED
    told = (EXAMPLES / name / "README.md").read_text()
    assert set(re.findall(r"http://127\.0\.0\.1:(\d+)", told)) <= {served[1]}
