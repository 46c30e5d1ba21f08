"""The tracking store: its address, checks that it can be used, and its creation.

Without MLFLOW_TRACKING_URI the store is the SQLite file `mlflow.db` in the project's root, with the
artifacts in `mlruns/`. The stages of a pipeline are separate processes, and MLflow's creation of a
database fails if two processes do it at once. So the database is created under a file lock and
another name, and appears by rename.
"""

import logging
import os
import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filelock import FileLock

from cscsanet.errors import CscsanetError
from cscsanet.files import refusal

if TYPE_CHECKING:
    from mlflow import MlflowClient

SQL_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
CONNECT_SECONDS = 5
LOCK_SECONDS = 120


def quieten_mlflow() -> None:
    """Switch off telemetry and informational messages of MLflow and GitPython.

    It must be called before their import. Environment variables that the user has set stay.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
    # It prints an error of the database with its SQL, and then raises it, which becomes one line.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)


@contextmanager
def short_timeouts() -> Iterator[None]:
    """Limit the time that MLflow waits for a server to seconds.

    Its default of minutes is kept for running trainings.
    """
    limits = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": str(CONNECT_SECONDS)}
    before = {name: os.environ.get(name) for name in limits}
    os.environ.update(limits)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@dataclass(frozen=True)
class Store:
    """The store of the runs of the project in `root`.

    uri: its address. chosen: MLFLOW_TRACKING_URI names it. database: its SQLite file, if it is one.
    """

    root: Path
    uri: str
    chosen: bool
    database: Path | None

    @property
    def is_server(self) -> bool:
        """Whether the store is a server, which keeps the artifacts itself."""
        return urlsplit(self.uri).scheme in {"http", "https"} or self.uri.startswith("databricks")

    @property
    def display_uri(self) -> str:
        """The address for messages, without user and password."""
        # The path of a file may hold @.
        if self.uri.startswith("sqlite:///"):
            return self.uri
        # Up to the last @: a password may hold / and @, and the address a typing error.
        return re.sub(r"^(\w+:(?://)?)?.*@", r"\1***@", self.uri, flags=re.DOTALL)

    @property
    def artifacts(self) -> Path:
        """The folder of the artifacts, if no server keeps them."""
        return self.root / "mlruns"

    def lock(self) -> FileLock:
        """Return the lock for what only one process may do at a time."""
        beside = self.database or self.root / "mlflow.db"
        return FileLock(beside.with_name(beside.name + ".lock"), timeout=LOCK_SECONDS)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Convert any exception to a CscsanetError of one line: store, reason and remedy."""
        try:
            yield
        except CscsanetError:
            raise
        # Besides MLflow's errors there are those of requests, SQLAlchemy, drivers and files.
        except Exception as error:
            full = refusal(error)
            if full is not None:
                raise CscsanetError(
                    f"{self.database or self.display_uri}: the tracking store cannot be written ({full}); "
                    f"free some space for it and its artifacts, and run it again"
                ) from error
            raise CscsanetError(self.message(_reason(error))) from error

    def message(self, reason: str) -> str:
        """Return an error message of one line: address of the store, reason and remedy."""
        if self.chosen:
            default = self.root / "mlflow.db"
            return (
                f"MLFLOW_TRACKING_URI={self.display_uri}: the tracking store cannot be used ({reason}); "
                f"start or repair it, correct the address, or unset MLFLOW_TRACKING_URI to track in {default}"
            )
        return (
            f"{self.database}: the tracking store cannot be used ({reason}); "
            f"repair it, or move it away and the next stage starts a new one"
        )

    def connect(self, experiment: str) -> tuple["MlflowClient", str]:
        """Create store and experiment if missing; return a client and the experiment's id.

        Raises:
            CscsanetError: the store does not answer within seconds, is no store of MLflow, or one
            of another version.
        """
        with self.errors(), short_timeouts():
            self._connect_once()
            quieten_mlflow()
            from mlflow import MlflowClient

            if self.database is not None:
                self._make_database()
                self._check_database()
            client = MlflowClient(tracking_uri=self.uri)
            return client, self._experiment_id(client, experiment)

    def check(self) -> None:
        """Check that the store exists and can be read.

        Raises:
            CscsanetError: there is no store yet, or it cannot be used.
        """
        if self.database is not None and not self.database.exists():
            raise CscsanetError(f"{self.database}: nothing has been tracked yet; run 'dvc repro' first")
        with self.errors():
            self._connect_once()
            if self.database is not None:
                quieten_mlflow()
                self._check_database()

    def _connect_once(self) -> None:
        # Database drivers have no common timeout, and MLflow tries ten times; so connect first.
        address = urlsplit(self.uri)
        port = SQL_PORTS.get(address.scheme.partition("+")[0])
        if port is not None and address.hostname is not None:
            socket.create_connection((address.hostname, address.port or port), CONNECT_SECONDS).close()

    def _make_database(self) -> None:
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        assert self.database is not None
        if self.database.exists():
            return
        with self.lock():
            if self.database.exists():
                return
            draft = self.database.with_name(self.database.name + ".draft")
            draft.unlink(missing_ok=True)
            store = SqlAlchemyStore(sqlite_uri(draft), self.artifacts.as_uri())  # type: ignore[no-untyped-call]
            store.engine.dispose()
            draft.replace(self.database)

    def _check_database(self) -> None:
        import mlflow
        from alembic.script import ScriptDirectory

        assert self.database is not None
        with closing(
            sqlite3.connect(self.database.as_uri() + "?mode=ro", uri=True, timeout=20)
        ) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        migrations = ScriptDirectory(str(Path(mlflow.__file__).parent / "store" / "db_migrations"))
        version = row[0] if row else "none"
        if version in migrations.get_heads():
            return
        if version in {migration.revision for migration in migrations.walk_revisions()}:
            raise CscsanetError(
                f"{self.database}: the tracking store has the schema {version} of an MLflow older than "
                f"{mlflow.__version__}; back it up and run 'mlflow db upgrade {self.uri}', or move it away "
                f"to start a new one"
            )
        raise CscsanetError(
            f"{self.database}: the tracking store has the schema {version}, unknown to MLflow "
            f"{mlflow.__version__}; upgrade mlflow, or move the store away to start a new one"
        )

    def _experiment_id(self, client: "MlflowClient", name: str) -> str:
        experiment = client.get_experiment_by_name(name)
        if experiment is None:
            with self.lock():
                experiment = client.get_experiment_by_name(name)
                if experiment is None:
                    folder = self.artifacts / _folder_name(name)
                    return client.create_experiment(name, None if self.is_server else folder.as_uri())
        if experiment.lifecycle_stage != "active":
            raise CscsanetError(
                f"{self.display_uri}: the experiment '{name}' was deleted there; restore it with "
                f"'mlflow experiments restore -x {experiment.experiment_id}' or name another in tracking.experiment"
            )
        return experiment.experiment_id


def find_store(root: Path) -> Store:
    """Return the store that MLFLOW_TRACKING_URI names, else that of the project in `root`.

    Nothing is created or contacted.

    Raises:
        CscsanetError: MLFLOW_TRACKING_URI is no address, or names an SQLite database in memory.
    """
    root = root.resolve()
    chosen = os.environ.get("MLFLOW_TRACKING_URI", "").strip()
    if not chosen:
        database = root / "mlflow.db"
        # Raises for a folder whose name is no UTF-8.
        with Store(root, "", chosen=False, database=database).errors():
            return Store(root, sqlite_uri(database), chosen=False, database=database)
    if not chosen.startswith("sqlite:"):
        store = Store(root, chosen.rstrip("/"), chosen=True, database=None)
        with store.errors():
            # Raises for an address like http://[::1, or a port that is no number.
            urlsplit(store.uri).port  # noqa: B018
        return store

    from sqlalchemy.engine import make_url

    store = Store(root, chosen, chosen=True, database=None)
    with store.errors():
        path = make_url(chosen).database
        if not path or path == ":memory:":
            raise CscsanetError(store.message("it is held in memory and ends with each stage"))
        database = Path(path).absolute()
        return Store(root, sqlite_uri(database), chosen=True, database=database)


def sqlite_uri(database: Path) -> str:
    """Return the address of an SQLite file, with the escapes of the installed SQLAlchemy."""
    from sqlalchemy.engine import URL

    return URL.create("sqlite", database=str(database)).render_as_string()


def _folder_name(experiment: str) -> str:
    """Return the folder of an experiment's artifacts, which is below another for any name."""
    name = re.sub(r"[^\w.-]", "_", experiment)
    return name.replace(".", "_") if name.startswith(".") else name


def _reason(error: BaseException) -> str:
    # The innermost operating system error is the plainest: 'Connection refused'.
    reason = str(error)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            reason = cause.strerror
        elif isinstance(cause, TimeoutError):
            reason = str(cause)
        cause = cause.__cause__ or cause.__context__
    first_line = reason.strip().partition("\n")[0]
    first_sentence = first_line.partition(". ")[0].rstrip(" .")
    return _without_passwords(first_sentence or type(error).__name__)[:300]


def _without_passwords(text: str) -> str:
    return re.sub(r"(://|//|:)\S*@", r"\1***@", text)
