""" "Either … or", "neither … nor" and "both … and" in plainer words: "or", "no … and no", "and"."""

from __future__ import annotations

from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import Chunk, DatasetSense, FieldSense, NumberSense, RoleSense, WordSense
from nl2sql.writers.offline.tokens import singular

# What may stand between a thing and its number: "listing number 42", "listing #42".
_NUMBERED = ("#", "number", "no", "nr", "id", "number #", "with id", "with the id")


def plain_keys(chunks: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
    """ "listing no. 42" is listing 42."""

    def is_spare(at: int) -> bool:
        if not 0 < at < len(chunks) - 1 or chunks[at].words.lower() not in _NUMBERED:
            return False
        before, behind = chunks[at - 1], chunks[at + 1]
        return (
            before.has(DatasetSense)
            and before.words.lower() == singular(before.words.lower())
            and behind.has(NumberSense)
        )

    return tuple(chunk for at, chunk in enumerate(chunks) if not is_spare(at))


def plain_bounds(chunks: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
    """ "3 stars or fewer" is 3 or fewer stars."""
    read = list(chunks)
    for at in range(2, len(read)):
        number, thing = read[at - 2], read[at - 1]
        if read[at].word("or_more") and number.has(NumberSense) and thing.has(FieldSense, DatasetSense):
            read[at - 1], read[at] = read[at], thing
    return tuple(read)


def plain_joints(chunks: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
    read: list[Chunk] = []
    neither = False
    for index, chunk in enumerate(chunks):
        rest = chunks[index + 1 :]
        if chunk.word("either"):
            _need(rest, "or", chunk)
        elif chunk.word("both"):
            _need(rest, "and", chunk)
            read.append(chunk)
        elif chunk.word("neither"):
            _need(rest, "nor", chunk)
            neither = True
            read.append(_not(chunk, rest))
        elif chunk.word("nor"):
            if not neither and not any(c.word("not") for c in read):
                raise NotUnderstood("", (chunk.words,))
            read += [Chunk("and", (WordSense("and"),)), _not(chunk, rest)]
        else:
            read.append(chunk)
    return tuple(read)


def _need(rest: tuple[Chunk, ...], joint: str, chunk: Chunk) -> None:
    if not any(c.word(joint) for c in rest):
        raise NotUnderstood(f"I could not tell what “{chunk.words}” refers to.", (chunk.words,))


def _not(chunk: Chunk, rest: tuple[Chunk, ...]) -> Chunk:
    """ "no" before things, "not" before what is done or said of them."""
    names = bool(rest) and rest[0].has(DatasetSense, RoleSense, FieldSense)
    return Chunk("no" if names else chunk.words, (WordSense("not"),))
