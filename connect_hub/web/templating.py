"""`Templating`: from a page's context to HTML, through the host's templates first and ours after."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from jinja2 import (
    BaseLoader,
    BytecodeCache,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateRuntimeError,
)
from jinja2.bccache import Bucket

from connect_hub.errors import NotFound
from connect_hub.web.contexts import BrandView, Page
from connect_hub.web.languages import Language, Languages
from connect_hub.web.untrusted import clean

__all__ = ["ORIGINAL", "TEMPLATES", "Templating"]

TEMPLATES = Path(__file__).parent.parent / "templates"
"""The folder of our own templates."""

ORIGINAL = "@connect_hub"
"""The prefix under which a template of ours can be reached, whatever the host overrides."""


class Templating:
    """Renders pages. Building one does no work; an environment is made at the first page of its language.

    `overrides` are the host's folders and Jinja loaders, the first wins; ours come after all of them. A
    name that starts with `@connect_hub/` is always our own template. HTML is escaped everywhere, and a
    name that a template misspells is an error, not an empty place.
    """

    def __init__(
        self,
        *,
        brand: BrandView,
        static_url: Callable[[str], str],
        overrides: Sequence[str | Path | BaseLoader] = (),
        languages: Languages | None = None,
    ) -> None:
        self.brand = brand
        """The host's product."""
        self._url_of = static_url
        self._overrides = tuple(overrides)
        self._environments: dict[str, Environment] = {}
        self._compiled = _Compiled()
        self.languages = Languages() if languages is None else languages

    def render(self, page: Page, language: Language | None = None) -> str:
        """The HTML of `page` in `language`, by the template that its class names.

        Without a language it is the one that `page.lang` says. Raises jinja2.TemplateError where a template
        of the host's is wrong.
        """
        if language is None:
            language = self.languages.get(page.lang)
        elif (page.lang, page.dir) != (language.tag, language.dir):
            page = replace(page, lang=language.tag, dir=language.dir)
        return self._environment_of(language).get_template(page.template).render(page=page)

    @cached_property
    def environment(self) -> Environment:
        """The Jinja environment of English; a host may add its filters and globals before the first page,
        and all languages have them."""
        return self._new_environment(self.languages.get("en"))

    def _environment_of(self, language: Language) -> Environment:
        environment = self._environments.get(language.tag)
        if environment is None:
            environment = self.environment
            if language.tag != "en":
                environment = self._new_environment(language)
                environment.filters = self.environment.filters
                environment.tests = self.environment.tests
                environment.globals = {**self.environment.globals, **environment.globals}
            self._environments[language.tag] = environment
        return environment

    def _new_environment(self, language: Language) -> Environment:
        # Autoescaping by file name would leave a host's `card.j2` unescaped, so it is on for every name.
        environment = Environment(
            loader=self._loader(),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            extensions=["jinja2.ext.i18n"],
            bytecode_cache=self._compiled,
        )
        # Macros are imported without the page's context, so a language is an environment's, not a page's.
        if language.is_source:
            environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]  # added by the extension
        else:
            environment.install_gettext_translations(language, newstyle=True)  # type: ignore[attr-defined]
        # The extension's own `_` looks gettext up at each call, which doubles what a text costs.
        environment.globals["_"] = environment.globals["gettext"]
        environment.globals.update(brand=self.brand, static_url=self._static_url, plurals=language.plurals)
        environment.filters["clean"] = clean
        return environment

    def _static_url(self, name: str) -> str:
        try:
            return self._url_of(name)
        except NotFound as error:
            # The page is there, and its template is wrong: that is no 404.
            raise TemplateRuntimeError(
                f"{error.message}. A file of your own goes into a folder of PageConfig(static=[…])"
            ) from None

    def _loader(self) -> BaseLoader:
        ours = FileSystemLoader(TEMPLATES)
        hosts = (o if isinstance(o, BaseLoader) else FileSystemLoader(o) for o in self._overrides)
        return ChoiceLoader([PrefixLoader({ORIGINAL: ours}), *hosts, ours])


class _Compiled(BytecodeCache):
    """Templates compiled once for all languages: their code is the same, and most of a first page's time."""

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        code = self._codes.get(bucket.key)
        if code is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key] = bucket.bytecode_to_string()
