"""The provider's pages: sign-in and consent on one, and the error page."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from starlette.responses import HTMLResponse

from connect_hub.testing.provider.users import ProviderUser

__all__ = ["Face", "consent_page", "error_page"]

_STYLE = """
:root{color-scheme:light dark;
--ink:#1c2333;--soft:#5c667a;--paper:#fff;--ground:#eef1f6;--line:#d5dbe6;--go:#1b5e4b}
@media(prefers-color-scheme:dark){:root{
--ink:#e8ecf4;--soft:#a3adc0;--paper:#1b2130;--ground:#10141d;--line:#353e52;--go:#23795f}}
*{box-sizing:border-box}
body{margin:0;
min-height:100vh;display:grid;grid-template-columns:minmax(0,26rem);
place-content:center;padding:1rem;background:var(--ground);color:var(--ink);
font:1rem/1.5 system-ui,sans-serif}
main{
width:100%;max-width:26rem;
background:var(--paper);border:1px solid var(--line);border-radius:14px;padding:2rem}
.mark{display:inline-grid;place-items:center;width:2.5rem;height:2.5rem;border-radius:10px;background:var(--go);
color:#fff;font-weight:700}
h1{font-size:1.3rem;line-height:1.3;margin:1rem 0 .5rem}p,li{color:var(--soft)}ul{padding-left:1.2rem}
fieldset{min-width:0;border:0;padding:0;margin:1.5rem 0}legend{font-weight:600;padding:0;margin-bottom:.5rem}
label{
display:flex;gap:.6rem;align-items:center;padding:.6rem .8rem;border:1px solid var(--line);border-radius:10px;
margin-top:.5rem}
label:focus-within{outline:2px solid var(--go)}
input[type=text]{flex:1;min-width:0;font:inherit;color:inherit;background:none;border:0;outline:0}
.row{display:flex;gap:.75rem}
button{flex:1;font:inherit;font-weight:600;padding:.7rem;border-radius:10px;border:1px solid var(--line);
background:none;color:inherit;cursor:pointer}
button.go{background:var(--go);border-color:var(--go);color:#fff}
button:focus-visible{outline:3px solid var(--ink);outline-offset:2px}
small{display:block;margin-top:1.5rem;color:var(--soft)}
"""


@dataclass(frozen=True, slots=True)
class Face:
    """What a person sees of the provider."""

    name: str
    people: tuple[ProviderUser, ...]
    """Offered at sign-in, the first one chosen; any other name can be typed."""


def consent_page(*, face: Face, client: str, scopes: Sequence[str], request_id: str) -> HTMLResponse:
    """Asks who signs in and whether `client` may have `scopes` (in words). Posts to `consent`."""
    choices = "".join(
        f'<label><input type="radio" name="user" value="{escape(person.name)}"'
        f"{' checked' if place == 0 else ''}> {escape(person.name)}</label>"
        for place, person in enumerate(face.people)
    )
    wishes = "".join(f"<li>{escape(scope)}</li>" for scope in scopes)
    return _page(
        f"Sign in to {face.name}",
        face.name,
        f"<h1>{escape(client)} wants to use your {escape(face.name)} account</h1>"
        f"<p>It will be able to:</p><ul>{wishes}</ul>"
        '<form method="post" action="consent">'
        f'<input type="hidden" name="request" value="{escape(request_id)}">'
        f"<fieldset><legend>Who are you?</legend>{choices}"
        '<label>Somebody else <input type="text" name="other_user" maxlength="100" placeholder="name"'
        ' autocomplete="off">'
        "</label></fieldset>"
        # Allow first: it is what Enter in the text field presses.
        '<div class="row"><button class="go" name="decision" value="allow">Allow</button>'
        '<button name="decision" value="deny">Deny</button></div></form>'
        "<small>A simulated provider, for tests and demonstrations. No password is needed.</small>",
        200,
    )


def error_page(*, face: Face, message: str, status: int) -> HTMLResponse:
    """Says what is wrong; leads nowhere."""
    return _page("Error", face.name, f"<h1>This sign-in cannot go on</h1><p>{escape(message)}</p>", status)


def _page(title: str, provider: str, content: str, status: int) -> HTMLResponse:
    document = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f'<body><main><span class="mark" aria-hidden="true">{escape(provider[:1].upper())}</span>'
        f"{content}</main></body></html>"
    )
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    return HTMLResponse(
        document,
        status,
        {
            # No form-action: Chromium applies it to the redirect back to the client as well.
            "content-security-policy": (
                f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'"
            ),
            "cache-control": "no-store",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
        },
    )
