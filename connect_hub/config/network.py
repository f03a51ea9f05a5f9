"""What surrounds the hub: proxies, origins, hosts, rate limits."""

import re
from dataclasses import dataclass, field

from connect_hub.config.checks import as_names, refuse, require, split_web_address
from connect_hub.net.policy import OutboundPolicy

_HOST_AND_PORT = re.compile(r"(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[1-9][0-9]{0,4})?")


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something may happen: `per_second` in the long run, `burst` at once."""

    per_second: float
    burst: int

    def __post_init__(self) -> None:
        if not (self.per_second > 0 and self.burst >= 1):
            raise refuse("rate", "per_second and burst must be positive", "Raise them.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateConfig:
    """Rate limits, counted in each process by itself. None: no limit."""

    per_api_key: Rate | None = Rate(200.0, 2000)
    per_visit: Rate | None = Rate(2.0, 60)
    per_client: Rate | None = Rate(20.0, 200)
    """For pages that need no cookie, by the client's address; a form that is refused counts as well."""
    failed_api_keys: Rate | None = Rate(0.5, 20)
    """For requests whose API key was refused, by the client's address."""
    sign_ins: Rate | None = Rate(1 / 30, 10)
    """For sign-ins to the dashboard by token, by the client's address."""
    per_operator: Rate | None = Rate(10.0, 200)
    """For the dashboard's pages and forms, by operator, whichever browser they use."""
    openings: Rate | None = Rate(1 / 60, 20)
    """For visits that are made from one link, from wherever. A browser that has one makes no other."""
    renewals: Rate | None = Rate(1 / 3600, 2)
    """For `link.renewal_requested`, by link. Past it the host is not told again, and the person sees no
    difference."""
    triggers: Rate | None = Rate(5.0, 100)
    """For what a provider sends to one account's trigger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """What surrounds the hub."""

    trusted_proxies: int = 0
    """How many proxies in front of the hub append to X-Forwarded-For; their entries name the client."""
    allow_private_hosts: frozenset[str] = frozenset()
    """`host` or `host:port` that may be called although they are private, where the configuration says so: a
    connector, or a `Webhook`. An endpoint made by API may be there with `insecure_dev` alone."""
    embed_origins: frozenset[str] = frozenset()
    """Where the host's pages may embed the hub or call it from a script: exact origins, such as
    `https://app.example.com`. Empty: nowhere; scripts on the hub's own origin may call it all the same."""
    insecure_dev: bool = False
    """Allow plain http on loopback; for development only."""
    rates: RateConfig = field(default_factory=RateConfig)

    def __post_init__(self) -> None:
        require("network.rates", self.rates, RateConfig)
        named = as_names("network.allow_private_hosts", self.allow_private_hosts)
        object.__setattr__(self, "allow_private_hosts", named)
        object.__setattr__(self, "embed_origins", as_names("network.embed_origins", self.embed_origins))
        for origin in self.embed_origins:
            parts = split_web_address(
                "network.embed_origins",
                origin,
                insecure_dev=self.insecure_dev,
                example="https://app.example.com",
            )
            if origin != f"{parts.scheme}://{parts.netloc}" or not _HOST_AND_PORT.fullmatch(parts.netloc):
                raise refuse(
                    "network.embed_origins",
                    f"{origin!r} is not an exact origin",
                    "Write scheme and host, in lower case, such as https://app.example.com, without a path "
                    "or a star.",
                )
        if isinstance(self.trusted_proxies, bool) or not 0 <= self.trusted_proxies <= 10:
            raise refuse("network.trusted_proxies", "it is a number from 0 to 10", "Count your proxies.")


def configured_policy(network: NetworkConfig) -> OutboundPolicy:
    """For addresses that the operator wrote down: those of connectors, and webhooks of the configuration."""
    return OutboundPolicy(allow_private_hosts=network.allow_private_hosts, allow_http=network.insecure_dev)


def entered_policy(network: NetworkConfig) -> OutboundPolicy:
    """For addresses that somebody with an API key, or the dashboard, enters: the public internet alone.

    What the operator allowed for addresses of their own would let that person call, and read, what is inside
    the operator's network. In development (`insecure_dev`) it is allowed for these, too.
    """
    return configured_policy(network) if network.insecure_dev else OutboundPolicy(advises=False)
