"""Questions that were answered before and are like this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from nl2sql.context.base import Example
from nl2sql.context.lexical import LexicalIndex, document
from nl2sql.context.schema_index import SchemaIndex, tables_named

# More would cost more tokens than the third one helps.
MAX_EXAMPLES = 3
# Of the question's words, and at least two: below it, two questions share a table or a year, and an example of that is
# some 200 tokens that lead astray.
LEAST_SHARED, LEAST_WORDS = 1 / 2, 2
# Examples that are hidden from a role, or read other tables, are passed over; not for ever.
MAX_TRIED = 20


class ExampleIndex:
    """Made once for all the examples there are. Safe to share between threads."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self._examples = tuple(examples)
        self._documents = [document(([example.question], 1)) for example in examples]
        self._lexical = LexicalIndex(self._documents)

    def nearest(self, words: Mapping[str, float], datasets: Set[str], index: SchemaIndex) -> tuple[Example, ...]:
        """The most alike first; only those that read nothing but `datasets`, and nothing that is hidden."""
        scores = self._lexical.scores(words)
        found: list[Example] = []
        for place in sorted(scores, key=lambda each: (-scores[each], each))[:MAX_TRIED]:
            example = self._examples[place]
            shared = sum(word in self._documents[place] for word in words)
            if shared >= max(LEAST_SHARED * len(words), LEAST_WORDS) and self._may_be_told(example, datasets, index):
                found.append(example)
            if len(found) == MAX_EXAMPLES:
                break
        return tuple(found)

    def _may_be_told(self, example: Example, datasets: Set[str], index: SchemaIndex) -> bool:
        reads_others = any(datasets.isdisjoint(meant) for meant in tables_named(example.sql, index))
        return not reads_others and index.shown.may_tell(example)
