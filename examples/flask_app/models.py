"""The application's tables, and the hub's among them: one MetaData, one database."""

from datetime import UTC, datetime

from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, ForeignKey, ForeignKeyConstraint, String, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from werkzeug.security import generate_password_hash

from connect_hub.storage.sql import Tables


class Base(DeclarativeBase):
    """What the tables have in common."""


class Tenant(Base):
    """A customer: a company with users. Its id is what the hub knows it by."""

    __tablename__ = "tenants"

    id: Mapped[str] = mapped_column(String(255), primary_key=True)
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
    tenant_id: Mapped[str] = mapped_column(ForeignKey(Tenant.id, ondelete="CASCADE"))
    tenant: Mapped[Tenant] = relationship()


class Connection(Base):
    """A tool that a tenant has connected: written in the transaction in which the hub writes the account."""

    __tablename__ = "connections"

    account_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey(Tenant.id, ondelete="CASCADE"))
    provider: Mapped[str]
    connected_as: Mapped[str]


class Notice(Base):
    """A message on a tenant's settings page. `event_id` is unique: an event may be delivered twice."""

    __tablename__ = "notices"

    event_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey(Tenant.id, ondelete="CASCADE"))
    text: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))


db = SQLAlchemy(metadata=Base.metadata)

accounts = Tables(Base.metadata).accounts
"""The hub's table. An account belongs to a tenant, and does not outlive it."""
accounts.append_constraint(
    ForeignKeyConstraint(
        [accounts.c.origin_owner_id], [Tenant.id], name="accounts_tenant", ondelete="CASCADE"
    )
)


def keep_foreign_keys(engine: Engine) -> None:
    """SQLite checks them on the connections alone that ask for it."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda c, _: c.execute("PRAGMA foreign_keys=ON"))


def add_demo_users() -> None:
    """Three tenants with a user each, the third one suspended, and one of ours; their password is `demo`."""
    if db.session.scalar(select(User).limit(1)) is not None:
        return
    password_hash = generate_password_hash("demo")
    for email, key, name, suspended in [
        ("ada@acme.example", "acme", "Acme Corp", False),
        ("bob@globex.example", "globex", "Globex", False),
        ("eve@initech.example", "initech", "Initech", True),
    ]:
        tenant = Tenant(id=key, name=name, suspended=suspended)
        db.session.add(User(email=email, password_hash=password_hash, tenant=tenant))
    ours = Tenant(id="roster", name="Roster")
    db.session.add(User(email="sam@roster.example", password_hash=password_hash, tenant=ours, is_staff=True))
    db.session.commit()
