"""Words for values of the wire contract."""

from connect_hub.connectors.methods import Method
from connect_hub.message import Message
from connect_hub.models import Category
from connect_hub.web.languages import Language

__all__ = ["category_label", "method_label"]

_METHODS = {
    "api_key": Message("API key"),
    "basic": Message("User name and password"),
    "client_credentials": Message("Client ID and secret"),
    "custom": Message("Other credentials"),
    "oauth2": Message("Sign in"),
}
"""What a method is called whose definition has no label."""

_CATEGORIES = {
    Category.ATS: Message("Recruiting"),
    Category.HRIS: Message("HR"),
    Category.HRIS_LEGACY: Message("HR"),
    Category.CRM: Message("CRM"),
    Category.IAM: Message("Identity"),
    Category.MARKETING: Message("Marketing"),
    Category.LMS: Message("Learning"),
    Category.STACKONE: Message("Other"),
    Category.DOCUMENTS: Message("Documents"),
    Category.TICKETING: Message("Ticketing"),
    Category.SCREENING: Message("Screening"),
    Category.MESSAGING: Message("Messaging"),
    Category.ACCOUNTING: Message("Accounting"),
    Category.SCHEDULING: Message("Scheduling"),
}


def category_label(category: Category, language: Language) -> str:
    """What people call a category."""
    return language.text(_CATEGORIES[category])


def method_label(method: Method, language: Language) -> str:
    """What a way to sign in is called where there is a choice."""
    return language.text(method.label or _METHODS[method.type])
