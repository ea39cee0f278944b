"""Local phrases that one chunk cannot say: a text to look for, one field against another, "neither … nor".

Each rewriting sees the chunks before the scan and leaves fewer or plainer ones. What it takes out it expresses: as a
made condition, or in words that the scan reads.
"""

from __future__ import annotations

from nl2sql.catalog.model import SemanticModel
from nl2sql.writers.offline.joints import plain_bounds, plain_joints, plain_keys
from nl2sql.writers.offline.senses import Chunk
from nl2sql.writers.offline.text_match import texts
from nl2sql.writers.offline.trees import trees
from nl2sql.writers.offline.versus import comparisons


def phrased(chunks: tuple[Chunk, ...], model: SemanticModel) -> tuple[Chunk, ...]:
    """Raises NotUnderstood where such a phrase begins and cannot be read."""
    return plain_joints(comparisons(texts(trees(plain_bounds(plain_keys(chunks)), model), model), model))
