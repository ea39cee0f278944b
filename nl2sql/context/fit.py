"""The same context with less in it: what a prompt can do without goes first, and what the question needs never does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nl2sql.catalog.model import Dataset, Field, Metric
from nl2sql.context.base import Context, Cut
from nl2sql.context.detail import cuts_of, fields_to_keep
from nl2sql.context.tokens import estimate
from nl2sql.context.visible import shown_of

# What stands around a field, a metric or an example in a prompt: line ends, marks, a type.
_AROUND = 4
# A prompt shows no more values of a field, and no more of a text.
_VALUES, _TEXT = 40, 200
_EXAMPLES, _VALUES_CUT = "examples", "lists of values"


def narrowed(context: Context, tokens_over: int) -> Context | None:
    """With some `tokens_over` fewer (as estimated) where that can be; None when nothing may be cut any more.

    In this order, each from the least relevant on: examples; listed values of fields that the question does not name;
    such fields themselves, but no key, join column, label or time; metrics that it does not name; datasets that are not
    needed, with all that is in them. What was cut is added to `cut`.
    """
    narrowing = _Narrowing(context)
    for saved in narrowing.steps():
        tokens_over -= saved
        if tokens_over <= 0:
            break
    return narrowing.result() if narrowing.is_changed else None


class _Narrowing:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._shown = shown_of(context.model)
        self._datasets = [name for name in context.datasets if name not in self._shown.closed]
        self._examples = list(context.examples)
        self._fields = {name: self._told(name) for name in self._datasets}
        available = self._shown.metrics_of(self._datasets)
        by_name = {metric.name: metric for metric in available}
        names = list(by_name) if context.metrics is None else [name for name in context.metrics if name in by_name]
        self._metrics = [by_name[name] for name in names]
        listed = {f"{name}.{f.name}" for name, fields in self._fields.items() for f in fields if f.values}
        self._values_of = listed if context.values_of is None else listed & context.values_of
        self._values_cut = 0
        self._linked = {term.place for term in context.linked}
        self._kept = {d: self._keep(d) for d in self._datasets}
        self.is_changed = False

    def steps(self) -> Iterator[int]:
        """Cuts one thing after the other, and tells what each saved in tokens."""
        for step in (self._cut_examples, self._cut_values, self._cut_fields, self._cut_metrics, self._cut_datasets):
            for saved in step():
                self.is_changed = True
                yield saved

    def result(self) -> Context:
        context = self._context
        told = replace(
            context,
            datasets=tuple(self._datasets),
            examples=tuple(self._examples),
            fields={name: tuple(f.name for f in self._fields[name]) for name in self._datasets},
            metrics=tuple(metric.name for metric in self._metrics),
            values_of=frozenset(self._values_of),
        )
        left_out = (
            (_EXAMPLES, len(context.examples) - len(self._examples), len(context.examples)),
            (_VALUES_CUT, self._values_cut, self._values_cut + len(self._values_of)),
        )
        before = {cut.what: cut for cut in context.cut if cut.what in (_EXAMPLES, _VALUES_CUT)}
        also = []
        for what, count, of in left_out:
            earlier = before.get(what, Cut(what, 0, of))
            also.append(Cut(what, earlier.left_out + count, max(earlier.of, of)))
        return replace(told, cut=cuts_of(told, [cut for cut in also if cut.left_out]))

    def _told(self, name: str) -> list[Field]:
        """Most relevant first."""
        fields = {f.name: f for f in self._shown.dataset(name).fields}
        told = self._context.fields.get(name)
        return list(fields.values()) if told is None else [fields[each] for each in told if each in fields]

    def _keep(self, name: str) -> frozenset[str]:
        return fields_to_keep(self._shown.dataset(name), self._datasets, self._context.linked, self._shown)

    def _cut_examples(self) -> Iterator[int]:
        while self._examples:
            example = self._examples.pop()
            yield estimate(f"{example.question}: {example.sql}") + _AROUND

    def _cut_values(self) -> Iterator[int]:
        for name in reversed(self._datasets):
            for field in reversed(self._fields[name]):
                place = f"{name}.{field.name}"
                if place in self._values_of and place not in self._linked:
                    self._values_of.remove(place)
                    self._values_cut += 1
                    yield _tokens_of_values(field)

    def _cut_fields(self) -> Iterator[int]:
        for name in reversed(self._datasets):
            for field in reversed(self._fields[name][:]):
                if field.name not in self._kept[name]:
                    yield self._without_field(name, field)

    def _without_field(self, name: str, field: Field) -> int:
        self._fields[name].remove(field)
        place = f"{name}.{field.name}"
        has_values = place in self._values_of
        self._values_of.discard(place)
        return _tokens_of_field(field) + (_tokens_of_values(field) if has_values else 0)

    def _cut_metrics(self) -> Iterator[int]:
        for metric in reversed(self._metrics[:]):
            if metric.name not in self._linked:
                self._metrics.remove(metric)
                yield _tokens_of_metric(metric)

    def _cut_datasets(self) -> Iterator[int]:
        """Only metrics that the question names are left by now, and what they read stays."""
        read = {d for metric in self._metrics for d in self._shown.metrics[metric.name][1]}
        needed = self._context.needed or {place.partition(".")[0] for place in self._linked}
        for name in reversed(self._datasets[1:]):
            if name not in needed and name not in read:
                self._datasets.remove(name)
                fields = self._fields.pop(name)
                self._values_of -= {f"{name}.{field.name}" for field in fields}
                yield _tokens_of_dataset(self._shown.dataset(name)) + sum(map(_tokens_of_field, fields))


def _tokens_of_field(field: Field) -> int:
    computed = "" if field.expression == field.name else f" = {field.expression}"
    said = f"{field.label} {field.synonyms[:1]} {field.unit} {field.description[:_TEXT]}"
    return estimate(f"{field.name}{computed} {said}") + _AROUND


def _tokens_of_values(field: Field) -> int:
    return estimate(", ".join(f'"{v.value}" ({v.synonyms[:1]})' for v in field.values[:_VALUES]))


def _tokens_of_metric(metric: Metric) -> int:
    said = f"{metric.name} = {metric.expression}, {metric.time_field} {metric.unit} {metric.description[:_TEXT]}"
    return estimate(said) + _AROUND


def _tokens_of_dataset(dataset: Dataset) -> int:
    """Its head and its filters."""
    head = f"{dataset.name} {dataset.source} {dataset.rows} {dataset.synonyms[:2]} {dataset.description[:_TEXT]}"
    filters = "\n".join(f"{f.name}: {f.expression} {f.description[:_TEXT]}" for f in dataset.filters)
    return estimate(f"{head}\n{filters}") + _AROUND
