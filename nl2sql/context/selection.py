"""Which datasets of a large model a question needs, and which others stand nearest to it.

Every phrase of the question that names something gets the dataset where it fits best, those are joined by the fewest
others, and the rest of the room goes to what they point to, to what else the phrases name, and to what ranks best.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from nl2sql.context.phrases import Phrase
from nl2sql.context.schema_index import SchemaIndex

# Up to here a model is given whole, and a larger one is cut to it: with the fields that matter, some 3,000 tokens.
MAX_DATASETS = 12
# Of several datasets that a phrase names, so many are told besides the best: the question may mean any of them.
OTHER_MEANINGS = 2
# Whatever the phrases say, the datasets that rank best are told.
BEST = 4
# What so few datasets have, or fewer, names one of them.
FEW_MEANINGS = 3
# Things that are tables of their own, and things that stand in a table. A verb ("get", "made") names neither surely.
_WHOLE_KINDS = ("metric", "dataset", "role")
_PART_KINDS = ("filter", "field", "value")


class Selection:
    """For one question. `needed` are the datasets that it names and those that join them, at most MAX_DATASETS."""

    def __init__(
        self,
        index: SchemaIndex,
        scores: Mapping[str, float],
        phrases: Sequence[Phrase],
        words: Mapping[str, float],
    ) -> None:
        self._index = index
        self._words = words
        self._scores = scores
        ranked = sorted(scores, key=self._rank_by_score, reverse=True)
        self._places = {name: place for place, name in enumerate(ranked)}
        self._phrases = sorted(phrases, key=_specific)
        self.needed: list[str] = []

    def cover(self, first: Iterable[str] = ()) -> None:
        """`first` are datasets that are known to be needed."""
        for name in first:
            self._need(name)
        for phrase in self._phrases:
            if metric := self._metric(phrase):
                for name in metric:
                    self._need(name)
            else:
                self._need_one_of(self._whole(phrase), self._parts(phrase))
        best = next(iter(self._places), None)
        if not self.needed and best is not None:
            self._need(best)

    def filled(self, limit: int = MAX_DATASETS) -> list[str]:
        """The needed datasets, most relevant first, then others up to `limit`."""
        chosen = dict.fromkeys(self._ranked(self.needed))
        for name in self._others():
            if len(chosen) >= limit:
                break
            chosen[name] = None
        return list(chosen)

    def _need_one_of(self, whole: Sequence[str], parts: Sequence[str]) -> None:
        """Of what a phrase can mean, the likeliest, unless something of it is needed already. What many datasets have
        a part of is found in one that is joined to a needed one, or is said of none of them."""
        if not {*whole, *parts}.isdisjoint(self.needed):
            return
        if whole:
            self._need(whole[0])
        elif parts and (not self.needed or len(parts) <= FEW_MEANINGS or parts[0] in self._near()):
            self._need(parts[0])

    def _others(self) -> Iterator[str]:
        """In place of a copy that is not meant its original, and such copies last of all."""
        copies: list[str] = []
        for name in self._candidates():
            copy = self._index.copies.get(name)
            if copy is not None:
                yield copy.original
                if not self._index.is_meant(name, self._words):
                    copies.append(name)
                    continue
            yield name
        yield from copies

    def _candidates(self) -> Iterator[str]:
        yield from list(self._places)[:BEST]
        # What a needed dataset points to, and what that points to: there its values have names.
        level = {target for name in self.needed for target in self._index.targets[name]}
        yield from self._ranked(level)
        yield from self._named_in_part()
        for phrase in self._phrases:
            whole = self._whole(phrase)
            yield from whole[: 1 + OTHER_MEANINGS]
            yield from self._parts(phrase)[: 1 + OTHER_MEANINGS if not whole else 1]
        yield from self._ranked({target for name in level for target in self._index.targets[name]})
        yield from self._ranked(self._near())
        yield from self._places
        yield from self._ranked(self._index.open)

    def _named_in_part(self) -> Iterator[str]:
        """The likeliest datasets for each word that few have in their names: wallet_transactions, of “transactions”."""
        for word in self._words:
            named = {self._original(name) for name in self._index.named_in_part(word)} & self._scores.keys()
            if 0 < len(named) <= FEW_MEANINGS:
                yield from self._ranked(named)[:OTHER_MEANINGS]

    def _near(self) -> set[str]:
        return {each for name in self.needed for each in self._index.neighbours[name]}

    def _ranked(self, names: Iterable[str]) -> list[str]:
        return sorted(names, key=self._place)

    def _rank_by_score(self, name: str) -> tuple[float, int, int]:
        """The higher the better: by score, then by how many it is joined to, then in the model's order."""
        return self._scores[name], len(self._index.neighbours[name]), -self._index.shown.place[name]

    def _place(self, name: str) -> int:
        """The lower the better. What has no score comes after what has one, in the model's order."""
        place = self._places.get(name)
        return len(self._places) + self._index.shown.place[name] if place is None else place

    def _metric(self, phrase: Phrase) -> Sequence[str]:
        """All that the likeliest metric of this name reads, unless it reads what is closed."""
        read = [n.datasets for n in phrase.named if n.kind == "metric" and n.target in self._index.shown.metrics]
        opened = [names for names in read if names and self._index.shown.closed.isdisjoint(names)]
        return min(opened, key=lambda names: min(self._place(name) for name in names), default=())

    def _whole(self, phrase: Phrase) -> list[str]:
        """The open datasets that a phrase is a name of, the likeliest first."""
        return self._ranked(self._scored(phrase, _WHOLE_KINDS))

    def _parts(self, phrase: Phrase) -> list[str]:
        """The open datasets in which a phrase names something, those first that are joined to what is needed; of copies
        that are not meant the original alone."""
        scored = self._scored(phrase, _PART_KINDS)
        meant = {self._original(name) for name in scored} & self._scores.keys()
        near = self._near()
        return sorted(meant, key=lambda name: (name not in near, self._place(name)))

    def _scored(self, phrase: Phrase, kinds: Sequence[str]) -> set[str]:
        return {n for named in phrase.named if named.kind in kinds for n in named.datasets if n in self._scores}

    def _original(self, name: str) -> str:
        copy = self._index.copies.get(name)
        return name if copy is None or self._index.is_meant(name, self._words) else copy.original

    def _need(self, name: str) -> None:
        path = self._path_to(name)
        if len(self.needed) + len(path) <= MAX_DATASETS:
            self.needed += path
        elif len(self.needed) < MAX_DATASETS and name not in self.needed:
            self.needed.append(name)

    def _path_to(self, name: str) -> list[str]:
        """The fewest datasets that join `name` to a needed one, and itself; alone when nothing joins them."""
        if name in self.needed:
            return []
        came_from: dict[str, str] = {name: ""}
        queue = deque([(name, 1)])
        while queue:
            here, length = queue.popleft()
            if here in self.needed:
                path = [came_from[here]]
                while came_from[path[-1]]:
                    path.append(came_from[path[-1]])
                return path
            if length > MAX_DATASETS - len(self.needed):
                continue
            for each in self._ranked(self._index.neighbours[here]):
                if each not in came_from:
                    came_from[each] = here
                    queue.append((each, length + 1))
        return [name]


def _specific(phrase: Phrase) -> tuple[bool, int]:
    """What names a table comes before what stands in one, and what few are called before what many are."""
    whole = any(named.kind in _WHOLE_KINDS for named in phrase.named)
    return not whole, len({name for named in phrase.named for name in named.datasets})
