"""Roster: a Flask application whose customers connect their HR tool."""

from flask import Flask, abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
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
    hub = make_hub(settings, engine)
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.origin.startswith("https://"),
    )
    hub.init_app(app, PREFIX)

    @app.cli.command("init-db")
    def init_db() -> None:
        """Make the tables of the application and of the hub, and the users of the demonstration."""
        Base.metadata.create_all(engine)
        SQLStorage.create_all(engine)
        add_demo_users(engine)

    def signed_in(db: Session) -> User:
        user = db.get(User, session.get("user_id", 0))
        if user is None:
            abort(redirect(url_for("login")))
        return user

    @app.get("/")
    def home() -> ResponseReturnValue:
        return redirect(url_for("show_settings"))

    @app.route("/login", methods=["GET", "POST"])
    def login() -> ResponseReturnValue:
        if request.method == "GET":
            return render_template("login.html")
        with Session(engine) as db:
            user = db.scalar(select(User).where(User.email == request.form["email"]))
            if user is None or not check_password_hash(user.password_hash, request.form["password"]):
                return render_template("login.html", error="Wrong email or password."), 401
            session.clear()
            session["user_id"] = user.id
        return redirect(url_for("show_settings"), 303)

    @app.post("/logout")
    def logout() -> ResponseReturnValue:
        session.clear()
        return redirect(url_for("login"), 303)

    @app.get("/settings")
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
