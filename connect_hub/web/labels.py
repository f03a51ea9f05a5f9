"""Words for values of the wire contract."""

from connect_hub.message import Message
from connect_hub.models import Category
from connect_hub.web.languages import Language

__all__ = ["category_label"]

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
