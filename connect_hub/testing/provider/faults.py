"""Fault switches: what can go wrong at a provider, one switch each."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from connect_hub.testing.tally import Hold

__all__ = ["Fault", "FaultPoint", "Faults"]


class FaultPoint(StrEnum):
    """Where a fault can be put."""

    AUTHORIZE = "authorize"
    TOKEN = "token"  # noqa: S105 - a place, no secret
    REVOKE = "revoke"
    API = "api"


class Fault(StrEnum):
    """What goes wrong. The comment says where it can be put."""

    UNAVAILABLE = "unavailable"
    """503. Everywhere."""
    RATE_LIMITED = "rate_limited"
    """429 with `Retry-After`. Token, revoke, API."""
    HTML = "html"
    """200 with an HTML page. Token, revoke, API."""
    REDIRECT = "redirect"
    """307 to another host, which a careless client follows with its secrets. Token, revoke, API."""
    ERROR_WITH_200 = "error_with_200"
    """200 with a JSON error. Token, API."""
    FORBIDDEN = "forbidden"
    """403, although the credentials are fine. API."""
    UNAUTHORIZED = "unauthorized"
    """401, although the credentials are fine. API."""
    INVALID_GRANT = "invalid_grant"
    """`invalid_grant`, although the code or refresh token is fine. Token."""
    ANSWER_LOST = "answer_lost"
    """The request is carried out, and a refresh token so spent, but the answer is a 503. Token, revoke."""
    MISSING_EXPIRES_IN = "missing_expires_in"
    """Token."""
    EXPIRES_IN_AS_TEXT = "expires_in_as_text"
    """`"expires_in": "3600"`. Token."""
    NO_NEW_REFRESH_TOKEN = "no_new_refresh_token"  # noqa: S105 - a fault's name
    """A refresh answers no refresh token, and the old one stays good. Token."""
    ACCESS_DENIED = "access_denied"
    """Sends the person straight back with `error=access_denied`. Authorize."""
    NO_ISS = "no_iss"
    """No `iss` in the response, although the metadata promises it (RFC 9207). Authorize."""
    WRONG_ISS = "wrong_iss"
    """Another issuer's name in `iss`: a mix-up attack. Authorize."""
    WRONG_STATE = "wrong_state"
    """A changed `state`. Authorize."""


_A, _T, _R, _P = FaultPoint.AUTHORIZE, FaultPoint.TOKEN, FaultPoint.REVOKE, FaultPoint.API
_WHERE: Final[Mapping[Fault, tuple[FaultPoint, ...]]] = MappingProxyType(
    {
        Fault.UNAVAILABLE: (_A, _T, _R, _P),
        Fault.RATE_LIMITED: (_T, _R, _P),
        Fault.HTML: (_T, _R, _P),
        Fault.REDIRECT: (_T, _R, _P),
        Fault.ERROR_WITH_200: (_T, _P),
        Fault.FORBIDDEN: (_P,),
        Fault.UNAUTHORIZED: (_P,),
        Fault.INVALID_GRANT: (_T,),
        Fault.ANSWER_LOST: (_T, _R),
        Fault.MISSING_EXPIRES_IN: (_T,),
        Fault.EXPIRES_IN_AS_TEXT: (_T,),
        Fault.NO_NEW_REFRESH_TOKEN: (_T,),
        Fault.ACCESS_DENIED: (_A,),
        Fault.NO_ISS: (_A,),
        Fault.WRONG_ISS: (_A,),
        Fault.WRONG_STATE: (_A,),
    }
)


@dataclass
class _Switch:
    fault: Fault
    left: int | None


class Faults:
    """The switches of one provider. Any thread may turn them while requests are under way."""

    def __init__(self) -> None:
        self.retry_after = 7
        """Seconds that RATE_LIMITED names."""
        self.elsewhere = "https://elsewhere.example/"
        """Where REDIRECT points."""
        self._lock = threading.Lock()
        self._switches: dict[FaultPoint, _Switch] = {}
        self._holds: dict[FaultPoint, Hold] = {}

    def set(self, point: FaultPoint | str, fault: Fault | str, *, times: int | None = None) -> None:
        """From now on `fault` happens at `point`: to the next `times` requests, or (None) until `clear()`.

        Raises ValueError for a fault that cannot happen there, since it would test nothing.
        """
        point, fault = FaultPoint(point), Fault(fault)
        if point not in _WHERE[fault]:
            raise ValueError(f"{fault} can be put at {', '.join(_WHERE[fault])}, not at {point}")
        if times is not None and times < 1:
            raise ValueError("times is at least 1, or None for until clear()")
        with self._lock:
            self._switches[point] = _Switch(fault, times)

    def hold(self, point: FaultPoint | str) -> Hold:
        """Requests to `point` stop from now on, until the returned Hold is released."""
        point = FaultPoint(point)
        with self._lock:
            former = self._holds.get(point)
            self._holds[point] = hold = Hold()
        if former is not None:
            former.release()
        return hold

    def clear(self) -> None:
        """Everything works again, and nobody is held."""
        with self._lock:
            self._switches.clear()
            holds = list(self._holds.values())
            self._holds.clear()
        for hold in holds:
            hold.release()

    async def pause(self, point: FaultPoint) -> None:
        """Stop at the point's hold, if there is one."""
        with self._lock:
            hold = self._holds.get(point)
        if hold is not None:
            await hold.stop_here()

    def take(self, point: FaultPoint) -> Fault | None:
        """The fault for one request to `point`, counted."""
        with self._lock:
            switch = self._switches.get(point)
            if switch is None:
                return None
            if switch.left is not None:
                switch.left -= 1
                if switch.left == 0:
                    del self._switches[point]
            return switch.fault
