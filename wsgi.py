"""The application for a web server (`gunicorn -c admin_app/gunicorn_conf.py`) and for `flask --app wsgi`."""

from __future__ import annotations

from admin_app import create_app, memory
from admin_app.web import BehindProxy

app = create_app()
app.wsgi_app = BehindProxy(app.wsgi_app, app.config)  # type: ignore[method-assign]
memory.ready()
