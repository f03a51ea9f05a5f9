"""Who calls the REST API."""

from starlette.requests import Request

from connect_hub.audit import Actor, ActorKind, act_as
from connect_hub.errors import InvalidApiKey
from connect_hub.flows.api_keys import Caller
from connect_hub.web.guards import api_key, refuse_browser
from connect_hub.web.site import Site

__all__ = ["Callers"]


class Callers:
    """Every handler asks here itself, so that no address is open by its path."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def identify(self, request: Request) -> Caller:
        """Whose API key came with the request. Raises CrossSiteRequest, InvalidApiKey, RateLimited."""
        refuse_browser(request)
        try:
            caller = await self._site.flows.api_keys.identify(api_key(request))
        except InvalidApiKey:
            self.count_refusal(request)
            raise
        self._site.limiters.api_keys.spend(caller.key_id)
        act_as(Actor(ActorKind.API_KEY, caller.key_id, caller.key_id, self._site.client_address(request)))
        return caller

    def count_refusal(self, request: Request) -> None:
        """Counts refused keys by the client's address. Raises RateLimited after too many: 429, not 401.

        A good key is never refused for the sake of others, who may share its address behind a proxy; keys
        are too long to be found by trying.
        """
        self._site.limiters.failed_api_keys.spend(self._site.client_address(request))
