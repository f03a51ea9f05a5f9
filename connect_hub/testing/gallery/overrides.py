"""`HostTemplates`: what is wrong with a host's templates, by file and line, before a customer meets it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from jinja2 import Environment, TemplateNotFound, TemplateSyntaxError, nodes
from jinja2.meta import find_referenced_templates

from connect_hub.web import contexts
from connect_hub.web.templating import ORIGINAL, TEMPLATES

__all__ = ["HostTemplates", "TemplateFinding"]

_FEW = 5
_NO_SUCH_FIELD = re.compile(r"'connect_hub\.web\.contexts\.\w+\.(\w+) object' has no attribute '(\w+)'")


@dataclass(frozen=True, slots=True)
class TemplateFinding:
    """One thing to know about one place."""

    file: Path
    line: int | None
    """None: it is about the file."""
    text: str
    breaks: bool = True
    """False: the pages work, and this has no effect on them."""

    def __str__(self) -> str:
        """As compilers say it: `file:line: what`."""
        return f"{self.where}: {self.text}"

    @property
    def where(self) -> str:
        """The file, as seen from the working folder, and the line."""
        file, folder = self.file.resolve(), Path.cwd()
        shown = file.relative_to(folder) if file.is_relative_to(folder) else file
        return str(shown) if self.line is None else f"{shown}:{self.line}"


class HostTemplates:
    """A host's `folders` of templates, as `environment` finds them: the first that has a name wins."""

    def __init__(self, folders: Sequence[Path], environment: Environment) -> None:
        self._folders = folders
        self._environment = environment
        self._ours = {
            file.relative_to(TEMPLATES).as_posix(): file for file in sorted(TEMPLATES.rglob("*.html"))
        }

    @cached_property
    def files(self) -> Mapping[str, Path]:
        """The host's files by their names as templates; hidden ones are none."""
        found: dict[str, Path] = {}
        for folder in self._folders:
            for file in sorted(folder.rglob("*")):
                name = file.relative_to(folder)
                if file.is_file() and not any(part.startswith((".", "__")) for part in name.parts):
                    found.setdefault(name.as_posix(), file)
        return found

    def findings(self) -> Iterator[TemplateFinding]:
        """What can be read in the files, without rendering a page."""
        used, guessed = self._reached()
        for name in used:
            yield from self._in_file(name, self.files[name])
        if not guessed:
            yield from self._idle_files([name for name in self.files if name not in used])

    def of(self, error: Exception) -> TemplateFinding:
        """The place in the host's files, or else in ours, that `error`, raised by rendering, comes from."""
        text = " ".join(self._explained(error).split())
        if isinstance(error, TemplateSyntaxError) and error.filename is not None:
            return TemplateFinding(Path(error.filename), error.lineno, text)
        places = []
        step = error.__traceback__
        while step is not None:
            places.append((Path(step.tb_frame.f_code.co_filename), step.tb_lineno))
            step = step.tb_next
        theirs = [place for place in places if any(place[0].is_relative_to(one) for one in self._folders)]
        ours = [place for place in places if place[0].is_relative_to(TEMPLATES)]
        file, line = (theirs or ours or places)[-1]
        return TemplateFinding(file, line, text)

    def is_theirs(self, finding: TemplateFinding) -> bool:
        """Whether it is in one of the host's files."""
        return any(finding.file.is_relative_to(folder) for folder in self._folders)

    def _reached(self) -> tuple[dict[str, None], bool]:
        """The host's names that a page gets to, and whether some of them are computed, so that others may be
        reached as well."""
        reached: dict[str, None] = {}
        guessed = False
        waiting = [name for name in self.files if name in self._ours]
        while waiting:
            name = waiting.pop(0)
            if name in reached:
                continue
            reached[name] = None
            try:
                tree = self._parsed(name)
            except (TemplateSyntaxError, UnicodeDecodeError):
                continue
            for other in find_referenced_templates(tree):
                if other is None:
                    guessed = True
                elif other in self.files:
                    waiting.append(other)
        return reached, guessed

    def _idle_files(self, names: Sequence[str]) -> Iterator[TemplateFinding]:
        """Each of `names` that may be a slip, and of the others, which may be the host's own pages, a few."""
        hints = {name: _hint(name, self._ours) for name in names}
        others = [name for name in names if not hints[name]]
        for name in [*(name for name in names if hints[name]), *others[:_FEW]]:
            yield TemplateFinding(
                self.files[name], None, f"no page uses this file{hints[name]}", breaks=False
            )
        if len(others) > _FEW:
            text = f"no page uses {len(others) - _FEW} more files"
            yield TemplateFinding(self.files[others[_FEW]].parent, None, text, breaks=False)

    def _in_file(self, name: str, file: Path) -> Iterator[TemplateFinding]:
        try:
            tree = self._parsed(name)
            self._environment.compile(tree, name, str(file))
        except TemplateSyntaxError as error:
            yield TemplateFinding(file, error.lineno, " ".join((error.message or "").split()))
            return
        except UnicodeDecodeError as error:
            yield TemplateFinding(file, None, f"this is not UTF-8 ({error.reason} at byte {error.start})")
            return
        parent = tree.find(nodes.Extends)
        if parent is not None and isinstance(parent.template, nodes.Const):
            if parent.template.value == name:
                yield TemplateFinding(file, parent.lineno, f'it extends itself. Write "{ORIGINAL}/{name}"')
                return
            yield from self._idle_blocks(file, tree, parent.template.value)
        if name.startswith("elements/") and name in self._ours:
            yield from self._macros(name, file, tree)

    def _idle_blocks(self, file: Path, tree: nodes.Template, parent: str) -> Iterator[TemplateFinding]:
        known = self._blocks_of(parent)
        if known is None:
            return
        nested = {inner.name for block in tree.find_all(nodes.Block) for inner in block.find_all(nodes.Block)}
        for block in tree.find_all(nodes.Block):
            if block.name not in known and block.name not in nested:
                text = f'"{parent}" has no block {block.name!r}{_hint(block.name, known)}'
                yield TemplateFinding(file, block.lineno, text, breaks=False)

    def _blocks_of(self, name: str) -> set[str] | None:
        """The blocks of a template and of those it extends; None where that cannot be read."""
        found: set[str] = set()
        seen: set[str] = set()
        while name not in seen:
            seen.add(name)
            try:
                tree = self._parsed(name)
            except (TemplateNotFound, TemplateSyntaxError, UnicodeDecodeError):
                return None
            found |= {block.name for block in tree.find_all(nodes.Block)}
            parent = tree.find(nodes.Extends)
            if parent is None:
                return found
            if not isinstance(parent.template, nodes.Const):
                return None
            name = parent.template.value
        return None

    def _macros(self, name: str, file: Path, tree: nodes.Template) -> Iterator[TemplateFinding]:
        """What our pages call it with has to fit."""
        theirs = {macro.name: macro for macro in tree.find_all(nodes.Macro)}
        for macro in self._parsed(f"{ORIGINAL}/{name}").find_all(nodes.Macro):
            names = [argument.name for argument in macro.args]
            signature = f"{macro.name}({', '.join(names)})"
            own = theirs.get(macro.name)
            if own is None:
                yield TemplateFinding(file, None, f"it has no macro {signature}, which the pages call")
            elif (got := [argument.name for argument in own.args])[: len(names)] != names:
                text = f"the pages call {signature}, and this is {own.name}({', '.join(got)})"
                yield TemplateFinding(file, own.lineno, text)

    def _parsed(self, name: str) -> nodes.Template:
        assert self._environment.loader is not None
        source, filename, _ = self._environment.loader.get_source(self._environment, name)
        return self._environment.parse(source, name, filename)

    def _explained(self, error: Exception) -> str:
        if isinstance(error, TemplateNotFound):
            known = [*self._ours, *self.files, *(f"{ORIGINAL}/{name}" for name in self._ours)]
            return f"there is no template {str(error)!r}{_hint(str(error), known)}"
        if isinstance(error, TemplateSyntaxError):
            return error.message or ""
        text = str(error)
        missing = _NO_SUCH_FIELD.search(text)
        if missing is not None:
            kind = getattr(contexts, missing[1], None)
            known = [field.name for field in fields(kind)] if kind is not None else []
            return f"{missing[1]} has no {missing[2]!r}{_hint(missing[2], known)}"
        return text or type(error).__name__


def _hint(name: str, known: Sequence[str] | Mapping[str, object] | set[str]) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f". Did you mean {near[0]!r}?" if near else ""
