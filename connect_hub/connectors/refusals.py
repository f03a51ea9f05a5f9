"""What is wrong with a definition, in the words of its own language."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

__all__ = ["refusals"]

_METHOD_TYPES = '"oauth2", "client_credentials", "api_key", "basic" or "custom"'
_SHAPES = {
    "key": "lower-case letters, digits, `-` and `_`, beginning with a letter",
    "logo": "the name of a file, such as acmedesk.svg or acmedesk.png: lower-case letters, digits and `-`",
    "scopes": "a scope: printable ASCII without a space, a quote or a backslash",
}
_KINDS = {
    "string": "a text in quotes",
    "int": "a whole number",
    "bool": "true or false",
    "dict": "a table: { … }",
    "model": "a table: { … }",
}


def refusals(error: "ValidationError") -> Iterator[str]:
    """One line for each problem: place, what to change. No value of the file is in it."""
    problems = error.errors(include_url=False)
    places = [problem["loc"] for problem in problems]
    for problem in problems:
        place = problem["loc"]
        # A list all of whose members are refused has too few that are not: that is no problem of its own.
        if problem["type"] == "too_short" and any(
            len(other) > len(place) and other[: len(place)] == place for other in places
        ):
            continue
        where = ".".join(str(part) for part in place)
        for line in _words(problem).splitlines():
            yield f"{where}: {line}" if where else line


def _words(problem: "ErrorDetails") -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    name = str(problem["loc"][-1]) if problem["loc"] else ""
    if kind == "value_error":
        return problem["msg"].removeprefix("Value error, ")
    if kind == "missing":
        return f"it is missing: add `{name} = …`" if name != "version" else "it is missing: add `version = 1`"
    if kind == "extra_forbidden":
        return "there is no such key: remove it, or correct its spelling"
    if kind == "literal_error":
        return f"write {_in_quotes(context)}"
    if kind == "enum":
        return f"write one of {_in_quotes(context)}"
    if kind == "union_tag_not_found":
        return f"it has no `type`: add one of {_METHOD_TYPES}"
    if kind == "union_tag_invalid":
        return f"there is no type {context.get('tag', '')!r}: write one of {_METHOD_TYPES}"
    if kind in {"tuple_type", "list_type"}:
        several = isinstance(problem["input"], Mapping)
        return (
            f"write [[{name}]], with two brackets: there may be several" if several else "write a list: [ … ]"
        )
    return _of_size(kind, context) or _of_kind(kind, problem["loc"]) or problem["msg"]


def _of_size(kind: str, context: Mapping[str, object]) -> str | None:
    limits = {
        "too_short": "write at least {min_length}",
        "too_long": "write at most {max_length}",
        "string_too_short": "it is empty: write something, or leave it out",
        "string_too_long": "it is too long: write at most {max_length} characters",
        "greater_than": "write a number greater than {gt}",
        "greater_than_equal": "write {ge} or more",
        "less_than_equal": "write {le} or less",
    }
    return limits[kind].format(**context) if kind in limits else None


def _of_kind(kind: str, place: tuple[int | str, ...]) -> str | None:
    if kind == "string_pattern_mismatch":
        name = next((str(part) for part in reversed(place) if str(part) in _SHAPES), None)
        return f"write {_SHAPES[name]}" if name is not None else "write names joined by dots, such as user.id"
    wanted = _KINDS.get(kind.partition("_")[0])
    return f"write {wanted}" if wanted is not None else None


def _in_quotes(context: Mapping[str, object]) -> str:
    return str(context.get("expected", "")).replace("'", '"')
