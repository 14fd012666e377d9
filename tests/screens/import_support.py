"""A ledger through the pages of the import, as a browser sends it."""

from __future__ import annotations

import io
from typing import Any

from flask.testing import FlaskClient

from tests.ledger_files import workbook
from tests.screens.desk_support import Page, page

ROOT = "/admin/import/"
CUSTOMERS = (
    ["客户档案 2026"],
    ["姓名", "联系电话", "来源", "顾问", "内部编号"],
    ["王强", "13800138001", "某某平台", "梁思琪", "A-1"],
    ["李梅", "138-0013-8002", "老客户介绍", "小唐", "A-2"],
    ["王强", "13800138001", "", "", "A-3"],
    ["", "1391234", "展厅", "", "A-4"],
    ["合计", "3", "", "", ""],
)


def ledger(rows: Any = CUSTOMERS, name: str = "客户.xlsx") -> tuple[io.BytesIO, str]:
    return workbook(("Sheet1", rows)), name


def token(client: FlaskClient) -> str:
    return page(client, "/account/password").fields["csrf_token"]


def upload(client: FlaskClient, kind: str = "customers", file: Any = None, **more: Any) -> Any:
    """Send a file; the answer as it is."""
    data = {"csrf_token": token(client), "kind": kind, "file": file or ledger()} | more
    return client.post(ROOT, data=data, content_type="multipart/form-data")


def fields_of(client: FlaskClient, address: str) -> dict[str, str]:
    """What the page of the columns would send."""
    fields = page(client, address).fields
    return {name: value for name, value in fields.items() if name not in ("q", "search", "language", "next", "")}


def check(client: FlaskClient, address: str, **said: Any) -> Page:
    """Let the whole file be tried; the page that follows. Names with signs come as a dict `fields`."""
    fields = fields_of(client, address) | said.pop("fields", {}) | said
    answer = client.post(address + "columns/", data=fields | {"action": "check"})
    assert answer.status_code == 302, Page(answer.text).alerts
    return page(client, answer.location)


def run(client: FlaskClient, address: str) -> Page:
    """Import what was tried; the report."""
    answer = client.post(address + "run/", data={"csrf_token": token(client)})
    assert answer.status_code == 302
    return page(client, address)


def counts(shown: Page) -> dict[str, int]:
    """created, updated, duplicates, rejected as the page says them."""
    parts = shown.html.split('class="legend outcome">')[1].split("</div>")[0].split("?show=")[1:]
    return {part.split('"')[0]: int(part.split(">")[1].split("<")[0].replace(",", "")) for part in parts}


def whole(client: FlaskClient, kind: str, file: Any, **said: Any) -> tuple[str, Page]:
    """Upload, try and import a file; (address, report)."""
    answer = upload(client, kind, file)
    assert answer.status_code == 302, Page(answer.text).alerts
    check(client, answer.location, **said)
    return answer.location, run(client, answer.location)
