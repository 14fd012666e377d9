"""The catalogues: nothing untranslated, nothing stale, and the tool that keeps them so."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from admin_app import catalogue


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Catalogues in a folder of the test, with a glossary of one word."""
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path / "translations")
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    (tmp_path / "translations").mkdir()
    (tmp_path / "translations" / "zh_Hant.tsv").write_text("# as converted, as it should be\n二維碼\tQR 碼\n", "utf-8")
    return tmp_path


def template(*ids: str | tuple[str, str]) -> Catalog:
    found = Catalog()
    for message_id in ids:
        found.add(message_id, locations=[("./admin_app/menu.py", 1)])
    return found


def made(*ids: str | tuple[str, str], **words: str) -> dict[str, Catalog]:
    found = catalogue.build(template(*ids), words)
    for locale, content in found.items():
        catalogue.write(locale, content)
    return found


def test_the_catalogues_of_the_desk_are_complete_and_fresh() -> None:
    assert catalogue.faults(catalogue.build(catalogue.collect(), {})) == []


def test_words_are_collected_from_code_and_templates() -> None:
    places = {path for message in catalogue.collect() for path, _ in message.locations}
    assert "./admin_app/menu.py" in places or "admin_app/menu.py" in places
    assert any(path.endswith("templates/base.html") or "templates/shell" in path for path in places)


def test_simplified_is_kept_and_traditional_is_made_from_it(folder: Path) -> None:
    first = made("Save", Save="保存二维码")
    again = catalogue.build(template("Save"), {"Save": "另一个"})
    for found in (first, again):
        assert found["zh_Hans_CN"].get("Save").string == "保存二维码"
        assert found["zh_Hant_TW"].get("Save").string == "儲存QR 碼"
    assert catalogue.faults(again) == []


def test_a_word_without_translation_is_named_with_its_place(folder: Path) -> None:
    faults = catalogue.faults(made("Save", "Cancel", Save="保存"))
    assert faults == ["admin_app/menu.py: no translation of 'Cancel'"]


def test_a_word_that_is_used_no_more_goes(folder: Path) -> None:
    made("Save", "Cancel", Save="保存", Cancel="取消")
    found = catalogue.build(template("Save"), {})
    assert found["zh_Hans_CN"].get("Cancel") is None
    assert sorted(catalogue.faults(found)) == [
        f"translations/{locale}/LC_MESSAGES/messages.{kind} is stale: run `make i18n`"
        for locale in ("zh_Hans_CN", "zh_Hant_TW") for kind in ("mo", "po")]


def test_another_placeholder_is_a_fault(folder: Path) -> None:
    faults = catalogue.faults(catalogue.build(template("Due %(when)s"), {"Due %(when)s": "%(day)s 到期"}))
    assert "zh_Hans_CN: other placeholders in the translation of 'Due %(when)s'" in faults


def test_a_number_of_things_has_one_form_in_chinese(folder: Path) -> None:
    found = made(("%(num)d customer", "%(num)d customers"), **{"%(num)d customer": "%(num)d 位客户"})
    assert found["zh_Hans_CN"].get(("%(num)d customer", "%(num)d customers")).string == ("%(num)d 位客户",)
    assert catalogue.faults(found) == []


def test_the_same_words_make_the_same_file(folder: Path) -> None:
    one, two = made("Save", Save="保存"), made("Save", Save="保存")
    assert catalogue.po_bytes(one["zh_Hans_CN"]) == catalogue.po_bytes(two["zh_Hans_CN"])
    assert catalogue.mo_bytes(one["zh_Hant_TW"]) == catalogue.mo_bytes(two["zh_Hant_TW"])


def test_check_writes_nothing_and_ends_with_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(catalogue, "collect", lambda: template("Save"))
    words = folder / "words.tsv"
    words.write_text("Save\t保存\n", "utf-8")
    assert catalogue.main(["--check", "--words", str(words)]) == 1
    assert "is stale: run `make i18n`" in capsys.readouterr().err
    assert not catalogue.po_path("zh_Hans_CN").exists()
    assert catalogue.main(["--words", str(words)]) == 0
    assert catalogue.main(["--check"]) == 0
    assert "保存" in catalogue.po_path("zh_Hans_CN").read_text("utf-8")
