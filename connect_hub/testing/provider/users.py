"""Who has an account at the simulated provider: anybody with a name."""

import hashlib
import re
from dataclasses import dataclass

__all__ = ["ProviderUser"]


@dataclass(frozen=True, slots=True)
class ProviderUser:
    """A person at the provider. The same name is always the same person."""

    name: str
    """1 to 100 printable characters."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.name.strip()) <= 100 or not self.name.isprintable():
            raise ValueError("a user's name is 1 to 100 printable characters")

    @property
    def id(self) -> str:
        """Stable, and the same for any spelling in capitals."""
        return "usr_" + hashlib.sha256(self.name.strip().casefold().encode()).hexdigest()[:12]

    @property
    def email(self) -> str:
        local = re.sub(r"[^a-z0-9]+", ".", self.name.casefold()).strip(".")
        return f"{local or self.id}@acme.example"
