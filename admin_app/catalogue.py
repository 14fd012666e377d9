"""The words of every language: collected from the code, 简体 by people, 繁體 by OpenCC and a glossary.

`python -m admin_app.catalogue` collects and compiles; `--take FILE` fills in translations from a list of
lines "English<TAB>简体"; `--check` ends with 1 where a catalogue is stale, a word untranslated or a placeholder lost.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from pathlib import Path
from typing import Any

import yaml
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).resolve().parent
FOLDER = HERE / "translations"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
SIMPLIFIED, TRADITIONAL = "zh_Hans_CN", "zh_Hant_TW"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%")

Words = dict[Any, Any]  # message id (or singular) → translation (or list of plural forms)


def collect() -> list[Any]:
    """Every message id of code and templates, in the order found; a plural as (one, many)."""
    found: dict[Any, None] = {}
    for _file, _line, message, _comments, _context in extract_from_dir(
            HERE, METHODS, keywords=KEYWORDS, options_map={"**.html": {"silent": "false"}}):
        found[tuple(message) if isinstance(message, list | tuple) else message] = None
    return sorted((key for key in found if key), key=str)


def read(locale: str) -> Words:
    """The translations that a catalogue holds; empty where there is none yet."""
    path = po_file(locale)
    if not path.exists():
        return {}
    with path.open("rb") as file:
        catalog = read_po(file, locale=locale)
    return {message.id: message.string for message in catalog if message.id and _given(message)}


def _given(message: Message) -> bool:
    return bool(message.string if isinstance(message.string, str) else any(message.string or ()))


def po_file(locale: str) -> Path:
    """Where the catalogue of a language lies."""
    return FOLDER / locale / "LC_MESSAGES" / "messages.po"


class Book(Catalog):
    """A catalogue whose head names its language and nothing that changes by itself: no date, no tool, no person."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:  # type: ignore[override]
        """The lines of the head, the same for the same words."""
        return [("Project-Id-Version", self.project), ("Language", str(self.locale_identifier)),
                ("Plural-Forms", self.plural_forms), ("MIME-Version", "1.0"),
                ("Content-Type", f"text/plain; charset={self.charset}"), ("Content-Transfer-Encoding", "8bit\n")]


def build(locale: str, ids: list[Any], words: Words) -> Book:
    """A catalogue of exactly these ids; what has no translation stands empty in it."""
    book = Book(locale=locale, project="CareDesk", charset="utf-8", fuzzy=False, header_comment="# CareDesk 关爱台")
    for key in ids:
        given = words.get(key, "")
        if isinstance(key, tuple) and isinstance(given, str):
            given = (given,)
        book.add(key, given)
    return book


def _bytes(write: Any, book: Book, **options: Any) -> bytes:
    out = io.BytesIO()
    write(out, book, **options)
    return out.getvalue()


def files(ids: list[Any], words: Words) -> dict[Path, bytes]:
    """What the catalogue files of both Chinese languages should hold. Only what is translated is compiled: an
    untranslated plural would be compiled as its English singular, whatever the number.
    """
    made: dict[Path, bytes] = {}
    for locale, said in ((SIMPLIFIED, words), (TRADITIONAL, traditional(words))):
        made[po_file(locale)] = _bytes(write_po, build(locale, ids, said), width=110, omit_header=False)
        given = [key for key in ids if said.get(key)]
        made[po_file(locale).with_suffix(".mo")] = _bytes(write_mo, build(locale, given, said))
    return made


def traditional(words: Words) -> Words:
    """The words in 繁體: OpenCC with Taiwan's phrases, then the glossary of the trade."""
    from opencc import OpenCC

    convert = OpenCC("s2twp").convert
    glossary = yaml.safe_load((FOLDER / "glossary.yaml").read_text(encoding="utf-8"))

    def turn(text: str) -> str:
        said = convert(text)
        for wrong, right in glossary.items():
            said = said.replace(wrong, right)
        return said

    return {key: turn(text) if isinstance(text, str) else tuple(turn(form) for form in text)
            for key, text in words.items()}


def take(path: Path, ids: list[Any], words: Words) -> None:
    """Fill in translations from a list of lines "English<TAB>简体"; what is already translated stays."""
    plural = {form: key for key in ids if isinstance(key, tuple) for form in key}
    for line in path.read_text(encoding="utf-8").splitlines():
        english, _tab, chinese = line.partition("\t")
        english = english.replace("\\n", "\n").strip()
        key: Any = plural.get(english, english)
        if chinese.strip() and key in ids and not words.get(key):
            words[key] = chinese.strip() if isinstance(key, str) else (chinese.strip(),)


def faults(ids: list[Any], words: Words) -> list[str]:
    """A sentence per word that is not translated or has lost a placeholder."""
    said: list[str] = []
    for key in ids:
        given = words.get(key)
        english = key if isinstance(key, str) else key[1]
        chinese = given if isinstance(given, str) or given is None else given[0]
        if not chinese:
            said.append(f"not translated: {english!r}")
        elif set(PLACEHOLDER.findall(english)) != set(PLACEHOLDER.findall(chinese)):
            said.append(f"placeholders differ: {english!r} / {chinese!r}")
    return said


def main(arguments: list[str] | None = None) -> int:
    """Collect and compile, or check. 0 when nothing is missing."""
    parser = argparse.ArgumentParser(prog="catalogue", description="The words of every language.")
    parser.add_argument("--check", action="store_true", help="change nothing; 1 where something is missing")
    parser.add_argument("--take", type=Path, action="append", default=[], help="a list of translations to take over")
    chosen = parser.parse_args(arguments)
    ids, words = collect(), read(SIMPLIFIED)
    for path in chosen.take:
        take(path, ids, words)
    wrong = faults(ids, words)
    for path, content in files(ids, {key: words[key] for key in ids if key in words}).items():
        if chosen.check:
            if not path.exists() or path.read_bytes() != content:
                wrong.append(f"stale: {path.relative_to(HERE.parent)}: run `make i18n`")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    print(f"{len(ids)} words, {len(wrong)} faults")
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
