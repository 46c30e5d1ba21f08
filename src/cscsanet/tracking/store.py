"""The store of the runs: which one, that it answers, and that it was made whole by one process.

Without MLFLOW_TRACKING_URI it is SQLite in the project's root, `mlflow.db`, with the artifacts in `mlruns/`.
The stages of a pipeline are separate processes, and MLflow's own first-time set-up breaks when two of them
meet in it; so the database is made under a file lock and another name, and appears by rename.
"""

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

if TYPE_CHECKING:
    from mlflow import MlflowClient

SQL_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
KNOCK_SECONDS = 5
LOCK_SECONDS = 120


def quieten_mlflow() -> None:
    """Set what MLflow and GitPython read at import: no telemetry, no chatter. Call before each first import.

    What the user has set stays.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")


@contextmanager
def impatient() -> Iterator[None]:
    """Let MLflow give up on a server within seconds; its own patience, minutes, suits a running training."""
    capped = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": str(KNOCK_SECONDS)}
    before = {name: os.environ.get(name) for name in capped}
    os.environ.update(capped)
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
    """Where the runs of the project in `root` go; `chosen` when MLFLOW_TRACKING_URI says so."""

    root: Path
    uri: str
    chosen: bool
    database: Path | None

    @property
    def is_server(self) -> bool:
        """True where a server answers and looks after the artifacts itself."""
        return urlsplit(self.uri).scheme in {"http", "https"} or self.uri.startswith("databricks")

    @property
    def shown(self) -> str:
        """The address as a message may show it: without user and password."""
        return _without_passwords(self.uri)

    @property
    def artifacts(self) -> Path:
        """The folder of the artifacts, where no server looks after them."""
        return self.root / "mlruns"

    def lock(self) -> FileLock:
        """Return the lock that guards what only one process may do at a time."""
        beside = self.database or self.root / "mlflow.db"
        return FileLock(beside.with_name(beside.name + ".lock"), timeout=LOCK_SECONDS)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn whatever goes wrong with the store into one line that names it and what to do."""
        try:
            yield
        except CscsanetError:
            raise
        # Not only MLflow's errors come through: also those of requests, SQLAlchemy, drivers and files.
        except Exception as error:
            raise CscsanetError(self.complaint(_reason(error))) from error

    def complaint(self, reason: str) -> str:
        """Return the one line about this store: the address, the reason and the remedy."""
        if self.chosen:
            own = self.root / "mlflow.db"
            return (
                f"MLFLOW_TRACKING_URI={self.shown}: the tracking store cannot be used ({reason}); "
                f"start or repair it, correct the address, or unset MLFLOW_TRACKING_URI to track in {own}"
            )
        return (
            f"{self.database}: the tracking store cannot be used ({reason}); "
            f"repair it, or move it away and the next stage starts a new one"
        )

    def connect(self, experiment: str) -> tuple["MlflowClient", str]:
        """Make the store and the experiment where they are missing; return a client and the experiment's id.

        Raises:
            CscsanetError: the store does not answer within seconds, is not MLflow's, or is another MLflow's.
        """
        with self.errors(), impatient():
            self._knock()
            quieten_mlflow()
            from mlflow import MlflowClient

            if self.database is not None:
                self._make_database()
                self._check_database()
            client = MlflowClient(tracking_uri=self.uri)
            return client, self._experiment_id(client, experiment)

    def check(self) -> None:
        """Check that runs have been tracked here and can be read.

        Raises:
            CscsanetError: there is no store yet, or it cannot be used.
        """
        if self.database is not None and not self.database.exists():
            raise CscsanetError(f"{self.database}: nothing has been tracked yet; run 'dvc repro' first")
        with self.errors():
            self._knock()
            if self.database is not None:
                quieten_mlflow()
                self._check_database()

    def _knock(self) -> None:
        # Database drivers have no common timeout, and MLflow tries ten times: find a dead server before them.
        address = urlsplit(self.uri)
        port = SQL_PORTS.get(address.scheme.partition("+")[0])
        if port is not None and address.hostname is not None:
            socket.create_connection((address.hostname, address.port or port), KNOCK_SECONDS).close()

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
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        migrations = ScriptDirectory(str(Path(mlflow.__file__).parent / "store" / "db_migrations"))
        version = found[0] if found else "none"
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
        found = client.get_experiment_by_name(name)
        if found is None:
            with self.lock():
                found = client.get_experiment_by_name(name)
                if found is None:
                    folder = self.artifacts / re.sub(r"[^\w.-]", "_", name)
                    return client.create_experiment(name, None if self.is_server else folder.as_uri())
        if found.lifecycle_stage != "active":
            raise CscsanetError(
                f"{self.shown}: the experiment '{name}' was deleted there; restore it with "
                f"'mlflow experiments restore -x {found.experiment_id}' or name another in tracking.experiment"
            )
        return found.experiment_id


def find_store(root: Path) -> Store:
    """Return the store that MLFLOW_TRACKING_URI names, else the one of the project in `root`; touch nothing.

    Raises:
        CscsanetError: MLFLOW_TRACKING_URI names an SQLite store that dies with its process.
    """
    root = root.resolve()
    chosen = os.environ.get("MLFLOW_TRACKING_URI", "").strip()
    if not chosen:
        return Store(root, sqlite_uri(root / "mlflow.db"), chosen=False, database=root / "mlflow.db")
    if not chosen.startswith("sqlite:"):
        return Store(root, chosen.rstrip("/"), chosen=True, database=None)

    from sqlalchemy.engine import make_url

    store = Store(root, chosen, chosen=True, database=None)
    with store.errors():
        path = make_url(chosen).database
    if not path or path == ":memory:":
        raise CscsanetError(store.complaint("it is held in memory and ends with each stage"))
    database = Path(path).absolute()
    return Store(root, sqlite_uri(database), chosen=True, database=database)


def sqlite_uri(database: Path) -> str:
    """Return the SQLAlchemy address of an SQLite file, escaped as the installed SQLAlchemy reads it."""
    from sqlalchemy.engine import URL

    return URL.create("sqlite", database=str(database)).render_as_string()


def _reason(error: BaseException) -> str:
    # The innermost error of the system says most: 'Connection refused', not the pool's account of it.
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
    return re.sub(r"//[^/@\s]*@", "//***@", text)
