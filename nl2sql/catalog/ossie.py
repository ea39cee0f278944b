"""The file format: Apache Ossie core specification 0.2.0.dev0, and our extensions to it, as pydantic models.

These mirror the specification and know nothing else; `nl2sql.catalog.load` turns them into the SemanticModel.
Extensions of other vendors pass through untouched.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from nl2sql.catalog.model import DataType

VENDOR = "NL2SQL"

Name = Annotated[str, StringConstraints(min_length=1)]
Format = Literal["number", "money", "percent", "duration"]
DialectName = Literal["ANSI_SQL", "SNOWFLAKE", "MDX", "TABLEAU", "DATABRICKS", "MAQL", "BIGQUERY"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AiContext(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)
    instructions: str = ""
    synonyms: list[str] = []
    examples: list[str] = []


class CustomExtension(Strict):
    vendor_name: str
    data: str


class Object(Strict):
    """What every object of the format may carry."""

    ai_context: AiContext | str = ""
    custom_extensions: list[CustomExtension] = []

    @property
    def context(self) -> AiContext:
        return self.ai_context if isinstance(self.ai_context, AiContext) else AiContext(instructions=self.ai_context)


class Documented(Object):
    """What every object but a relationship may carry."""

    description: str = ""


class DialectExpression(Strict):
    dialect: DialectName
    expression: Name


class Expression(Strict):
    dialects: Annotated[list[DialectExpression], Field(min_length=1)]


class Dimension(Strict):
    is_time: bool | None = None


class OssieField(Documented):
    name: Name
    expression: Expression
    dimension: Dimension = Dimension()
    label: str = ""
    datatype: DataType = DataType.OPAQUE


class OssieDataset(Documented):
    name: Name
    source: Name
    primary_key: list[str] = []
    unique_keys: list[list[str]] = []
    fields: list[OssieField] = []


class OssieRelationship(Object):
    name: Name
    source: Name = Field(alias="from")
    target: Name = Field(alias="to")
    from_columns: Annotated[list[str], Field(min_length=1)]
    to_columns: Annotated[list[str], Field(min_length=1)]


class OssieMetric(Documented):
    name: Name
    expression: Expression
    datatype: DataType = DataType.OPAQUE


class OssieModel(Documented):
    name: Name
    datasets: Annotated[list[OssieDataset], Field(min_length=1)]
    relationships: list[OssieRelationship] = []
    metrics: list[OssieMetric] = []


class OssieFile(Strict):
    version: Literal["0.2.0.dev0"]
    semantic_model: Annotated[list[OssieModel], Field(min_length=1)]


# What NL2SQL adds, one shape for each kind of object it may stand on.


class ValueExtension(Strict):
    value: str
    synonyms: list[str] = []


class FieldExtension(Strict):
    sensitive: bool = False
    values: list[ValueExtension] = []
    indexed: bool = False
    unit: str = ""
    format: Format = "number"
    time_field: str = ""
    aggregation: Literal["", "sum", "avg"] = ""


class FilterExtension(Strict):
    name: Name
    expression: Name
    synonyms: list[str] = []
    description: str = ""
    time_field: str = ""


class DatasetExtension(Strict):
    label: str = ""
    rows: str = ""
    label_field: str = ""
    time_field: str = ""
    amount_field: str = ""
    list_fields: list[str] = []
    refresh_seconds: int = Field(default=0, ge=0)
    start_field: str = ""
    end_field: str = ""
    filters: list[FilterExtension] = []


class GroupExtension(Strict):
    """A kind of the people or things a role names: "repeat buyers" are buyers with at least two rows."""

    name: Name
    at_least: Annotated[int, Field(ge=1)]
    synonyms: list[str] = []


class RelationshipExtension(Strict):
    role: str = ""
    condition: str = ""
    membership: str = ""
    time_field: str = ""
    verbs: list[str] = []
    groups: list[GroupExtension] = []


class MetricExtension(Strict):
    label: str = ""
    time_field: str = ""
    unit: str = ""
    format: Format = "number"
    additive: bool | Literal["time", "all_but_time"] = False


class ModelExtension(Strict):
    readings: dict[str, str] = {}
