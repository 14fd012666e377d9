"""Serves the desk from one process: `run.py` hands over to `python -m admin_app.serving`.

Brings the schema up to date, makes the demo store where the database is new, starts the jobs, and answers
requests until SIGTERM or Ctrl-C.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

import sqlalchemy as sa
import waitress
from flask import Flask

from admin_app import create_app, memory
from admin_app.errors import RuleError

THREADS = 8
# Seconds that a request or job under way gets to finish after SIGTERM (default).
PATIENCE = 10


def main() -> int:
    """Prepare and serve until told to end. 0 after an orderly end, 1 with a sentence where it cannot start."""
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):  # Ctrl-C, and Ctrl-Break on Windows
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), leave)
    os.umask(0o077)  # database, logs and backups are for their owner alone
    try:
        return serve(create_app())
    except RuleError as reason:
        print(reason, file=sys.stderr)
    except sa.exc.OperationalError as error:
        print(f"The database does not answer: {error.orig}", file=sys.stderr)
    except KeyboardInterrupt:
        return 0
    return 1


def serve(app: Flask) -> int:
    """Prepare the database, say where the desk is, and answer until told to end."""
    from admin_app import jobs, starting

    with app.app_context():
        if not starting.has_tables():
            say("A first start: filling the database (up to a minute) …")
    lines = starting.prepare(app)
    server = listen(app)
    scheduler = jobs.start_scheduler(app)
    say(f"CareDesk: {shown_address(app.config['HOST'], int(app.config['PORT']))}")
    for line in lines:
        say(line)
    say("Ctrl-C ends it.")
    memory.ready()
    try:
        server.run()  # returns on SIGTERM and Ctrl-C, when the requests under way are answered
    finally:
        hurry()
        if scheduler is not None:
            scheduler.shutdown(wait=False)
    return 0


def check(app: Flask) -> None:
    """What every process looks at before it serves. RuleError where the schema is not this program's, or the desk must
    not be served on its address. A database that is down is none: it may come back."""
    from admin_app import cli_checks, starting
    from admin_app.database import db

    with app.app_context():
        try:
            cli_checks.migrations_current()
            starting.check_address(app)
        except sa.exc.OperationalError as error:
            app.logger.warning("the database does not answer yet: %s", error.orig)
        finally:
            db.session.remove()


def listen(app: Flask) -> Any:
    """The web server, bound to HOST and PORT. RuleError where another program was quicker."""
    options = server_options(app)
    try:
        return waitress.create_server(app, **options)
    except OSError as error:
        raise RuleError(f"CareDesk cannot serve on {options['host']}, port {options['port']}: "
                        f"{error.strerror}.") from error


def server_options(app: Flask) -> dict[str, Any]:
    """What the web server is told. A proxy on this machine is believed only where CAREDESK_HTTPS is set."""
    options: dict[str, Any] = {"host": app.config["HOST"], "port": int(app.config["PORT"]), "threads": THREADS,
                               "ident": None, "clear_untrusted_proxy_headers": True}
    if str(app.config.get("CAREDESK_HTTPS")) == "1":
        options |= {"trusted_proxy": "127.0.0.1", "trusted_proxy_count": 1,
                    "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}}
    return options


def shown_address(host: str, port: int) -> str:
    """The address to type into a browser on this machine."""
    if host in {"0.0.0.0", "::"}:
        host = "127.0.0.1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def leave(number: int, frame: FrameType | None) -> None:
    """SIGTERM, Ctrl-C: an orderly end, through every `finally` on the way; an end in any case."""
    hurry()
    raise SystemExit(0)


def hurry() -> None:
    """End the process after PATIENCE seconds even if a job still runs; jobs may be broken off and run again."""
    timer = threading.Timer(PATIENCE, os._exit, [0])
    timer.daemon = True
    timer.start()


def say(text: str) -> None:
    """A line for the person at the terminal, at once and in any code page."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
