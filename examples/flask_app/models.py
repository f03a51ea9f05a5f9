"""The application's own tables."""

from datetime import UTC, datetime

from flask_login import UserMixin
from sqlalchemy import Engine, ForeignKey, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from werkzeug.security import generate_password_hash


class Base(DeclarativeBase):
    """What the tables have in common."""


class Tenant(Base):
    """A customer: a company with users."""

    __tablename__ = "tenants"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    suspended: Mapped[bool] = mapped_column(default=False)


class User(UserMixin, Base):
    """Somebody who can sign in."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    is_staff: Mapped[bool] = mapped_column(default=False)
    """One of ours, who looks after the customers' connections."""
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"))
    tenant: Mapped[Tenant] = relationship()


class Connection(Base):
    """A tool that a tenant has connected: written in the transaction in which the hub writes the account."""

    __tablename__ = "connections"

    account_id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"))
    provider: Mapped[str]
    connected_as: Mapped[str]


class Notice(Base):
    """A message on a tenant's settings page. `event_id` is unique: an event may be delivered twice."""

    __tablename__ = "notices"

    event_id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"))
    text: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))


def add_demo_users(engine: Engine) -> None:
    """Three tenants with a user each, the third one suspended, and one of ours; their password is `demo`."""
    with Session(engine) as session, session.begin():
        if session.scalar(select(User).limit(1)) is not None:
            return
        password_hash = generate_password_hash("demo")
        for email, name, suspended in [
            ("ada@acme.example", "Acme Corp", False),
            ("bob@globex.example", "Globex", False),
            ("eve@initech.example", "Initech", True),
        ]:
            tenant = Tenant(name=name, suspended=suspended)
            session.add(User(email=email, password_hash=password_hash, tenant=tenant))
        ours = Tenant(name="Roster")
        session.add(User(email="sam@roster.example", password_hash=password_hash, tenant=ours, is_staff=True))
