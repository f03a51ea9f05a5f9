"""The users of the demonstration; their password is `demo`."""

from django.contrib.auth.models import User

from examples.django_app.models import Member, Tenant


def add_demo_users() -> None:
    """Three tenants with a user each, the third one suspended, and two of ours."""
    for name, company, suspended in [
        ("ada", "Acme Corp", False),
        ("bob", "Globex", False),
        ("eve", "Initech", True),
    ]:
        tenant = Tenant.objects.create(name=company, suspended=suspended)
        Member.objects.create(user=User.objects.create_user(name, password="demo"), tenant=tenant)
    User.objects.create_superuser("sam", password="demo")
    User.objects.create_user("pat", password="demo", is_staff=True)
