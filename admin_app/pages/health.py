"""For machines that watch: /healthz (the process), /readyz (database and migrations), /metrics (with a token)."""

from __future__ import annotations

import hmac
import time
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, Response, abort, current_app, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from admin_app.database import db
from admin_app.errors import RuleError
from admin_app.models import JobRun

bp = Blueprint("health", __name__)


def register(app: Flask) -> None:
    """Serve the three addresses and count every request."""
    app.register_blueprint(bp)
    registry = CollectorRegistry()
    app.extensions["caredesk_metrics"] = (
        registry,
        Counter("caredesk_requests", "Requests by endpoint and status.", ("endpoint", "status"), registry=registry),
        Histogram("caredesk_request_seconds", "Time of a request.", registry=registry),
        Gauge("caredesk_job_failed", "1 where the last run of a job failed.", ("job",), registry=registry))
    app.before_request(_start)
    app.after_request(_count)


def _start() -> None:
    g.began = time.perf_counter()


def _count(response: Response) -> Response:
    _registry, requests, seconds, _jobs = current_app.extensions["caredesk_metrics"]
    requests.labels(request.endpoint or "none", response.status_code).inc()
    if "began" in g:
        seconds.observe(time.perf_counter() - g.began)
    return response


@bp.get("/healthz")
def healthz() -> Any:
    """The process answers."""
    return {"status": "ok"}


@bp.get("/readyz")
def readyz() -> Any:
    """The database answers and has the schema of this program; 503 with the reason where not."""
    from admin_app.cli_checks import migrations_current

    try:
        db.session.connection().execute(sa.select(sa.literal(1)))
        migrations_current()
    except (sa.exc.SQLAlchemyError, RuleError) as error:
        db.session.rollback()
        return {"status": "not ready", "why": type(error).__name__}, 503
    return {"status": "ok"}


@bp.get("/metrics")
def metrics() -> Any:
    """Counters for Prometheus. 404 while no token is set, 401 without it."""
    wanted = str(current_app.config.get("CAREDESK_METRICS_TOKEN") or "")
    if not wanted:
        abort(404)
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        abort(401)
    registry, _requests, _seconds, failed = current_app.extensions["caredesk_metrics"]
    table = JobRun.__table__
    for row in db.session.connection().execute(sa.select(table.c.name, table.c.failed)):
        failed.labels(row.name).set(1 if row.failed else 0)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
