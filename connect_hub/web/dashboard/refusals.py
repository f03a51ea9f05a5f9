"""Why a form is refused, in whole sentences that can be said in the reader's language."""

import re
from collections.abc import Callable

from connect_hub.message import Message

__all__ = ["refusal"]


def _too_long(found: re.Match[str]) -> Message:
    return Message("This is too long: write at most %(count)s characters.", count=found[1] or found[2])


def _ip_address(found: re.Match[str]) -> Message:
    return Message("Write the name of the host, not the IP address %(host)s.", host=found[1])


def _not_public(found: re.Match[str]) -> Message:
    if not found[2]:
        return Message(
            "%(host)s is not on the public internet. An endpoint there can only be set in your code.",
            host=found[1],
        )
    return Message(
        "%(host)s is not on the public internet. Events are posted there only if your code lists it in "
        "allow_private_hosts.",
        host=found[1],
    )


def _other_port(found: re.Match[str]) -> Message:
    if not found[3]:
        return Message(
            "Use port %(usual)s. An endpoint on port %(port)s can only be set in your code.",
            usual=found[1],
            port=found[2],
        )
    return Message(
        "Use port %(usual)s. Events are posted to port %(port)s only if your code lists the host with it in "
        "allow_private_hosts.",
        usual=found[1],
        port=found[2],
    )


_WHOLE = Message("Write the whole address, such as https://example.com/webhooks.")
_SENTENCES: tuple[tuple[str, Message | Callable[[re.Match[str]], Message]], ...] = (
    (r"must have at most ([0-9]+) characters|is longer than ([0-9]+) characters", _too_long),
    (
        r"must not contain control characters",
        Message("There is a character in it that is not seen, such as a line break. Type it anew."),
    ),
    (r"is none of these|must be '.*", Message("Choose one from the list.")),
    (
        r"'.*' is of none of these categories",
        Message("This provider is not of that category. Choose another provider, or another category."),
    ),
    (
        r"has a quotation mark or a backslash in it",
        Message("Leave out quotation marks and backslashes. Write a space between two scopes."),
    ),
    (
        r"has a space or another odd character in it",
        Message("There is a space in it, or a character that cannot be there. Copy it again."),
    ),
    (
        r"is required for this client id, .*",
        Message("Enter the secret of this client ID, unless it is a public client."),
    ),
    (
        r"a public client has none: .*",
        Message("A public client has no secret: leave one of the two out."),
    ),
    (r"this address does not begin with https://.*|this is not a whole web address.*", _WHOLE),
    (r"only addresses that begin with https:// are called.*", _WHOLE),
    (
        r"this address holds spaces, .*",
        Message(
            "There is a space, a backslash or an accented letter in it. Copy the address from a browser."
        ),
    ),
    (r"this address has a fragment .*", Message("Leave out the # and what follows it.")),
    (
        r"this address holds a user name or password: .*",
        Message("Leave the user name and the password out of the address."),
    ),
    (
        r"plain http is refused\..*",
        Message(
            "Write an address that begins with https://. Plain http is for your own machine, and has to be "
            "allowed in your code: NetworkConfig(insecure_dev=True, allow_private_hosts=…)."
        ),
    ),
    (r"(\S+) is not on the public internet\.(.*)", _not_public),
    (r"\S+ is called on port ([0-9, ]+), not on ([0-9]+)\.(.*)", _other_port),
    (r"(\S+) is an IP address: .*", _ip_address),
    (
        r"the (host|port) of this address .*",
        Message("The host or the port of this address cannot be one. Copy the address again."),
    ),
)
"""What the flows say of a field, in English, to whoever calls them; and what to do, for whoever typed it."""


def refusal(problem: str) -> Message:
    """The sentence for what a flow said of a field."""
    for pattern, sentence in _SENTENCES:
        found = re.fullmatch(pattern, problem, re.DOTALL)
        if found is not None:
            return sentence if isinstance(sentence, Message) else sentence(found)
    return Message("This cannot be used: %(problem)s.", problem=problem.rstrip("."))
