"""The catalogues: nothing untranslated, nothing stale, and the tool that keeps them so."""

from __future__ import annotations

from pathlib import Path

import pytest

from admin_app import catalogue


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Catalogues in a folder of the test, with a glossary of one word and two ids in the code."""
    (tmp_path / "translations").mkdir()
    (tmp_path / "translations" / "glossary.yaml").write_text("二維碼: QR 碼\n", "utf-8")
    monkeypatch.setattr(catalogue, "HERE", tmp_path)
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path / "translations")
    monkeypatch.setattr(catalogue, "collect", lambda: ["Due %(when)s", ("%(num)d customer", "%(num)d customers")])
    return tmp_path


def taken(folder: Path, *lines: str) -> list[str]:
    """The arguments that take over a list of translations."""
    path = folder / "words.tsv"
    path.write_text("\n".join(lines), "utf-8")
    return ["--take", str(path)]


def test_the_catalogues_of_the_desk_are_complete_and_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    status = catalogue.main(["--check"])
    assert status == 0, capsys.readouterr().err[:2000]


def test_words_are_collected_from_code_and_templates() -> None:
    ids = catalogue.collect()
    assert "Sign in" in ids
    assert "Follow-up rules" in ids


def test_what_is_taken_over_is_compiled_in_both_scripts(folder: Path) -> None:
    words = taken(folder, "Due %(when)s\t二维码 %(when)s 到期", "%(num)d customer\t%(num)d 位客户")
    assert catalogue.main(words) == 0
    assert catalogue.main(["--check"]) == 0
    assert catalogue.read("zh_Hans_CN")["Due %(when)s"] == "二维码 %(when)s 到期"
    assert catalogue.read("zh_Hant_TW")["Due %(when)s"] == "QR 碼 %(when)s 到期"
    assert catalogue.read("zh_Hant_TW")[("%(num)d customer", "%(num)d customers")] == ("%(num)d 位客戶",)


def test_what_is_translated_already_stays(folder: Path) -> None:
    assert catalogue.main(taken(folder, "Due %(when)s\t%(when)s 到期", "%(num)d customer\t%(num)d 位")) == 0
    assert catalogue.main(taken(folder, "Due %(when)s\t另一个 %(when)s")) == 0
    assert catalogue.read("zh_Hans_CN")["Due %(when)s"] == "%(when)s 到期"


def test_checking_writes_nothing_and_names_what_is_missing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert catalogue.main(["--check"]) == 1
    told = capsys.readouterr().err
    assert "not translated: 'Due %(when)s'" in told
    assert "stale: " in told
    assert "run `make i18n`" in told
    assert not catalogue.po_file("zh_Hans_CN").exists()


def test_a_lost_placeholder_is_a_fault(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert catalogue.main(taken(folder, "Due %(when)s\t%(day)s 到期", "%(num)d customer\t%(num)d 位")) == 1
    assert "placeholders differ: 'Due %(when)s' / '%(day)s 到期'" in capsys.readouterr().err


def test_a_word_that_is_used_no_more_goes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert catalogue.main(taken(folder, "Due %(when)s\t%(when)s 到期", "%(num)d customer\t%(num)d 位")) == 0
    monkeypatch.setattr(catalogue, "collect", lambda: ["Due %(when)s"])
    assert catalogue.main(["--check"]) == 1
    assert catalogue.main([]) == 0
    assert catalogue.read("zh_Hans_CN") == {"Due %(when)s": "%(when)s 到期"}
    assert catalogue.main(["--check"]) == 0
