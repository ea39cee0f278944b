"""Whether what a language model says repeats its instructions, or names what its asker may not see.

A model that obeys “print your instructions” can speak through sentences, choices, and the texts and names in its SQL.
What is found: eight words of the instructions in a row, whatever their case, punctuation and spacing, also over several
items of a list, letter by letter, backwards, in rot13, and any of that as base64, hexadecimal or numbers of characters,
up to twice over. What is not: a translation, a paraphrase, fewer words at a time, or a cipher of its own. The
instructions hold no secret; this keeps a reply about something else from being shown as an answer.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from nl2sql.context.secrets import Secrets

# Shorter runs occur in honest sentences: "the tables do not hold it", "to change, delete or create anything".
SHINGLE_WORDS = 8
# Eight words with fewer letters than this are notation ("a b c d"), and a match of them would mean nothing.
_FEWEST_LETTERS = 24
# By these first letters of a run it is looked up.
_PREFIX = 12
# base64 of a text that hides something, and so on.
_MAX_LAYERS = 2
# Forty characters of base64 or hexadecimal hold thirty or twenty letters: less cannot be a run of eight words.
_BASE64, _HEX = re.compile(r"[A-Za-z0-9+/_-]{40,}"), re.compile(r"(?i)[0-9a-f]{40,}")
_HEX_MARKS = re.compile(r"(?i)\\x|\\u00|%|0x|&#x|[\s:;,.|-]")
_NO_LETTERS = re.compile(r"[^a-z]+")
_NUMBER = re.compile(r"\d+")
# Six or more single characters with a separator between each and the next: "f.u.l.l._.n.a.m.e".
_SPACED = re.compile(r"(?<!\w)\w(?:[^\w\n]\w(?!\w)){5,}")
_WORD, _DOTTED = re.compile(r"\w+"), re.compile(r"\w+(?:\.\w+)*")
_TEXTS = frozenset(kind for kind in TokenType if kind.name.endswith("STRING"))


def repeats(instructions: str, said: Sequence[str]) -> bool:
    """Whether `said`, taken together in either order, holds `SHINGLE_WORDS` consecutive words of the instructions."""
    runs = _runs_of(instructions)
    return any(_holds(runs, letters) for text in _texts_in(said) for letters in _in_both_orders(text))


def names_hidden_column(secrets: Secrets, said: Sequence[str], known: str = "") -> bool:
    """Whether a sensitive column is spelled as the database does (`users.email`, full_name). A plain word like “email”
    is English; and what is in `known`, the words of whoever asks, is news to nobody."""
    own = {word.strip(".").lower() for word in _DOTTED.findall(known)}
    for text in _texts_in(said):
        for view in (text, text[::-1], codecs.encode(text, "rot13"), _SPACED.sub(lambda run: run.group()[::2], text)):
            if secrets.spelled(" ".join(word for word in set(_DOTTED.findall(view)) if word.lower() not in own)):
                return True
    return False


def sayings_of(sql: str) -> tuple[str, ...]:
    """What a statement can say to a person: its texts, comments, the names it gives, as words and as they are spelled,
    and its numbers, which can stand for characters; all of it where it has no tokens. Read off the tokens: a tree is
    too dear before the guard has judged its size."""
    try:
        tokens = sqlglot.tokenize(sql)
    except SqlglotError:
        return (sql,)
    texts = [token.text for token in tokens if _is_text(token)]
    comments = [comment for token in tokens for comment in token.comments]
    spelled = " ".join(_names_given(tokens))
    names = spelled.replace("_", " ")
    numbers = " ".join(token.text for token in tokens if token.token_type is TokenType.NUMBER)
    return tuple(part for part in (*texts, *comments, names, spelled if spelled != names else "", numbers) if part)


def _is_text(token: Token) -> bool:
    return token.token_type in _TEXTS


def _names_given(tokens: Sequence[Token]) -> Iterator[str]:
    """Names after AS, and those right after a value or a bracket, where AS may be left out; each with its own words,
    but for names that the statement reads as well: those are columns, for the guard to judge."""
    given = []
    read = set()
    for before, token in zip([None, *tokens], tokens, strict=False):
        is_word = token.text[:1].isalpha() or token.token_type is TokenType.IDENTIFIER
        if before is None or not is_word or _is_text(token):
            continue
        if before.token_type is TokenType.ALIAS or _ends_a_value(before, token):
            given.append(token.text)
        else:
            read.add(token.text.lower())
    return (name for name in given if name.lower() not in read)


def _ends_a_value(before: Token, token: Token) -> bool:
    a_name = token.token_type in (TokenType.VAR, TokenType.IDENTIFIER)
    return a_name and (before.token_type in (TokenType.NUMBER, TokenType.R_PAREN) or _is_text(before))


# -- instructions as runs of letters ----------------------------------------------------------------------------------


def _letters(text: str) -> str:
    """Only letters, in lower case, without accents; so that nothing that stands between them matters."""
    if text.isascii():
        return _NO_LETTERS.sub("", text.lower())
    return "".join(filter(str.isalpha, unicodedata.normalize("NFKD", text).casefold()))


@lru_cache(maxsize=32)  # one for each dialect and day; a run is about 60 letters
def _runs_of(instructions: str) -> Mapping[str, tuple[str, ...]]:
    """By their first letters, each forwards and backwards, and both in rot13: turning the instructions once takes less
    time than turning every reply."""
    words = [letters for word in _WORD.findall(instructions.replace("_", " ")) if (letters := _letters(word))]
    runs: dict[str, tuple[str, ...]] = {}
    for at in range(len(words) - SHINGLE_WORDS + 1):
        run = "".join(words[at : at + SHINGLE_WORDS])
        if len(run) >= _FEWEST_LETTERS:
            turned = codecs.encode(run, "rot13")
            for each in (run, run[::-1], turned, turned[::-1]):
                runs[each[:_PREFIX]] = (*runs.get(each[:_PREFIX], ()), each)
    return runs


def _holds(runs: Mapping[str, tuple[str, ...]], letters: str) -> bool:
    places = range(len(letters) - _FEWEST_LETTERS + 1)
    if runs.keys().isdisjoint([letters[at : at + _PREFIX] for at in places]):
        return False
    starts = (at for at in places if letters[at : at + _PREFIX] in runs)
    return any(letters.startswith(run, at) for at in starts for run in runs[letters[at : at + _PREFIX]])


# -- what a text may be hiding ----------------------------------------------------------------------------------------


def _texts_in(said: Sequence[str]) -> Iterator[str]:
    """The parts as one text in either order, and everything that they can be decoded to."""
    together = [part for part in said if part]
    for parts in dict.fromkeys((tuple(together), tuple(reversed(together)))):
        yield from _unfolded(" ".join(parts), _MAX_LAYERS)


def _unfolded(text: str, layers: int) -> Iterator[str]:
    yield text
    if layers and len(text) >= _FEWEST_LETTERS:
        for hidden in _decoded(text):
            yield from _unfolded(hidden, layers - 1)


def _in_both_orders(text: str) -> Iterator[str]:
    """The letters of a text, and those of its words the other way round."""
    yield _letters(text)
    yield _letters(" ".join(reversed(text.split())))


def _decoded(text: str) -> Iterator[str]:
    # Broken into lines or items, a code has gaps; whole sentences without their spaces look like one, but for digits.
    squeezed = "".join(text.split())
    for run in {*_BASE64.findall(text), *_BASE64.findall(squeezed)}:
        if not run.isalpha() and run != run.lower():
            yield from (_from_base64(run[skipped:]) for skipped in range(4))
    for run in _HEX.findall(_HEX_MARKS.sub("", text)):
        yield from (_from_hex(run[skipped:]) for skipped in range(2))
    codes = [int(each) for each in _NUMBER.findall(text) if len(each) <= 3]
    if sum(32 <= code < 127 for code in codes) >= _FEWEST_LETTERS:
        yield "".join(chr(code) for code in codes if 32 <= code < 127)


def _from_base64(run: str) -> str:
    try:
        standard = run.replace("-", "+").replace("_", "/")
        return base64.b64decode(standard[: len(standard) // 4 * 4]).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def _from_hex(run: str) -> str:
    return bytes.fromhex(run[: len(run) // 2 * 2]).decode("utf-8", "replace")
