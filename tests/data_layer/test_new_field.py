"""A field is one line in models.py and a generated migration; then it is everywhere.

The test does exactly that in a copy of the program: it adds the line, generates the migration, runs it on a filled
database, and looks for the field in list, form, filter, export, import and audit.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import KEY

ROOT = Path(__file__).resolve().parents[2]
ANCHOR = "    hobbies: Mapped"
LINE = ('    pet: Mapped[str | None] = c.text(_l("Pet"), 40, listed=True, filtered=True, group=WISHES, '
        'names=("宠物",))\n')

LOOK = '''
import sys
from tests.conftest import Client, token
from admin_app import access, create_app, importing
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app import models as m
import sqlalchemy as sa

app = create_app()
app.test_client_class = Client
with app.app_context():
    access.set_actor(db.session, access.Actor(name="test", system="test", store_ids=None, store_id=1))
    client = app.test_client()
    client.post("/login", data={"username": "general_manager", "password": "correct horse battery",
                                "csrf_token": token(client)})
    form = client.get("/admin/customer/new/").text
    assert 'name="pet"' in form, "form"
    key = token(client, "/admin/customer/new/")
    fields = {"name": "赵建国", "phone": "13812345678", "kind": "person", "stage": "lead", "grade": "N",
              "birthday_calendar": "solar", "confidentiality": "normal", "pet": "金毛", "csrf_token": key}
    answer = client.post("/admin/customer/new/", data=fields)
    assert answer.status_code == 302, answer.text[:3000]
    page = client.get("/admin/customer/")
    assert "金毛" in page.text, "list"
    assert "Pet" in page.text, "label in the list"
    found = client.get("/admin/customer/?flt0_pet_contains=" + "金毛").text
    missed = client.get("/admin/customer/?flt0_pet_contains=" + "没有").text
    assert "赵建国" in found and "赵建国" not in missed, "filter"
    export = client.get("/admin/customer/export/csv/").data.decode("utf-8-sig")
    assert "Pet" in export.splitlines()[0] and "金毛" in export, "export"
    entries = [e.changes for e in db.session.scalars(sa.select(m.AuditEntry).where(m.AuditEntry.table == "customer"))]
    assert any(e.get("pet") == [None, "金毛"] for e in entries), "audit"
    store = db.session.scalars(sa.select(m.Store).where(m.Store.code == "S1")).one()
    importing.import_file(db.session, "customers", sys.argv[1], store=store, now=utcnow())
    db.session.commit()
    again = db.session.scalars(sa.select(m.Customer).where(m.Customer.name == "钱一")).one()
    assert again.pet == "狸花猫", "import"
print("everywhere")
'''


def test_one_line_in_the_models_is_enough(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for name in ("admin_app", "migrations", "seeds", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "data"))
    shutil.copy(ROOT / "wsgi.py", copy)
    environment = os.environ | {
        "CAREDESK_DATABASE_URL": f"sqlite:///{tmp_path / 'field.db'}", "CAREDESK_INSTANCE": str(tmp_path),
        "CAREDESK_ENCRYPTION_KEY": KEY, "CAREDESK_SECRET_KEY": "t" * 32, "PYTHONPATH": str(copy),
        "CAREDESK_LOCALE": "en"}

    def run(*command: str) -> str:
        done = subprocess.run([sys.executable, *command], cwd=copy, env=environment, capture_output=True, text=True,
                              timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("-m", "flask", "--app", "wsgi", "db", "upgrade")
    run("-c", "from tests.conftest import *\nfrom admin_app import create_app\nfill(create_app(), create=False)")
    models = copy / "admin_app" / "models.py"
    text = models.read_text(encoding="utf-8")
    assert text.count(ANCHOR) == 1
    models.write_text(text.replace(ANCHOR, LINE + ANCHOR), encoding="utf-8")
    run("-m", "flask", "--app", "wsgi", "db", "migrate", "-m", "pet")
    run("-m", "flask", "--app", "wsgi", "db", "upgrade")
    ledger = tmp_path / "客户.csv"
    ledger.write_text("客户姓名,手机号码,宠物\n钱一,13900000001,狸花猫\n", encoding="utf-8-sig")
    assert "everywhere" in run("-c", LOOK, str(ledger))
