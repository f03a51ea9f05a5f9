"""Roster: a Flask application whose customers connect their HR tool."""

from urllib.parse import urlsplit

from flask import Flask, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user, login_required, login_user, logout_user
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash

from connect_hub import SQLStorage
from connect_hub.errors import ConnectHubError
from examples.flask_app.models import Base, Connection, Notice, User, add_demo_users
from examples.flask_app.tools import PREFIX, make_hub
from examples.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The application; its settings come from the environment unless given."""
    settings = Settings.from_env() if settings is None else settings
    engine = create_engine(settings.database_url)
    app = Flask(__name__)
    hub = make_hub(settings, engine, app)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.origin.startswith("https://"),
    )
    hub.init_app(app, PREFIX)
    logins = LoginManager(app)

    @logins.user_loader
    def load_user(user_id: str) -> User | None:
        with Session(engine, expire_on_commit=False) as db:
            return db.get(User, int(user_id))

    @logins.unauthorized_handler
    def to_login() -> ResponseReturnValue:
        return redirect(url_for("login"))

    @app.cli.command("init-db")
    def init_db() -> None:
        """Make the tables of the application and of the hub, and the users of the demonstration."""
        Base.metadata.create_all(engine)
        SQLStorage.create_all(engine)
        add_demo_users(engine)

    def signed_in(db: Session) -> User:
        return db.get_one(User, current_user.id)

    @app.get("/")
    def home() -> ResponseReturnValue:
        return redirect(url_for("show_settings"))

    @app.route("/login", methods=["GET", "POST"])
    def login() -> ResponseReturnValue:
        if request.method == "GET":
            return render_template("login.html", next=request.args.get("next", ""))
        with Session(engine) as db:
            user = db.scalar(select(User).where(User.email == request.form["email"]))
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
        with Session(engine) as db:
            user = signed_in(db)
            mine = select(Connection).where(Connection.tenant_id == user.tenant_id)
            notices = select(Notice).where(Notice.tenant_id == user.tenant_id).order_by(Notice.at)
            return render_template(
                "settings.html",
                user=user,
                connections=db.scalars(mine).all(),
                notices=db.scalars(notices).all(),
                cancelled=request.args.get("result") == "cancelled",
            )

    @app.post("/settings/connect")
    @login_required
    def connect() -> ResponseReturnValue:
        """Send the customer to the hub. The session is made in this request's own transaction."""
        with Session(engine) as db, db.begin():
            user = signed_in(db)
            issued = hub.sync.sessions.create(
                origin_owner_id=str(user.tenant_id),
                origin_owner_name=user.tenant.name,
                origin_username=user.email,
                return_url=f"{settings.origin}/settings",
                connection=db.connection(),
            )
        return redirect(issued.url, 303)

    @app.get("/connections/<account_id>/employees")
    @login_required
    def employees(account_id: str) -> ResponseReturnValue:
        """What the connected tool knows, fetched with the customer's own credentials."""
        with Session(engine) as db:
            user, connection = signed_in(db), db.get(Connection, account_id)
            if connection is None or connection.tenant_id != user.tenant_id:
                abort(404)
            try:
                with hub.sync.client(account_id) as http:
                    answer = http.get("employees")
                    answer.raise_for_status()
            except ConnectHubError as error:
                flash(error.message)
                return redirect(url_for("show_settings"), 303)
            return render_template("employees.html", user=user, employees=answer.json())

    @app.post("/connections/<account_id>/disconnect")
    @login_required
    def disconnect(account_id: str) -> ResponseReturnValue:
        with Session(engine) as db:
            user, connection = signed_in(db), db.get(Connection, account_id)
            if connection is None or connection.tenant_id != user.tenant_id:
                abort(404)
            hub.sync.accounts.delete(account_id)
            db.delete(connection)
            db.commit()
        return redirect(url_for("show_settings"), 303)

    return app


def _own_path(address: str, origin: str) -> str:
    """Where to go after the sign-in: a page of this application and of no other."""
    parts = urlsplit(address)
    if parts.netloc and f"{parts.scheme}://{parts.netloc}" != origin:
        return "/settings"
    if not parts.path.startswith("/") or parts.path.startswith("//") or "\\" in address:
        return "/settings"
    return parts.path
