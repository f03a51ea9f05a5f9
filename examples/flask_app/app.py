"""Roster: a Flask application whose customers connect their HR tool."""

from urllib.parse import urlsplit

import click
from flask import Flask, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user, login_required, login_user, logout_user
from sqlalchemy import delete, select
from werkzeug.security import check_password_hash

from connect_hub.errors import ConnectHubError
from examples.flask_app.models import (
    Connection,
    Notice,
    Tenant,
    User,
    add_demo_users,
    db,
    keep_foreign_keys,
)
from examples.flask_app.tools import PREFIX, make_hub
from examples.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The application; its settings come from the environment unless given."""
    settings = Settings.from_env() if settings is None else settings
    app = Flask(__name__)
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.origin.startswith("https://"),
    )
    db.init_app(app)
    with app.app_context():
        engine = db.engine
    keep_foreign_keys(engine)
    hub = make_hub(settings, engine, app)
    hub.init_app(app, PREFIX)
    logins = LoginManager(app)

    @logins.user_loader
    def load_user(user_id: str) -> User | None:
        return db.session.get(User, int(user_id))

    @logins.unauthorized_handler
    def to_login() -> ResponseReturnValue:
        return redirect(url_for("login"))

    @app.cli.command("init-db")
    def init_db() -> None:
        """Make the tables, the hub's among them, and the users of the demonstration."""
        db.create_all()
        add_demo_users()

    @app.cli.command("erase-tenant")
    @click.argument("tenant_id")
    def erase_tenant(tenant_id: str) -> None:
        """Everything of a customer: at the providers and in the hub first, then the rows that are left."""
        erased = hub.sync.owners.erase(tenant_id)
        db.session.execute(delete(Tenant).where(Tenant.id == tenant_id))
        db.session.commit()
        click.echo(f"erased {tenant_id}, with {len(erased.accounts)} accounts")

    @app.get("/")
    def home() -> ResponseReturnValue:
        return redirect(url_for("show_settings"))

    @app.route("/login", methods=["GET", "POST"])
    def login() -> ResponseReturnValue:
        if request.method == "GET":
            return render_template("login.html", next=request.args.get("next", ""))
        user = db.session.scalar(select(User).where(User.email == request.form["email"]))
        if user is None or not check_password_hash(user.password_hash, request.form["password"]):
            again = {"next": request.form.get("next", ""), "error": "Wrong email or password."}
            return render_template("login.html", **again), 401
        login_user(user)
        return redirect(_own_path(request.form.get("next", ""), settings.origin), 303)

    @app.post("/logout")
    def logout() -> ResponseReturnValue:
        logout_user()
        return redirect(url_for("login"), 303)

    @app.get("/settings")
    @login_required
    def show_settings() -> ResponseReturnValue:
        tenant_id = current_user.tenant_id
        mine = select(Connection).where(Connection.tenant_id == tenant_id)
        notices = select(Notice).where(Notice.tenant_id == tenant_id).order_by(Notice.at)
        return render_template(
            "settings.html",
            user=current_user,
            connections=db.session.scalars(mine).all(),
            notices=db.session.scalars(notices).all(),
            cancelled=request.args.get("result") == "cancelled",
        )

    @app.post("/settings/connect")
    @login_required
    def connect() -> ResponseReturnValue:
        """Send the customer to the hub. The session is made in this request's own transaction."""
        issued = hub.sync.sessions.create(
            origin_owner_id=current_user.tenant_id,
            origin_owner_name=current_user.tenant.name,
            origin_username=current_user.email,
            return_url=f"{settings.origin}/settings",
            connection=db.session.connection(),
        )
        db.session.commit()
        return redirect(issued.url, 303)

    def own(account_id: str) -> Connection:
        found = db.session.get(Connection, account_id)
        if found is None or found.tenant_id != current_user.tenant_id:
            abort(404)
        return found

    @app.get("/connections/<account_id>/employees")
    @login_required
    def employees(account_id: str) -> ResponseReturnValue:
        """What the connected tool knows, fetched with the customer's own credentials."""
        own(account_id)
        try:
            with hub.sync.client(account_id) as http:
                answer = http.get("employees")
                answer.raise_for_status()
        except ConnectHubError as error:
            flash(error.message)
            return redirect(url_for("show_settings"), 303)
        return render_template("employees.html", user=current_user, employees=answer.json())

    @app.post("/connections/<account_id>/disconnect")
    @login_required
    def disconnect(account_id: str) -> ResponseReturnValue:
        own(account_id)
        db.session.rollback()  # the hub writes on a connection of its own: hold no lock meanwhile
        hub.sync.accounts.delete(account_id)
        db.session.execute(delete(Connection).where(Connection.account_id == account_id))
        db.session.commit()
        return redirect(url_for("show_settings"), 303)

    return app


def _own_path(address: str, origin: str) -> str:
    """Where to go after the sign-in: a page of this application and of no other."""
    parts = urlsplit(address)
    if parts.netloc and f"{parts.scheme}://{parts.netloc}" != origin:
        return "/settings"
    if not parts.path.startswith("/") or parts.path.startswith("//") or "\\" in address:
        return "/settings"
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
