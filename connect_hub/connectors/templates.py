"""Templates: text with `{name}` in it, for headers and bodies, and for addresses, where each value is checked
and encoded for its place and can move neither the host nor a path's segments (CVE-2026-92804 was that)."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from connect_hub.connectors.formats import Format, host_is_allowed, matches
from connect_hub.errors import WrongAddress

__all__ = ["AddressRules", "TemplateError", "UrlTemplate", "Variable", "fill", "names"]

_NAME = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_URL = re.compile(
    r"(?:(?P<scheme>https?)://(?P<host>[^/?#:@\[\]]+)(?P<port>:[0-9]{1,5})?|(?P<origin>\{[a-z0-9_]+\}))?"
    r"(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?"
)


class TemplateError(ValueError):
    """A template that is not written correctly; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Variable:
    """What a template may name, and what its value is known to look like."""

    name: str
    format: Format = Format.TEXT
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    secret: bool = False
    optional: bool = False
    """Whether there may be no value; then it cannot stand in an address."""

    @property
    def is_bounded(self) -> bool:
        """Whether its values are limited enough to stand in an address at all."""
        return self.format is not Format.TEXT or self.pattern is not None or self.choices != ()


@dataclass(frozen=True, slots=True)
class AddressRules:
    """What an address made from a template must obey."""

    variables: Mapping[str, Variable]
    allowed_hosts: Sequence[str] = ()
    allow_http: bool = False


@lru_cache(maxsize=4096)
def names(template: str) -> frozenset[str]:
    """The names in `template`. Raises TemplateError for a brace that is no `{name}`."""
    rest = _NAME.sub("", template)
    if "{" in rest or "}" in rest:
        raise TemplateError(f"{template!r} has a brace that is not part of a {{name}}")
    return frozenset(_NAME.findall(template))


def fill(template: str, values: Mapping[str, str], encode: Callable[[str], str] = str) -> str:
    """`template` with each `{name}` replaced by `encode(values[name])`; KeyError for an absent name.

    A value is never read as a template in its turn.
    """
    return _NAME.sub(lambda match: encode(values[match[1]]), template)


@dataclass(frozen=True, slots=True)
class UrlTemplate:
    """An address with variables: absolute, or relative to another one when it begins with `/`."""

    text: str
    scheme: str
    host: str
    port: str
    origin: str
    """The name of the variable that stands for scheme and host, or an empty string."""
    path: str
    query: str

    @classmethod
    def parse(cls, text: str) -> "UrlTemplate":
        """Raises TemplateError for anything but `https://host/path?query` or `/path?query`."""
        return _parse(text)

    @property
    def is_relative(self) -> bool:
        return not self.host and not self.origin

    def on(self, base: "UrlTemplate") -> "UrlTemplate":
        """This address, put behind `base` when it is relative."""
        if not self.is_relative:
            return self
        return UrlTemplate.parse(base.text.rstrip("/") + self.text)

    def check(self, rules: AddressRules) -> None:
        """That no value can take the address elsewhere. Raises TemplateError that says what to change."""
        for name in sorted(names(self.text)):
            variable = rules.variables.get(name)
            if variable is None:
                raise TemplateError(f"{self.text!r} names {{{name}}}, which is no field or token variable")
            if variable.secret:
                raise TemplateError(
                    f"{self.text!r} has the secret {{{name}}} in it: secrets go in headers or bodies"
                )
            if variable.optional:
                raise TemplateError(f"{{{name}}} may be absent, but {self.text!r} needs it: make it required")
            if not variable.is_bounded:
                raise TemplateError(f"{{{name}}} is used in {self.text!r}: give it a `format` or `pattern`")
        if self.scheme == "http" and not rules.allow_http:
            raise TemplateError(f"{self.text!r} is not https")
        if self.origin:
            name = self.origin
            if rules.variables[name].format is not Format.ORIGIN:
                raise TemplateError(f'{self.text!r} begins with {{{name}}}: give it `format = "origin"`')
            if not rules.allowed_hosts:
                raise TemplateError(f"{self.text!r} needs `allowed_hosts`, such as ['.example.com']")
        elif names(self.host):
            self._check_host(rules)

    def _check_host(self, rules: AddressRules) -> None:
        if not rules.allowed_hosts:
            raise TemplateError(f"{self.text!r} needs `allowed_hosts`, such as ['.example.com']")
        hosts = [self.host]
        for name in sorted(names(self.host)):
            variable = rules.variables[name]
            if variable.choices:
                hosts = [host.replace(f"{{{name}}}", choice) for host in hosts for choice in variable.choices]
            elif variable.format is Format.HOST:
                if self.host != f"{{{name}}}":
                    raise TemplateError(f'{{{name}}} has `format = "host"` and must be the whole host')
                return
            elif variable.format is not Format.DNS_LABEL:
                raise TemplateError(
                    f'{{{name}}} stands in the host of {self.text!r}: give it `format = "dns_label"`'
                )
        for host in hosts:
            tail = host.rpartition("}")[2]
            covered = _is_host(_NAME.sub("x", host)) and (
                host_is_allowed(host, rules.allowed_hosts)
                if tail == host
                else any(entry.startswith(".") and tail.endswith(entry) for entry in rules.allowed_hosts)
            )
            if not covered:
                raise TemplateError(
                    f"the host {host!r} of {self.text!r} is not covered by `allowed_hosts` "
                    f"({', '.join(rules.allowed_hosts)})"
                )

    def render(self, values: Mapping[str, str], rules: AddressRules) -> str:
        """The address for `values`, each checked again and encoded for its place.

        Raises WrongAddress, with the field to look at, for an absent or unfit value.
        """
        for name in sorted(names(self.text)):
            self._check_value(name, values.get(name), rules)
        if self.origin:
            origin = values[self.origin]
        else:
            host = fill(self.host, values)
            if names(self.host) and not (_is_host(host) and host_is_allowed(host, rules.allowed_hosts)):
                raise WrongAddress(field=min(names(self.host)))
            origin = f"{self.scheme}://{host}{self.port}"
        query = f"?{fill(self.query, values, _encode)}" if self.query else ""
        return origin + fill(self.path, values, _encode) + query

    @staticmethod
    def _check_value(name: str, value: str | None, rules: AddressRules) -> None:
        variable = rules.variables.get(name)
        if value is None or variable is None or variable.secret:
            raise WrongAddress(field=name)
        fits = (
            value in variable.choices
            if variable.choices
            else matches(
                variable.format, value, allowed_hosts=rules.allowed_hosts, allow_http=rules.allow_http
            )
            and (variable.pattern is None or re.fullmatch(variable.pattern, value) is not None)
        )
        if not fits or not value.strip(".") or not value.isprintable():
            raise WrongAddress(field=name)


def _is_host(host: str) -> bool:
    return len(host) <= 253 and all(matches(Format.DNS_LABEL, label) for label in host.split("."))


def _encode(value: str) -> str:
    return quote(value, safe="")


@lru_cache(maxsize=4096)
def _parse(text: str) -> UrlTemplate:
    names(text)
    match = _URL.fullmatch(text)
    if match is None or not text or not text.isascii() or not text.isprintable() or " " in text:
        raise TemplateError(
            f"{text!r} is not an address: write https://host/path, or /path to stay under base_url"
        )
    origin = (match["origin"] or "").strip("{}")
    host = match["host"] or ""
    literal = _NAME.sub("x", host)
    if host and (literal != literal.lower() or not all(_label(label) for label in literal.split("."))):
        raise TemplateError(f"the host of {text!r} is not a host name in lower case")
    if not host and not origin and not text.startswith("/"):
        raise TemplateError(f"{text!r} is not an address: begin it with https:// or /")
    path = match["path"] or ""
    if any(set(segment) == {"."} for segment in path.split("/")) or "\\" in path or "//" in path:
        raise TemplateError(f"the path of {text!r} has an empty or dotted segment, or a backslash")
    return UrlTemplate(
        text=text,
        scheme=match["scheme"] or "",
        host=host,
        port=match["port"] or "",
        origin=origin,
        path=path,
        query=match["query"] or "",
    )


def _label(label: str) -> bool:
    return matches(Format.DNS_LABEL, label)
