"""Every setting in one table: its name in the environment, its default and what it is for."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from admin_app.errors import RuleError

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Setting:
    """One setting: name in the environment, default as text, and help. An empty default is made at start."""

    name: str
    default: str
    help: str


SETTINGS = (
    Setting("CAREDESK_DATABASE_URL", "", "Database address. Default: SQLite file instance/caredesk.db."),
    Setting("CAREDESK_SECRET_KEY", "", "Signs sessions. Default: made once, kept in instance/secret.key."),
    Setting("CAREDESK_ENCRYPTION_KEY", "", "Encrypts ID numbers and backups (44 characters, Fernet key). "
            "Default: made once, kept in instance/encryption.key. Without it a backup cannot be read."),
    Setting("CAREDESK_TIMEZONE", "Asia/Shanghai", "Time zone of the store's clock."),
    Setting("CAREDESK_LOCALE", "zh_Hans_CN", "Language for people who chose none: zh_Hans_CN, zh_Hant_TW or en."),
    Setting("CAREDESK_REPLICA_URL", "", "A streaming replica of PostgreSQL that reports read. Default: the database."),
    Setting("CAREDESK_REPLICA_LAG", "10", "Seconds a replica may be behind; reports then read the database itself."),
    Setting("CAREDESK_POOL_SIZE", "10", "PostgreSQL: connections a process keeps; up to 5 more in a rush."),
    Setting("CAREDESK_WORKERS", "2", "Processes of gunicorn (admin_app/gunicorn_conf.py)."),
    Setting("CAREDESK_PROXIES", "127.0.0.1,::1", "With CAREDESK_HTTPS=1: addresses of the proxies that are believed."),
    Setting("CAREDESK_DEMO", "", "0: never a demo store on the first start. 1: this is a demo."),
    Setting("CAREDESK_INSTANCE", "", "Folder for the database, keys, logs and backups. Default: instance/."),
    Setting("CAREDESK_HTTPS", "", "1: people reach this server over HTTPS (directly or by a proxy)."),
    Setting("CAREDESK_BACKUP_DIR", "", "Folder of the nightly backups. Default: instance/backups."),
    Setting("CAREDESK_METRICS_TOKEN", "", "Bearer token of /metrics. Default: /metrics is closed."),
    Setting("CAREDESK_BASE_URL", "", "Address under which people open the desk, for links in messages. "
            "Default: http://HOST:PORT."),
    Setting("CAREDESK_MAIL_URL", "", "Mail server: smtp://user:password@host:587 (STARTTLS where it is offered), "
            "smtp+starttls://… (never without), smtps://…:465. Default: no mail is sent."),
    Setting("CAREDESK_MAIL_FROM", "", "Sender of the mails, such as 关爱台 <desk@example.com>."),
    Setting("CAREDESK_ROBOT_HOSTS", "", "Hosts of group robots beside those of WeCom, DingTalk and Feishu, "
            "separated by commas; a loopback host with its port may be reached over http."),
    Setting("HOST", "127.0.0.1", "Address the server listens on."),
    Setting("PORT", "8000", "Port the server listens on."),
)


def plain(name: str) -> str:
    """A setting of the environment, or its default, where no application is made yet."""
    return os.environ.get(name) or next(setting.default for setting in SETTINGS if setting.name == name)


def _kept_secret(folder: Path, name: str, make: Any) -> str:
    """A secret kept in a file of the instance folder, made on first use; readable by its owner only."""
    path = folder / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(make())
    return path.read_text().strip()


def load(given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The settings as Flask configuration: defaults, then the environment, then `given`.

    Raises RuleError with a sentence where a setting cannot be used.
    """
    values: dict[str, Any] = {s.name: os.environ.get(s.name) or s.default for s in SETTINGS}
    values.update(given or {})
    root = Path(__file__).resolve().parent.parent
    folder = root / (values["CAREDESK_INSTANCE"] or "instance")  # a relative one lies in the program's folder
    values["CAREDESK_INSTANCE"] = str(folder)
    values["CAREDESK_BACKUP_DIR"] = values["CAREDESK_BACKUP_DIR"] or str(folder / "backups")
    url = values["CAREDESK_DATABASE_URL"]
    if not url:
        folder.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{folder / 'caredesk.db'}"
    values["CAREDESK_DATABASE_URL"] = url.replace("postgres://", "postgresql://", 1)
    secret = values["CAREDESK_SECRET_KEY"] or _kept_secret(folder, "secret.key", lambda: secrets.token_urlsafe(48))
    crypt = values["CAREDESK_ENCRYPTION_KEY"] or _kept_secret(
        folder, "encryption.key", lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    _check_keys(secret, crypt)
    values["CAREDESK_SECRET_KEY"], values["CAREDESK_ENCRYPTION_KEY"] = secret, crypt
    return values | _flask_settings(values)


def _check_keys(secret: str, crypt: str) -> None:
    if len(secret) < 16:
        raise RuleError("CAREDESK_SECRET_KEY must have at least 16 characters.")
    try:
        good = len(base64.urlsafe_b64decode(crypt)) == 32
    except ValueError:
        good = False
    if not good:
        raise RuleError("CAREDESK_ENCRYPTION_KEY must be a Fernet key: 32 bytes as 44 characters of base64.")


def _flask_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """What Flask and its extensions read, derived from the table above."""
    https = str(values["CAREDESK_HTTPS"]) == "1"
    return {
        "SECRET_KEY": values["CAREDESK_SECRET_KEY"],
        "SQLALCHEMY_DATABASE_URI": values["CAREDESK_DATABASE_URL"],
        "BABEL_DEFAULT_LOCALE": values["CAREDESK_LOCALE"],
        "BABEL_DEFAULT_TIMEZONE": values["CAREDESK_TIMEZONE"],
        "BABEL_TRANSLATION_DIRECTORIES": "translations",
        "SESSION_COOKIE_NAME": "__Host-caredesk" if https else "caredesk",
        "SESSION_COOKIE_SECURE": https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "MAX_CONTENT_LENGTH": values.get("MAX_CONTENT_LENGTH", 20 * 1024 * 1024),
        "MAX_FORM_MEMORY_SIZE": values.get("MAX_FORM_MEMORY_SIZE", 4 * 1024 * 1024),
        "MAX_FORM_PARTS": 5_000,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": True,
        "TEMPLATES_AUTO_RELOAD": False,
    }


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only."""
    return host in LOOPBACK or host.startswith("127.")
