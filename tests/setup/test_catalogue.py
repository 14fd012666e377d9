"""The catalogues: nothing untranslated, nothing stale, and the tool that keeps them so."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import force_locale, ngettext

from admin_app import catalogue
from admin_app.words import days_apart


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


def test_the_same_words_are_compiled_the_same_on_another_day(folder: Path) -> None:
    words = {"Due %(when)s": "%(when)s 到期"}
    first = catalogue.files(catalogue.collect(), words)
    assert all(b"2026" not in content and b"Babel" not in content for content in first.values())
    assert catalogue.files(catalogue.collect(), words) == first


def test_a_plural_without_translation_is_said_in_english_and_counts_right(folder: Path) -> None:
    assert catalogue.main(taken(folder, "Due %(when)s\t%(when)s 到期")) == 1
    with catalogue.po_file("zh_Hans_CN").with_suffix(".mo").open("rb") as file:
        said = gettext.GNUTranslations(file)
    assert said.gettext("Due %(when)s") == "%(when)s 到期"
    assert said.ngettext("%(num)d customer", "%(num)d customers", 2) == "%(num)d customers"
    assert said.ngettext("%(num)d customer", "%(num)d customers", 1) == "%(num)d customer"


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


@pytest.mark.parametrize(("simplified", "traditional"), [
    ("门店的质保和年检", "門市的保固和驗車"),
    ("投诉复访", "投訴複訪"),
    ("角色代码没有权限", "角色代碼沒有權限"),
    ("第 %(number)s 行缺少该列", "第 %(number)s 列缺少該欄"),
    ("选“设置”", "選「設定」"),
    ("2 天后", "2 天後"),
])
def test_the_glossary_mends_what_the_conversion_gets_wrong(simplified: str, traditional: str) -> None:
    assert catalogue.traditional({"said": simplified}) == {"said": traditional}


@pytest.mark.parametrize(("locale", "one", "two", "past", "ahead"), [
    ("en", "1 day late", "2 days late", "21 days ago", "in 1 day"),
    ("zh_Hans_CN", "迟 1 天", "迟 2 天", "21 天前", "1 天后"),
    ("zh_Hant_TW", "遲 1 天", "遲 2 天", "21 天前", "1 天後"),
])
def test_one_and_many_are_said_right_in_every_language(
    app: Flask, locale: str, one: str, two: str, past: str, ahead: str
) -> None:
    with app.test_request_context("/"), force_locale(locale):
        late = [ngettext("%(num)d day late", "%(num)d days late", days) for days in (1, 2)]
        assert [*late, days_apart(-21), days_apart(1)] == [one, two, past, ahead]


def test_a_plural_names_its_number_wherever_it_may_be_more_than_one() -> None:
    """Chinese has one form for all numbers, so it names the number even where the English singular says One."""
    plurals = [key for key in catalogue.collect() if isinstance(key, tuple)]
    for locale in ("zh_Hans_CN", "zh_Hant_TW"):
        words = catalogue.read(locale)
        assert plurals
        assert [key for key in plurals if "%(num)d" in key[1] and "%(num)d" not in words[key][0]] == []
