"""Settings: how the hub is set up for the project, and how it looks to customers. Set in code, shown here."""

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.message import Message
from connect_hub.web.dashboard.contexts import Fact, SettingsPage, known
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk
from connect_hub.web.untrusted import Untrusted

__all__ = ["SettingsPages"]


class SettingsPages(Pages):
    """Handlers of `/dashboard/in/{project}/settings`."""

    async def page(self, request: Request, desk: Desk) -> Response:
        say = self.say(request)
        brand, links = self.site.templating.brand, self.core.config.links
        facts = [
            Fact(say(Message("Product name")), quoted=Untrusted(brand.name)),
            Fact(say(Message("Accent colour")), code=brand.accent),
            Fact(say(Message("Support page")), text=brand.support_url or ""),
            Fact(say(Message("Support address")), text=brand.support_email or ""),
            Fact(say(Message("Privacy policy")), text=brand.privacy_url or ""),
            Fact(say(Message("Terms of service")), text=brand.terms_url or ""),
        ]
        days = round(links.link_lifetime.total_seconds() / 86400, 1)
        longest = round(links.max_lifetime.total_seconds() / 86400, 1)
        link_facts = [
            Fact(say(Message("Address of the hub")), code=self.core.public_url.text),
            Fact(say(Message("Project ID")), code=desk.project),
            Fact(say(Message("Links expire after")), say(Message("%(days)s days", days=f"{days:g}"))),
            Fact(say(Message("At most")), say(Message("%(days)s days", days=f"{longest:g}"))),
            Fact(say(Message("Who may use a link")), say(_BINDINGS[links.binding.value])),
        ]
        enabled = sorted(await self.core.offer(desk.project))
        page = SettingsPage(
            frame=self.frame(request, desk, "dashboard_settings"),
            facts=known(facts),
            link_facts=tuple(link_facts),
            preview=self.provider(enabled[0]) if enabled else None,
        )
        return self.show(request, page)


_BINDINGS = {
    "confirm": Message("Whoever has it, and confirms"),
    "host_identity": Message("Whoever is signed in to your application as its owner"),
}
