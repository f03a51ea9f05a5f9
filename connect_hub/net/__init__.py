"""The one way out: every HTTP request of the hub to somebody else's server goes through `Outbound`.

`Outbound` is loaded when it is first asked for, so that naming a policy costs no HTTP client's import.
"""

from typing import TYPE_CHECKING

from connect_hub.net.answer import Answer, Headers, NotJSON
from connect_hub.net.limits import CLIENT_LIMITS, Limits
from connect_hub.net.policy import OutboundPolicy
from connect_hub.net.resolver import Resolver, SystemResolver
from connect_hub.net.target import Target
from connect_hub.net.transport import Transport

if TYPE_CHECKING:
    from connect_hub.net.outbound import Outbound

__all__ = [
    "CLIENT_LIMITS",
    "Answer",
    "Headers",
    "Limits",
    "NotJSON",
    "Outbound",
    "OutboundPolicy",
    "Resolver",
    "SystemResolver",
    "Target",
    "Transport",
]


def __getattr__(name: str) -> object:
    if name == "Outbound":
        from connect_hub.net.outbound import Outbound

        return Outbound
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
