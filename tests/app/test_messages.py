"""The app's texts: whatever the code says is there in both languages, and nothing is there that nobody says."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import yaml

import streamlit_app
from streamlit_app.words import LANGUAGES, messages

HOME = Path(streamlit_app.__file__).parent
SAYING = {"say", "say_count"}
COUNTS = ("one", "other")
# Written the same in both languages: signs, names and words that German took over.
ALIKE = frozenset(
    """Name Host Prompt Budget Esc / ↑ ↓ CSV XLSX Parquet JSON PNG SVG PDF HTML Python SQL ID OK Token EUR USD
    English Deutsch Details Status Filter Text Version System Normal Plan Feedback Dashboard Export Link Chat
    April August September November Definition Enter Excel Markdown
    Fallback Total in Cache Median Format Code Layout Start Linear Team Import Test""".split()
)


def keys_in(tree: ast.AST) -> Iterator[tuple[str, bool, int]]:
    """Each key that is said, as a regular expression (parts may be computed); whether it is counted; its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAYING and node.args:
            for pattern in patterns_of(node.args[0]):
                yield pattern, node.func.id == "say_count", node.lineno


def patterns_of(key: ast.expr) -> Iterator[str]:
    if isinstance(key, ast.Constant):
        yield re.escape(str(key.value))
    elif isinstance(key, ast.JoinedStr):
        parts = [re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"[\w.]+" for part in key.values]
        yield "".join(parts)
    elif isinstance(key, ast.IfExp):
        yield from patterns_of(key.body)
        yield from patterns_of(key.orelse)


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(HOME.rglob("*.py")):
        if path != HOME / "words.py":
            yield path, ast.parse(path.read_text(encoding="utf-8"))


MESSAGES = HOME / "messages.yaml"
SECTIONS = {key.partition(".")[0] for key in messages()}
KEY_LIKE = re.compile(rf"(?:{'|'.join(sorted(SECTIONS))})\.[\w.]+")


def strings_in(tree: ast.AST) -> Iterator[str]:
    """Texts that look like a key, wherever they stand: keys are also handed on before they are said."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and KEY_LIKE.fullmatch(node.value):
            yield re.escape(node.value)
        elif isinstance(node, ast.JoinedStr):
            (pattern,) = patterns_of(node)
            if re.match(rf"(?:{'|'.join(sorted(SECTIONS))})\\\.", pattern):
                yield pattern


def counted(key: str) -> list[str]:
    return [f"{key}.{each}" for each in COUNTS]


def test_every_key_that_the_code_says_has_a_text() -> None:
    known = set(messages())
    missing = []
    for path, tree in sources():
        for pattern, is_counted, line in keys_in(tree):
            wanted = [f"{pattern}\\.{each}" for each in COUNTS] if is_counted else [pattern]
            missing += [
                f"{path.relative_to(HOME)}:{line}: {each}"
                for each in wanted
                if not any(re.fullmatch(each, key) for key in known)
            ]
    assert missing == []


def test_every_text_is_said_somewhere() -> None:
    """Where a part of a key is computed, any key that fits counts as said."""
    said = set()
    for _, tree in sources():
        said |= {pattern for pattern, _, _ in keys_in(tree)} | set(strings_in(tree))
    whole = re.compile("|".join(f"(?:{each})(?:\\.(?:one|other))?" for each in sorted(said)))
    assert sorted(key for key in messages() if not whole.fullmatch(key)) == []


def test_no_name_is_read_as_something_else_or_stands_there_twice() -> None:
    """YAML reads a bare off, on, yes and no as true or false, and the last of two equal names as the only one."""

    def names(node: yaml.Node) -> Iterator[tuple[str, str]]:
        if isinstance(node, yaml.MappingNode):
            own = [key.value for key, _ in node.value]
            for key, value in node.value:
                if key.tag != "tag:yaml.org,2002:str" or own.count(key.value) > 1:
                    yield key.value, f"line {key.start_mark.line + 1}"
                yield from names(value)

    assert list(names(yaml.compose(MESSAGES.read_text(encoding="utf-8")))) == []


def placeholders(text: str) -> list[str]:
    """Raises ValueError for a brace that format would not read."""
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def test_both_languages_have_the_same_placeholders() -> None:
    """A sentence about one thing may say so in words: “one row”."""
    differing = []
    for key, texts in messages().items():
        english, german = (set(placeholders(texts[each])) for each in LANGUAGES)
        if key.endswith(".one"):
            english, german = english - {"count"}, german - {"count"}
        if english != german:
            differing.append(key)
    assert differing == []


def test_a_placeholder_has_a_name() -> None:
    assert [key for key, texts in messages().items() for text in texts.values() if "" in placeholders(text)] == []


def test_german_is_not_english_left_as_it_was() -> None:
    def words(text: str) -> set[str]:
        return set(re.sub(r"\{\w*\}|[.…:·,()%]", " ", text).split())

    same = [key for key, texts in messages().items() if texts["en"] == texts["de"] and words(texts["en"]) - ALIKE]
    assert same == []


def test_no_text_is_empty_or_has_space_around_it() -> None:
    assert [
        key for key, texts in messages().items() for text in texts.values() if not text or text != text.strip()
    ] == []


def test_quotation_marks_are_those_of_the_language() -> None:
    """English “so” and it’s; German „so“."""
    wrong = []
    for key, texts in messages().items():
        english, german = texts["en"], texts["de"]
        if re.search("[\"'„]", english) or english.count("“") != english.count("”"):
            wrong.append(f"{key} (en)")
        if re.search("[\"'”]", german) or german.count("„") != german.count("“"):
            wrong.append(f"{key} (de)")
    assert wrong == []


def test_german_has_its_own_letters() -> None:
    """Words that are written with ae, oe, ue only where a keyboard has no umlauts."""
    without = re.compile(
        r"\b(?:fuer|ueber|koennen|koennte|moechte|naechste|waehlen|loeschen|oeffnen|zurueck|groesse)\w*", re.I
    )
    assert [key for key, texts in messages().items() if without.search(texts["de"])] == []
