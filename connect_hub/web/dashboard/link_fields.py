"""The fields of Create Auth Link."""

from collections.abc import Collection, Mapping, Sequence

from connect_hub.message import Message
from connect_hub.models import Category
from connect_hub.web.contexts import FieldView, OptionView
from connect_hub.web.labels import category_label
from connect_hub.web.languages import Language

__all__ = ["link_fields"]


def link_fields(
    language: Language,
    providers: Sequence[tuple[str, str]],
    categories: Collection[Category],
    days: Collection[int],
    values: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    provider: str | None = None,
) -> tuple[FieldView, ...]:
    """What is asked of whoever makes a link, with `values` in the fields and `errors` beside them.

    `providers`: keys and names to choose from. `categories`: those that they are of. `days`: lifetimes to
    choose from. With a value for `account`, a link to renew that: its owner is fixed, and no category asked;
    so is its `provider`, by name.
    """
    say, error, value = language.text, errors.get, values.get
    fixed = bool(value("account"))
    fields = [
        FieldView(
            name="origin_owner_id",
            label=say(Message("Origin owner ID")),
            help=say(
                Message("The customer's ID in your own system. Make sure it matches your system precisely.")
            ),
            value=value("origin_owner_id", ""),
            exact=True,
            read_only=fixed,
            error=error("origin_owner_id"),
        ),
        FieldView(
            name="origin_owner_name",
            label=say(Message("Origin owner name")),
            help=say(Message("The customer's name. Your customer sees it.")),
            value=value("origin_owner_name", ""),
            error=error("origin_owner_name"),
        ),
        FieldView(
            name="origin_username",
            label=say(Message("Origin username")),
            help=say(Message("Who will connect, such as an email address.")),
            value=value("origin_username", ""),
            required=False,
            error=error("origin_username"),
        ),
        FieldView(
            name="category",
            label=say(Message("Category")),
            kind="select",
            required=False,
            placeholder=say(Message("All categories")),
            value=value("category", ""),
            options=tuple(
                OptionView(category.value, category_label(category, language))
                for category in Category
                if category in categories
            ),
            error=error("category"),
        ),
        _provider(language, providers, value("provider", ""), error("provider"))
        if provider is None
        else FieldView(name="provider_name", label=say(Message("Provider")), value=provider, read_only=True),
        FieldView(
            name="days",
            label=say(Message("Expires after")),
            kind="select",
            value=value("days", ""),
            options=tuple(
                OptionView(str(n), language.ngettext("%(days)s day", "%(days)s days", n) % {"days": n})
                for n in sorted(days)
            ),
            error=error("days"),
        ),
    ]
    return tuple(field for field in fields if not (fixed and field.name == "category"))


def _provider(
    language: Language, providers: Sequence[tuple[str, str]], value: str, error: str | None
) -> FieldView:
    say = language.text
    return FieldView(
        name="provider",
        label=say(Message("Provider")),
        kind="select",
        required=False,
        placeholder=say(Message("Your customer chooses")),
        value=value,
        options=tuple(OptionView(key, name) for key, name in providers),
        error=error,
    )
