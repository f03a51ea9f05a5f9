"""Words for values of the wire contract."""

from connect_hub.models import Category

__all__ = ["category_label"]

_CATEGORIES = {
    Category.ATS: "Recruiting",
    Category.HRIS: "HR",
    Category.HRIS_LEGACY: "HR",
    Category.CRM: "CRM",
    Category.IAM: "Identity",
    Category.MARKETING: "Marketing",
    Category.LMS: "Learning",
    Category.STACKONE: "Other",
    Category.DOCUMENTS: "Documents",
    Category.TICKETING: "Ticketing",
    Category.SCREENING: "Screening",
    Category.MESSAGING: "Messaging",
    Category.ACCOUNTING: "Accounting",
    Category.SCHEDULING: "Scheduling",
}


def category_label(category: Category) -> str:
    """What people call a category."""
    return _CATEGORIES[category]
