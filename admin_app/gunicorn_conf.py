"""Several processes on one machine: `gunicorn -c admin_app/gunicorn_conf.py`, on Linux and macOS.

Settings come from the environment as everywhere (settings.py). The jobs run beside it: `flask --app wsgi jobs serve`.
"""

from __future__ import annotations

import os
from typing import Any

from admin_app.serving import PATIENCE, THREADS
from admin_app.settings import plain

wsgi_app = "wsgi:app"
bind = f"[{plain('HOST')}]:{plain('PORT')}" if ":" in plain("HOST") else f"{plain('HOST')}:{plain('PORT')}"
workers = int(plain("CAREDESK_WORKERS"))
worker_class = "gthread"
threads = THREADS
preload_app = False  # each worker opens its own connections, and HUP takes new code
graceful_timeout = PATIENCE  # seconds that a request under way gets after SIGTERM or HUP
timeout = 120  # seconds without a sign of life until a worker is taken for dead
keepalive = 15
max_requests, max_requests_jitter = 50_000, 5_000  # whatever may have leaked is given back, not by all at once
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # a sign of life is not written to a disk
umask = 0o077
accesslog = None  # who saw what is in the database, without the addresses' private parts
errorlog = "-"
forwarded_allow_ips = ""  # web.BehindProxy decides whom to believe
proc_name = "caredesk"


def post_fork(server: Any, worker: Any) -> None:
    """Started with --preload all the same: connections are not shared between processes."""
    import sys

    made = sys.modules.get("wsgi")
    if made is not None:
        from admin_app.database import db

        with made.app.app_context():
            db.engine.dispose(close=False)


def post_worker_init(worker: Any) -> None:
    """Refuse to serve what serving.py would refuse: a schema that is not this program's, a key that can be guessed."""
    from admin_app import serving
    from admin_app.errors import RuleError

    try:
        serving.check(worker.app.wsgi())
    except RuleError as reason:
        worker.log.error("%s", reason)
        raise SystemExit(worker_boots_not) from reason


worker_boots_not = 3  # gunicorn ends as a whole on this status


def worker_exit(server: Any, worker: Any) -> None:
    """Write what waits for the access log."""
    app = getattr(worker, "wsgi", None)
    if app is not None:
        from admin_app import access_log

        with app.app_context():
            access_log.flush()
