"""The connectors that a hub offers, each with the OAuth client that the host registered for it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connect_hub.connectors import catalog
from connect_hub.connectors.logos import logo_of
from connect_hub.connectors.values import FieldValues, read_values
from connect_hub.errors import ConfigurationError, ConnectorNotFound
from connect_hub.secret import Secret

if TYPE_CHECKING:  # the models are imported when a definition is read
    from connect_hub.connectors.definition import Connector, Method, OAuth2Method

__all__ = ["ConnectorRegistry", "EnabledConnector", "OAuth"]


@dataclass(frozen=True, slots=True)
class OAuth:
    """A connector, and the OAuth client that the host registered at its provider."""

    connector: "str | Path | Connector"
    """A key of the catalogue, a TOML file, or a definition."""
    client_id: str | None = None
    client_secret: Secret | str | None = None
    """None: a public client, which the provider knows by PKCE alone."""
    scopes: Sequence[str] | None = None
    """Asked for instead of the definition's."""

    def __post_init__(self) -> None:
        if isinstance(self.client_secret, str):
            object.__setattr__(
                self, "client_secret", Secret(self.client_secret) if self.client_secret else None
            )
        if isinstance(self.scopes, str):
            raise ConfigurationError(f"OAuth({self._name!r}): scopes is a list of texts, not one text.")
        for text in (self.client_id or "", *(self.scopes or ())):
            if not text.isascii() or not text.isprintable() or " " in text:
                raise ConfigurationError(
                    f"OAuth({self._name!r}): a space or another odd character in {text!r}."
                )

    @property
    def _name(self) -> str:
        return str(self.connector) if isinstance(self.connector, str | Path) else self.connector.key

    @property
    def secret(self) -> Secret | None:
        """The client secret."""
        return self.client_secret if isinstance(self.client_secret, Secret) else None


@dataclass(frozen=True, slots=True)
class EnabledConnector:
    """One connector of a hub."""

    definition: "Connector"
    client: OAuth | None = None

    @property
    def key(self) -> str:
        return self.definition.key

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def methods(self) -> "tuple[Method, ...]":
        """What is offered, the recommended one first; OAuth only where the host gave a client."""
        offered = [m for m in self.definition.methods if self.client is not None or m.type != "oauth2"]
        return tuple(sorted(offered, key=lambda method: method is not self.definition.recommended))

    def method(self, key: str | None = None) -> "Method":
        """The offered method called `key`; None: the first. Raises KeyError."""
        for method in self.methods:
            if key is None or method.name == key:
                return method
        raise KeyError(key)

    def read(
        self, method: "Method", values: Mapping[str, object], *, kept: Iterable[str] = ()
    ) -> FieldValues:
        """The values of `method`'s form, checked: see `read_values`."""
        return read_values(
            self.definition.fields_of(method),
            values,
            allowed_hosts=self.definition.allowed_hosts,
            allow_http=self.definition.allow_http,
            kept=frozenset(kept),
        )

    def scopes(self, method: "OAuth2Method") -> tuple[str, ...]:
        """What to ask for."""
        if self.client is not None and self.client.scopes is not None:
            return tuple(self.client.scopes)
        return method.scopes


class ConnectorRegistry:
    """What a hub was configured with, checked by name at once; shipped files are read at first use.

    `items` are keys of the catalogue, `OAuth(…)`, definitions, TOML files, or folders of them. A key is
    looked up in `folders` first, then among the shipped ones; a logo in the folders `static` as well. With
    `clients_later`, one that signs in with OAuth alone may have no client id yet: operators set it.
    """

    def __init__(
        self,
        items: "Iterable[str | Path | OAuth | Connector]",
        *,
        folders: Sequence[Path] = (),
        static: Sequence[Path] = (),
        clients_later: bool = False,
    ) -> None:
        self._clients_later = clients_later
        self._static = tuple(static)
        self._logos: dict[str, Path] = {}
        self._own: dict[str, Connector] = {}
        for folder in folders:
            self._own |= catalog.read_folder(folder)
        self._definitions: dict[str, Connector | None] = {}
        self._given: dict[str, OAuth] = {}
        self._types: dict[str, tuple[str, ...]] = {}
        for item in items:
            if isinstance(item, Path) and item.is_dir():
                for connector in catalog.read_folder(item).values():
                    self._add(OAuth(connector), explicit=False)
            else:
                self._add(item if isinstance(item, OAuth) else OAuth(item), explicit=isinstance(item, OAuth))

    def _add(self, item: OAuth, *, explicit: bool) -> None:
        key, definition = self._find(item.connector)
        if key in self._definitions:
            raise ConfigurationError(f"The connector {key!r} is configured twice: remove one of the two.")
        types = (
            tuple(method.type for method in definition.methods)
            if definition is not None
            else catalog.builtin_method_types(key)
        )
        if item.client_id:
            if "oauth2" not in types:
                raise ConfigurationError(
                    f"The connector {key!r} does not sign in with OAuth 2: "
                    f"write {key!r} instead of OAuth({key!r}, …)."
                )
        elif not self._clients_later and (explicit or set(types) == {"oauth2"}):
            raise ConfigurationError(self._no_client_id(key, definition))
        logo = None if definition is None else logo_of(definition, self._static)
        if logo is not None:
            self._logos[key] = logo
        self._definitions[key] = definition
        self._given[key] = item
        self._types[key] = types

    def _find(self, wanted: "str | Path | Connector") -> "tuple[str, Connector | None]":
        if isinstance(wanted, Path):
            connector = catalog.read_file(wanted)
            return connector.key, connector
        if not isinstance(wanted, str):
            from connect_hub.connectors.definition import Connector

            if isinstance(wanted, Connector):
                return wanted.key, wanted
            raise ConfigurationError(
                f"connectors takes keys, OAuth(…), Connector(…) and paths, not {wanted!r:.80}."
            )
        if wanted in self._own:
            return wanted, self._own[wanted]
        if wanted not in catalog.builtin_keys():
            if wanted.endswith(".toml") or "/" in wanted:
                raise ConfigurationError(
                    f"There is no connector {wanted!r}. If it is a file or a folder, write Path({wanted!r})."
                )
            known = (*self._own, *catalog.builtin_keys())
            close = catalog.nearest(wanted, known)
            hint = f" Did you mean {close!r}?" if close else f" Known are: {', '.join(known)}."
            raise ConfigurationError(f"There is no connector {wanted!r}.{hint}")
        return wanted, None

    @staticmethod
    def _no_client_id(key: str, definition: "Connector | None") -> str:
        definition = catalog.builtin(key) if definition is None else definition
        pages = [m.register_url for m in definition.methods if m.type == "oauth2" and m.register_url]
        where = f" Register the client at {pages[0]}." if pages else ""
        return (
            f"The connector {key!r} signs in with OAuth 2 and has no client id: "
            f"write OAuth({key!r}, client_id=…, client_secret=…), or give the hub a dashboard to set it in."
            f"{where}"
        )

    def __len__(self) -> int:
        return len(self._definitions)

    def __iter__(self) -> Iterator[str]:
        """The keys, in the order of configuration."""
        return iter(self._definitions)

    def __contains__(self, key: object) -> bool:
        return key in self._definitions

    @property
    def oauth_keys(self) -> tuple[str, ...]:
        """The keys of the connectors that offer OAuth 2, or may with a client that operators set, and so need
        a redirect URI registered."""
        return tuple(
            key
            for key, types in self._types.items()
            if self._given[key].client_id or (self._clients_later and "oauth2" in types)
        )

    def given(self, key: str) -> OAuth:
        """What code gave with the connector: perhaps a client, perhaps scopes. Raises KeyError."""
        return self._given[key]

    def needs_client(self, key: str) -> bool:
        """Whether nobody can sign in to it without an OAuth client. Raises KeyError."""
        return set(self._types[key]) == {"oauth2"}

    def has_oauth(self, key: str) -> bool:
        """Whether OAuth is among the ways to sign in to it. Raises KeyError."""
        return "oauth2" in self._types[key]

    def get(self, key: str) -> EnabledConnector:
        """The connector called `key`, read now if it was not before.

        Raises ConnectorNotFound, which names the nearest one.
        """
        if key not in self._definitions:
            close = self.nearest(key)
            hint = f" Did you mean {close!r}?" if close else ""
            raise ConnectorNotFound(f"There is no connector {key[:64]!r} here.{hint}")
        definition = self._definitions[key]
        if definition is None:
            definition = self._definitions[key] = catalog.builtin(key)
        given = self._given[key]
        return EnabledConnector(definition, given if given.client_id else None)

    def logo_file(self, key: str) -> Path | None:
        """The file of the logo that the host's own definition names; None: there is no such."""
        return self._logos.get(key)

    def all(self) -> tuple[EnabledConnector, ...]:
        """Every connector, in the order of configuration."""
        return tuple(self.get(key) for key in self)

    def nearest(self, key: str) -> str | None:
        """The enabled key that `key` was probably meant to be."""
        return catalog.nearest(key, self)

    def check_names(self, field_name: str, keys: Iterable[str]) -> None:
        """Raise ConfigurationError for a key that no connector here has."""
        for key in sorted(keys):
            if key not in self:
                near = self.nearest(key)
                hint = f" Did you mean {near!r}?" if near else ""
                raise ConfigurationError(f"{field_name}: the hub has no connector {key!r}.{hint}")
