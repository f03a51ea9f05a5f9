"""The page that shows a new link, this once."""

import re
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.flows.sessions import IssuedSession
from connect_hub.message import Message
from connect_hub.models import Binding
from connect_hub.web.dashboard.contexts import LinkMade
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk
from connect_hub.web.untrusted import Untrusted

__all__ = ["link_made", "mail_url", "qr_code"]

_ONE_ADDRESS = re.compile(r"[^\s@,;:<>\"()\[\]\\]+@[^\s@,;:<>\"()\[\]\\]+")
"""Without what separates or comments in a list of addresses (RFC 5322, 3.4)."""


def link_made(pages: Pages, request: Request, desk: Desk, issued: IssuedSession) -> Response:
    """Answers with the link: to be copied, photographed, or put into a mail."""
    say, session = pages.say(request), issued.session
    product = pages.site.templating.brand.name
    subject = say(Message("Connect your tools to %(product)s", product=product))
    body = say(
        Message("Open this link to connect your tools to %(product)s. It is yours alone:", product=product)
    )
    page = LinkMade(
        frame=pages.frame(request, desk, "dashboard_links"),
        link=issued.url,
        owner_name=Untrusted(session.origin_owner_name),
        expires_at=session.expires_at,
        qr=qr_code(issued.url),
        mail_url=mail_url(session.origin_username or "", subject, f"{body}\r\n\r\n{issued.url}"),
        detail_url=pages.path(desk, "dashboard_link", session_id=str(session.id)),
        another_url=pages.path(desk, "dashboard_new_link"),
        list_url=pages.path(desk, "dashboard_links"),
        is_bound=session.binding is Binding.HOST_IDENTITY,
    )
    return pages.show(request, page)


def mail_url(to: str, subject: str, body: str) -> str:
    """A mail to be written by the operator's own program (RFC 6068): to one address, or to nobody where `to`
    is not exactly that, and with no field beside subject and body, whatever a tenant has typed."""
    recipient = quote(to, safe="@") if _ONE_ADDRESS.fullmatch(to) else ""
    line = " ".join(subject.split())
    return f"mailto:{recipient}?subject={quote(line, safe='')}&body={quote(body, safe='')}"


def qr_code(link: str) -> str:
    """The link as a QR code (ISO/IEC 18004) in SVG; empty without the extra `dashboard`."""
    try:
        import segno
    except ImportError:
        return ""
    return segno.make(link, error="l", micro=False).svg_inline(
        scale=4, border=4, omitsize=True, dark="#000", light="#fff", svgclass="qr", lineclass=None
    )
