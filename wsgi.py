"""The application for a web server (`gunicorn wsgi:app`) and for `flask --app wsgi`."""

from __future__ import annotations

from admin_app import create_app

app = create_app()
