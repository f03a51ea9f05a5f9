"""Patterns of fields: what is accepted, a browser reads as well."""

import json
import subprocess

import pytest

from connect_hub.connectors import catalog
from connect_hub.connectors.patterns import pattern_problem

READ_ALIKE = [
    r"[a-z_\-]+", r"[\w.\-]+", r"[!-~]+", r"[^\/]+", r"a{2,3}", r"a+?", r"a??", r"a{2}?", r"\{x\}",
    r"[\]a]", r"ad_[0-9a-f]{32}", r"(?:a|b)+", r"(a)\1", r"[^^]", r"é\u00e9\x41[\u0041-\u0043]", r"[+-.]",
    r"a\/b", r"[\\]", r"[\t -~]", "#", r"\.",
]  # fmt: skip  # one a line would be twenty lines of nothing
READ_BY_PYTHON_ALONE = [
    r"[a-z_-]+", r"[-a]", r"[a-z-9]", r"[\w-]", r"[a-c-e]", r"[+--]", r"[[:alpha:]]+", r"[()]", r"[^/]+",
    r"[]a]", r"[^]a]", r"[a|b]", r"[{}]", r"[!!]", r"[a^^]", r"a{,3}", r"a++", r"a?+", r"a{2}+", r"{x}",
    r"x]", r"\@", r"\-", r"[\@]", r"a\ b",
]  # fmt: skip  # the same
READS = """
const reads = (pattern, flags) => {
  try { new RegExp(`^(?:${pattern})$`, flags); return true; } catch { return false; }
};
const tried = JSON.parse(process.argv[1]);
console.log(JSON.stringify(tried.map((one) => reads(one, "u") && reads(one, "v"))));
"""


@pytest.mark.filterwarnings("error")
def test_what_is_accepted_a_browser_can_read() -> None:
    """Each pattern is compiled as an input's `pattern` is, and as our script does it: what is accepted
    compiles, and what is refused, for a reason, does not. Those of the shipped connectors are accepted."""
    shipped = [
        field.pattern
        for key in catalog.builtin_keys()
        for method in catalog.builtin(key).methods
        for field in catalog.builtin(key).fields_of(method)
        if field.pattern is not None
    ]
    accepted = [*READ_ALIKE, *shipped]
    tried = json.dumps([*accepted, *READ_BY_PYTHON_ALONE])
    answer = subprocess.run(["node", "-e", READS, tried], capture_output=True, text=True, check=True)
    read = json.loads(answer.stdout)
    assert read == [True] * len(accepted) + [False] * len(READ_BY_PYTHON_ALONE)
    assert [pattern_problem(pattern) for pattern in accepted] == [None] * len(accepted)
    for pattern in READ_BY_PYTHON_ALONE:
        assert str(pattern_problem(pattern)).startswith("`pattern`: browsers cannot read "), pattern
    assert "write \\-" in str(pattern_problem("[a-z_-]+"))
    assert "write {0," in str(pattern_problem("a{,3}"))
    assert pattern_problem("[a&&b]") is not None, "a browser reads it, as something else"
