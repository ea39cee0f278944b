"""What the model says of itself, in plain lines. Nothing sensitive is named beyond that it is protected."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nl2sql.catalog.model import Dataset, Field, Metric, NamedFilter, SemanticModel
from nl2sql.plan.names import singular
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    RoleSense,
    ValueSense,
)

_VALUES = 30


def capabilities(model: SemanticModel) -> str:
    rows = [d.label or d.name for d in model.datasets]
    lines = [model.description] if model.description else []
    lines.append(
        f"Ask in plain English about {_and(rows)}: how many, totals, averages, by what, when, the top and bottom."
    )
    if model.metrics:
        lines.append(f"Defined figures: {_and([_label(m) for m in model.metrics])}.")
    lines.append("A term is explained by “What does … mean?”, a table by “Which columns do … have?”.")
    return "\n".join(lines)


def about_tables(model: SemanticModel) -> str:
    lines = [f"There are {len(model.datasets)} kinds of rows:"]
    lines += [f"· {d.label or d.name}{f' – {d.description}' if d.description else ''}" for d in model.datasets]
    return "\n".join(lines)


def about_metrics(model: SemanticModel) -> str:
    if not model.metrics:
        return "No figures are defined; rows can be counted, and numbers added and averaged."
    lines = [f"There are {len(model.metrics)} defined figures:"]
    lines += [f"· {_label(m)}{f' – {m.description}' if m.description else ''}" for m in model.metrics]
    return "\n".join(lines)


def columns_of(chunk: Chunk | None, model: SemanticModel) -> str:
    """Empty where the words name no kind of rows."""
    names = [s.dataset for s in chunk.of(DatasetSense)] if chunk else []
    names += [_source(model, s.relationship) for s in chunk.of(RoleSense)] if chunk and not names else []
    if len(names) != 1:
        return ""
    dataset = model.dataset(names[0])
    shown = [f for f in dataset.fields if not f.sensitive]
    label = dataset.label or dataset.name
    open_ = " to ask about" if len(shown) < len(dataset.fields) else ""
    lines = [f"{label[:1].upper()}{label[1:]} have {len(shown)} columns{open_}:"]
    lines += [f"· {_label(f)}{f' – {f.description}' if f.description else ''}" for f in shown]
    if hidden := len(dataset.fields) - len(shown):
        lines.append(f"{hidden} more {'is' if hidden == 1 else 'are'} protected.")
    return "\n".join(lines)


def values_of(chunk: Chunk | None, model: SemanticModel) -> str:
    """The vocabulary of a field; empty where it has none of its own."""
    fields = [model.dataset(s.dataset).field(s.field) for s in chunk.of(FieldSense)] if chunk else []
    if len(fields) != 1 or fields[0].sensitive or not 0 < len(fields[0].values) <= _VALUES:
        return ""
    return f"{_title(_label(fields[0]))}: {_and([value.value for value in fields[0].values])}."


def term(words: str, chunk: Chunk | None, model: SemanticModel) -> str:
    """What a term means, by the model's own sentences; empty where the model has nothing to say of it."""
    reading = next((said for name, said in model.readings.items() if name.lower() == words.lower()), "")
    if chunk is not None and not reading:
        reading = _reading_of(chunk, model)
    senses = list(_meanings(chunk, model, told=bool(reading))) if chunk else []
    lines = [reading] if reading else []
    lines += [line for line in dict.fromkeys(senses) if line and _bare(line) not in {_bare(each) for each in lines}]
    if not lines:
        return ""
    return "\n".join([f"{_title(words)}: {lines[0][:1].upper()}{lines[0][1:]}", *lines[1:]])


def _reading_of(chunk: Chunk, model: SemanticModel) -> str:
    """The reading of what the words are a synonym of."""
    names = [model.metric_by_name[s.metric] for s in chunk.of(MetricSense)]
    labels = {_label(m).lower() for m in names}
    labels |= {s.filter.lower() for s in chunk.of(FilterSense)}
    roles = {r.name: r.role for r in model.relationships}
    labels |= {roles[s.relationship].lower() for s in chunk.of(RoleSense) if s.at_least == 1}
    labels |= {_label(model.dataset(s.dataset).field(s.field)).lower() for s in chunk.of(FieldSense)}
    return next((said for name, said in model.readings.items() if name.lower() in labels), "")


def _meanings(chunk: Chunk, model: SemanticModel, *, told: bool) -> Iterator[str]:
    """`told`: a reading says already what the term is."""
    for metric in chunk.of(MetricSense):
        yield _metric(model.metric_by_name[metric.metric], model, told=told)
    for named in chunk.of(FilterSense):
        dataset = model.dataset(named.dataset)
        yield _filter(next(f for f in dataset.filters if f.name == named.filter), dataset)
    for role in chunk.of(RoleSense):
        yield _role(role, model)
    for rows in chunk.of(DatasetSense):
        yield model.dataset(rows.dataset).description
    for field in chunk.of(FieldSense):
        dataset = model.dataset(field.dataset)
        if not chunk.has(MetricSense):
            yield _field(dataset.field(field.field), dataset)
    for value in chunk.of(ValueSense):
        dataset = model.dataset(value.dataset)
        field_of = dataset.field(value.field)
        known = value.value in {each.value for each in field_of.values}
        if known and not field_of.sensitive and not chunk.has(FilterSense):
            yield f"the {_label(field_of)} {value.value} of {dataset.label or dataset.name}."


def _metric(metric: Metric, model: SemanticModel, *, told: bool) -> str:
    said = "" if told else metric.description or f"Computed as {metric.expression}."
    dataset, _, field = metric.time_field.partition(".")
    if field:
        said += f" Periods go by the {_label(model.dataset(dataset).field(field))}."
    return (f"{said} In {metric.unit}." if metric.unit else said).strip()


def _filter(named: NamedFilter, dataset: Dataset) -> str:
    label = dataset.label or dataset.name
    if named.description:
        return f"Said of {label}: {named.description[:1].lower()}{named.description[1:]}"
    hidden = [f for f in dataset.fields if f.sensitive]
    if any(re.search(rf"\b{re.escape(f.expression)}\b", named.expression) for f in hidden):
        return ""
    return f"Said of {label} where {named.expression.replace(f'{dataset.name}.', '')}."


def _role(role: RoleSense, model: SemanticModel) -> str:
    relationship = next(r for r in model.relationships if r.name == role.relationship)
    rows = model.dataset(relationship.source).label or relationship.source
    people = model.dataset(relationship.target).label or relationship.target
    if role.at_least > 1:
        return f"one of the {people} with at least {role.at_least} {rows} as {relationship.role}."
    return f"the {singular(people)} whom {rows} name as their {relationship.role}."


def _field(field: Field, dataset: Dataset) -> str:
    if field.sensitive:
        return ""
    owner = singular(dataset.label or dataset.name)
    return field.description or f"recorded for each {owner}{f', in {field.unit}' if field.unit else ''}."


def _source(model: SemanticModel, relationship: str) -> str:
    return next(r.target for r in model.relationships if r.name == relationship)


def _label(named: Metric | Field) -> str:
    return named.label or named.name.replace("_", " ")


def _title(words: str) -> str:
    return f"“{words}”"


def _bare(line: str) -> str:
    return re.sub(r"\W+", " ", line.lower()).strip()


def _and(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
