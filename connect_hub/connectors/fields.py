"""`Field`: one input of a connector's form, and what may be typed into it."""

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Self

import pydantic
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
    model_validator,
)

from connect_hub.connectors.formats import Format
from connect_hub.connectors.patterns import pattern_problem
from connect_hub.connectors.refusals import refusals
from connect_hub.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)

__all__ = ["Definition", "Field", "FieldType", "HttpsUrl", "Key", "Option", "Slug"]

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""Names a field or a variable in templates: lower-case letters, digits and `_`."""
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*$", max_length=64)]
"""Names a connector or one of its auth methods: lower-case letters, digits, `-` and `_`."""
Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]


def _https(value: str) -> str:
    if re.fullmatch(r"https://[A-Za-z0-9.-]+(?::[0-9]+)?(?:[/?#][!-~]*)?", value) is None:
        raise ValueError("write the whole address of a page, beginning with https://")
    return value


HttpsUrl = Annotated[str, AfterValidator(_https)]
"""An address that a person can open; never one that the hub calls."""


class _InWords(ModelMetaclass):
    """What a wrong part made in Python is told is what its file would be told."""

    if not TYPE_CHECKING:  # it takes what each class takes, which a type checker reads from the class

        def __call__(self, *args: object, **values: object) -> object:
            try:
                return super().__call__(*args, **values)
            except ValidationError as error:
                lines = (f"{self.__name__}: {line}" for line in refusals(error))
                raise ConfigurationError("\n".join(lines)) from None


class Definition(BaseModel, metaclass=_InWords):
    """A part of a connector's definition: frozen, and unknown keys are refused.

    Made in Python, it raises ConfigurationError, with one line a problem: place, what to do.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, hide_input_in_errors=True)


class FieldType(StrEnum):
    """Which input a field is; the values are those of the wire contract."""

    TEXT = "text"
    PASSWORD = "password"  # noqa: S105  # the name of an input type
    NUMBER = "number"
    SELECT = "select"
    TEXT_AREA = "text_area"


class Option(Definition):
    """One choice of a select."""

    value: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    """What templates get."""
    label: Text
    """What the person reads."""


class Field(Definition):
    """One input. What it holds is trimmed, checked, and then usable in templates as `{key}`."""

    key: Key
    """Its name in templates, in `setup_information` and in the wire contract."""
    label: Text
    """What the person reads above it, such as `API key`."""
    type: FieldType = FieldType.TEXT
    required: bool = True
    secret: bool = False
    """Sealed with the credentials and never shown again. `type = "password"` makes it true."""
    placeholder: Text | None = None
    """An example of a value. Never a real one."""
    help: Text | None = None
    """One or two sentences under the input: what it is and where it is found."""
    help_url: HttpsUrl | None = None
    """The provider's own page that says where to find the value."""
    prefix: Text | None = None
    """Shown before the input, such as `https://`. A pasted value that begins with it is cut."""
    suffix: Text | None = None
    """Shown after the input, such as `.zendesk.com`. A pasted value is cut where it begins."""
    format: Format = Format.TEXT
    """The shape of the value. A field used in an address's host needs `dns_label` or `host` (or options)."""
    pattern: Text | None = None
    """A regular expression that the whole value must match, besides `format`. No `^`, `$`, look-around or
    flags: browsers read it as well."""
    pattern_message: Text | None = None
    """What to change when `pattern` or `format` is not met, such as `Only the first part, without dots`."""
    options: tuple[Option, ...] = ()
    """The choices of a select."""
    default: Text | None = None
    """Filled in at first. Not for secrets."""
    max_length: Annotated[int, pydantic.Field(ge=1, le=16384)] = 500
    """In characters, after trimming."""

    @model_validator(mode="before")
    @classmethod
    def _passwords_are_secret(cls, values: object) -> object:
        if isinstance(values, dict) and values.get("type") == "password":
            return {"secret": True, **values}
        return values

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.type is FieldType.PASSWORD and not self.secret:
            raise ValueError("a password field is always secret: remove `secret = false`")
        if (self.type is FieldType.SELECT) != (self.options != ()):
            raise ValueError('`options` go with `type = "select"`, and a select needs at least one')
        if self.type is FieldType.SELECT and self.secret:
            raise ValueError("a select cannot be secret")
        if self.secret and self.default is not None:
            raise ValueError("a secret field cannot have a default")
        if len({option.value for option in self.options}) != len(self.options):
            raise ValueError("two options have the same value")
        if self.default is not None and self.options and self.default not in self.choices:
            raise ValueError("`default` is not one of the options")
        problem = None if self.pattern is None else pattern_problem(self.pattern)
        if problem is not None:
            raise ValueError(problem)
        return self

    @property
    def choices(self) -> tuple[str, ...]:
        """The values of the options."""
        return tuple(option.value for option in self.options)
