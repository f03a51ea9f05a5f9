"""Patterns of fields: regular expressions that Python and a browser read alike.

A browser holds a value against `new RegExp(…, "v")`, where ECMAScript knows fewer escapes than Python, and
more marks inside brackets have a meaning of their own. A pattern that it cannot read it leaves out.
"""

import re
import warnings
from collections.abc import Iterator

__all__ = ["pattern_problem"]

_ANCHORS = re.compile(r"\(\?(?!:)|^\^|(?<!\\)\$$|\\[AzZbB]")
_PIECE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)|\{[0-9]+(?:,[0-9]*)?\}|.", re.DOTALL)
_ESCAPED = frozenset(r"^$\.*+?()[]{}|/" + "dDwWsStnrvf0123456789")
_MARKED = frozenset("()[{}/|")
"""What stands in brackets with a backslash only (ECMAScript 2024, ClassSetSyntaxCharacter)."""
_TWICE = re.compile(r"([&!#$%*+,.:;<=>?@^`~])\1")


def pattern_problem(pattern: str) -> str | None:
    """What is wrong with `pattern` and what to write instead; None: Python and browsers read it alike."""
    if _ANCHORS.search(pattern):
        return "`pattern` always matches the whole value: leave out ^, $, (?…) and \\b"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # said below in words
            re.compile(pattern)
    except re.error as error:
        return f"`pattern` is not a regular expression: {error}"
    problem = next(_problems(pattern), None)
    return None if problem is None else f"`pattern`: browsers cannot read {problem}"


def _problems(pattern: str) -> Iterator[str]:
    inside: list[str] | None = None
    quantified = False
    for piece in _PIECE.findall(pattern):
        is_hyphen = inside is not None and piece == r"\-"
        if len(piece) == 2 and piece[0] == "\\" and piece[1] not in _ESCAPED and not is_hyphen:
            yield f"`{piece}`: write {piece[1]} without the backslash"
        if inside is not None:
            if piece == "]" and inside not in ([], ["^"]):
                yield from _bracket_problems(inside)
                inside = None
            else:
                inside.append(piece)
            quantified = False
            continue
        if piece == "[":
            inside = []
        elif piece == "{" and re.search(r"\{,[0-9]", pattern):
            yield "`{,`: write {0,"
        elif piece in {"{", "}", "]"}:
            yield f"a single `{piece}`: write \\{piece}"
        is_quantifier = piece in {"*", "+"} or (piece[0] == "{" and len(piece) > 1)
        if quantified and (is_quantifier or piece == "+"):
            yield f"`{piece}` behind another one: leave it out"
        quantified = is_quantifier or (piece == "?" and not quantified)


def _bracket_problems(pieces: list[str]) -> Iterator[str]:
    members = pieces[1:] if pieces[0] == "^" else pieces
    whole = f"[{''.join(pieces)}]"
    for at, piece in enumerate(members):
        if piece in _MARKED or piece == "]":
            yield f"a bare `{piece}` in {whole}: write \\{piece}"
        elif piece == "-" and not _is_range(members, at):
            yield f"a bare hyphen in {whole}: write \\-"
    double = _TWICE.search("".join(piece for piece in members if len(piece) == 1))
    if double is not None:
        yield f"`{double[0]}` in {whole}: write it once"


def _is_range(members: list[str], at: int) -> bool:
    """Whether the hyphen there stands between the ends of a range, as in `a-z`."""
    if not 0 < at < len(members) - 1:
        return False
    ends_another = at >= 3 and members[at - 2] == "-" and _is_range(members, at - 2)
    return not ends_another and not any(re.fullmatch(r"\\[dDwWsS]", members[i]) for i in (at - 1, at + 1))
