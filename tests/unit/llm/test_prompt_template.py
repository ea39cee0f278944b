from __future__ import annotations

from pathlib import Path

import pytest

from nl2sql.context.base import Context
from nl2sql.errors import PromptInvalid
from nl2sql.prompt.render import render_prompt
from nl2sql.prompt.template import load_template
from nl2sql.question import Question

FRONT = "---\nid: t\nversion: v1\npurpose: p\ninputs: [question]\nchangelog: [v1]\n---\n"


def write(folder: Path, text: str) -> Path:
    (folder / "t").mkdir(exist_ok=True)
    path = folder / "t" / "v1.md"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("# system\n", 1, "begins with a front matter"),
        ("---\nid: t\n", 1, "begins with a front matter"),
        ("---\nid: [\n---\n", 2, "not valid YAML"),
        ("---\nid: t\n---\n", 2, "lacks version, purpose, inputs, changelog"),
        ("---\n- a\n---\n", 2, "lacks id"),
        (FRONT.replace("id: t", "id: other") + "# system\na\n# user\nb\n", 2, "must be t and v1"),
        (FRONT.replace("[question]", "[secrets]") + "# system\na\n# user\nb\n", 2, "no input secrets"),
        (FRONT + "# system\na\n", 9, "one line “# user”"),
        (FRONT + "# user\na\n# system\nb\n", 8, "comes after"),
        (FRONT + "# system\na\n# user\nb\n{% if %}\n", 12, "Expected an expression"),
        (FRONT + "# system\na\n# user\n\n{{ history }}\n", 12, "“history” is not among the inputs"),
    ],
)
def test_a_broken_template_is_refused_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(PromptInvalid) as caught:
        load_template(tmp_path, "t", "v1")
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert said in str(caught.value)


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    with pytest.raises(PromptInvalid, match=r"There is no prompt template .*nothing/v7\.md"):
        load_template(tmp_path, "nothing", "v7")


def test_a_template_that_is_not_text_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PromptInvalid, match="cannot be read"):
        load_template(tmp_path, "t", "v1")


@pytest.mark.parametrize(
    "reach", ["{{ question.nothing }}", "{{ question.__class__.__mro__ }}", "{{ 1 / 0 }}", "{{ question() }}"]
)
def test_a_template_that_reaches_too_far_is_refused_with_its_line(
    tmp_path: Path, reach: str, question: Question, context: Context
) -> None:
    path = write(tmp_path, FRONT + f"# system\na\n# user\n\n\n{reach}\n")
    template = load_template(tmp_path, "t", "v1")
    with pytest.raises(PromptInvalid, match="cannot be rendered") as caught:
        render_prompt(template, question, context, reply_schema={})
    assert str(caught.value).startswith(f"{path}:13: ")


def test_a_changed_template_has_another_digest(tmp_path: Path) -> None:
    write(tmp_path, FRONT + "# system\na\n# user\nb\n")
    first = load_template(tmp_path, "t", "v1").digest
    write(tmp_path, FRONT + "# system\na\n# user\nc\n")
    assert load_template(tmp_path, "t", "v1").digest != first
