"""The words of every language: `make i18n` collects and compiles them, `--check` says what is stale.

English message ids stand in the code. 简体 is written by people in translations/zh_Hans_CN/LC_MESSAGES/messages.po.
繁體 is made from it with OpenCC and mended by translations/zh_Hant.tsv (as converted, tab, as it should be).
`--words FILE` fills what is not yet translated from lines of English, tab, 简体.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import io
import re
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "admin_app" / "translations"
WRITTEN, CONVERTED = "zh_Hans_CN", "zh_Hant_TW"
KEYWORDS = ("_l", "lazy_gettext", "lazy_ngettext:1,2")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%")
# A catalogue is the same whenever it is made, so that only a change of words is a change of the file.
EPOCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

Text = str | Iterable[str] | None
Translate = Callable[[Message], str]


def main(arguments: list[str] | None = None) -> int:
    """Write the catalogues, or with --check only say what is stale. 1 where something is missing."""
    parser = argparse.ArgumentParser(description="Collect and compile the words of every language.")
    parser.add_argument("--check", action="store_true", help="change nothing, say what is stale or missing")
    parser.add_argument("--words", type=Path, action="append", default=[], metavar="FILE",
                        help="lines of English, tab, 简体 for what has no translation yet")
    options = parser.parse_args(arguments)
    catalogues = build(collect(), read_pairs(options.words))
    if not options.check:
        for locale, catalogue in catalogues.items():
            write(locale, catalogue)
    found = faults(catalogues)
    for fault in found:
        print(fault, file=sys.stderr)
    return 1 if found else 0


def collect() -> Catalog:
    """Every message id in the code and the templates, by the mappings of pyproject.toml."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(ROOT):  # paths in the catalogue start here
        target = Path(folder) / "messages.pot"
        command = ["pybabel", "--quiet", "extract", "--mapping-file", "pyproject.toml",
                   "--output-file", str(target), "--add-location", "file"]
        for keyword in KEYWORDS:
            command += ["--keyword", keyword]
        CommandLineInterface().run([*command, "."])
        with target.open("rb") as file:
            return read_po(file)


def build(template: Catalog, words: dict[str, str]) -> dict[str, Catalog]:
    """Both catalogues for the ids of the template: what is translated stays, what has no id any more goes."""
    old = read(WRITTEN)

    def written(message: Message) -> str:
        known = old.get(message.id, message.context)
        text = first(known.string) if known is not None else ""
        return text or words.get(first(message.id), "")

    simplified = filled(template, WRITTEN, written)
    convert = converter()
    traditional = filled(simplified, CONVERTED, lambda message: convert(first(message.string)))
    return {WRITTEN: simplified, CONVERTED: traditional}


def filled(template: Catalog, locale: str, translate: Translate) -> Catalog:
    """A catalogue with the template's ids, each with its translation (Chinese has one form for every number)."""
    catalogue = Catalog(locale=locale, project="CareDesk", version="1", charset="utf-8", fuzzy=False,
                        creation_date=EPOCH, revision_date=EPOCH, header_comment=f"# CareDesk: {locale}",
                        last_translator="CareDesk", language_team=locale, msgid_bugs_address="-",
                        copyright_holder="CareDesk")
    for message in template:
        if message.id:
            text = translate(message)
            files: Any = sorted({(path.removeprefix("./"), None) for path, _ in message.locations})
            catalogue.add(message.id, (text,) if message.pluralizable else text, locations=files,
                          flags=message.flags - {"fuzzy"}, context=message.context)
    return catalogue


def converter() -> Callable[[str], str]:
    """简体 to 繁體 as Taiwan writes it, with the trade's own words from the glossary."""
    import opencc

    convert = opencc.OpenCC("s2twp").convert
    glossary = read_pairs([FOLDER / "zh_Hant.tsv"])

    def traditional(text: str) -> str:
        text = convert(text)
        for wrong, right in glossary.items():
            text = text.replace(wrong, right)
        return text

    return traditional


def faults(catalogues: dict[str, Catalog]) -> list[str]:
    """What is missing, broken, or on the disk otherwise than it should be, one sentence each."""
    found = [f"{message.locations[0][0]}: no translation of {first(message.id)!r}"
             for message in catalogues[WRITTEN] if message.id and not first(message.string)]
    found += [f"{locale}: other placeholders in the translation of {first(message.id)!r}"
              for locale, catalogue in catalogues.items() for message in catalogue
              if message.id and first(message.string) and placeholders(message.id) != placeholders(message.string)]
    for locale, catalogue in catalogues.items():
        for path, content in ((po_path(locale), po_bytes(catalogue)), (mo_path(locale), mo_bytes(catalogue))):
            if not path.is_file() or path.read_bytes() != content:
                found.append(f"{path.relative_to(ROOT).as_posix()} is stale: run `make i18n`")
    return found


def placeholders(text: Text) -> set[str]:
    """The %(name)s of an id or a translation, of all its forms together."""
    return set(PLACEHOLDER.findall(text if isinstance(text, str) else " ".join(text or ())))


def first(text: Text) -> str:
    """The id or translation itself, or its first form; "" where there is none."""
    return text if isinstance(text, str) else next(iter(text or ()), "")


def read(locale: str) -> Catalog:
    """The catalogue as it lies on the disk; empty where there is none."""
    path = po_path(locale)
    if not path.is_file():
        return Catalog(locale=locale)
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def write(locale: str, catalogue: Catalog) -> None:
    """Put a catalogue on the disk, to read (.po) and to run (.mo)."""
    po_path(locale).parent.mkdir(parents=True, exist_ok=True)
    po_path(locale).write_bytes(po_bytes(catalogue))
    mo_path(locale).write_bytes(mo_bytes(catalogue))


def po_path(locale: str) -> Path:
    return FOLDER / locale / "LC_MESSAGES" / "messages.po"


def mo_path(locale: str) -> Path:
    return po_path(locale).with_suffix(".mo")


def po_bytes(catalogue: Catalog) -> bytes:
    target = io.BytesIO()
    write_po(target, catalogue, width=0, sort_output=True, include_lineno=False)
    return target.getvalue()


def mo_bytes(catalogue: Catalog) -> bytes:
    target = io.BytesIO()
    write_mo(target, catalogue)
    return target.getvalue()


def read_pairs(paths: Iterable[Path]) -> dict[str, str]:
    """Lines of two words with a tab between them; a line that starts with # is a remark."""
    lines = (line for path in paths for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.split("\t", 1) for line in lines if "\t" in line and not line.startswith("#"))
    return {left.strip(): right.strip() for left, right in pairs}


if __name__ == "__main__":
    sys.exit(main())
