from __future__ import annotations

import pytest

from nl2sql.export.cells import unique_names
from streamlit_app.safe import as_html, as_markdown, shorten


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cost $5 and $9", r"cost \$5 and \$9"),
        ("**bold** _it_ `code`", r"\*\*bold\*\* \_it\_ \`code\`"),
        ("[x](y)", r"\[x\]\(y\)"),
        ("one\ntwo", "one two"),
        (":red[x] :material/home: :smile:", ":\u2060red\\[x\\] :\u2060material/home: :\u2060smile:"),
        ("https://a.b www.a.b a@b", "https:\u2060//a\\.b www\u2060\\.a\\.b a@\u2060b"),
        ("Sales: by month", "Sales: by month"),
    ],
)
def test_markdown_in_a_label_stays_text(text: str, expected: str) -> None:
    assert as_markdown(text) == expected


def test_html_stays_text_in_content_and_in_attributes() -> None:
    assert as_html("<b title='x' id=\"y\">&") == "&lt;b title=&#x27;x&#x27; id=&quot;y&quot;&gt;&amp;"


def test_a_long_text_is_cut_to_its_limit_and_shows_it() -> None:
    assert shorten("abc def", 7) == "abc def"
    assert shorten("abc def ghi", 8) == "abc def…"
    assert len(shorten("x" * 500, 100)) == 100


def test_two_columns_of_one_name_are_told_apart() -> None:
    assert unique_names(["a", "b", "a", "a (2)", "a"]) == ["a", "b", "a (2)", "a (2) (2)", "a (3)"]
