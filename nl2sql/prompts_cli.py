"""The `nl2sql prompts` commands: see the templates, what they would send, how two of them differ; begin a new one.

Nothing here asks a language model or a database. Heavy modules are imported by the command that needs them, so that
`--help` stays quick.
"""

from __future__ import annotations

import difflib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nl2sql.errors import PromptInvalid, SettingsInvalid
from nl2sql.exit_codes import ExitCode

if TYPE_CHECKING:
    from nl2sql.context.base import Context
    from nl2sql.prompt.base import Prompt
    from nl2sql.prompt.template import PromptTemplate
    from nl2sql.settings import Settings

prompts = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)

PROMPTS_EXIT_CODES = """\b
Exit codes:
  0  done
  2  usage or settings: an argument, a setting, a model, policy or prompt file
  5  the output could not be written
"""

# For the sizes of templates, where the semantic model has no example of its own.
_ANY_QUESTION = "How many are there?"

AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]
Asked = Annotated[str, typer.Option("--question", metavar="TEXT", help="The question; without: the model's example.")]
Dialect = Annotated[str, typer.Option(metavar="DIALECT", help="The kind of SQL; empty: that of the database.")]
Role = Annotated[str, typer.Option(metavar="ROLE", help="Policy role of whoever asks; empty: the setting.")]


@prompts.callback(epilog=PROMPTS_EXIT_CODES)
def about() -> None:
    """See the prompt templates and what they would send to a language model, which is not asked; begin a new one."""


@prompts.command("list", epilog=PROMPTS_EXIT_CODES, short_help="List the templates and their sizes.")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the templates: what for, how many tokens for a question about the configured model, and which is in use.

    A template that cannot be used is listed with what is wrong with it.
    """
    from nl2sql import terminal
    from nl2sql.prompt.template import versions_in

    settings: Settings = context.obj.settings()
    folder = settings.path(settings.prompts)
    found = versions_in(folder)
    if not found:
        raise SettingsInvalid(f"There are no prompt templates in {folder}.", hint="See the setting “prompts”.")
    sender = _Sender(settings)
    shapes = [sender.listed(name, version) for name, version in found]
    if as_json:
        _write(json.dumps(shapes, ensure_ascii=False, indent=2))
    else:
        rows = [
            (
                str(s["prompt"]),
                f"{s['tokens']:,}" if s["tokens"] else "",
                "yes" if s["in_use"] else "",
                str(s["purpose"]),
            )
            for s in shapes
        ]
        terminal.Page(sys.stdout).table(("prompt", "tokens", "in use", "purpose"), rows, right=frozenset({1}))
    if any(not shape["usable"] for shape in shapes):
        raise typer.Exit(ExitCode.USAGE)


@prompts.command(epilog=PROMPTS_EXIT_CODES, short_help="Show a template.")
def show(
    context: typer.Context,
    prompt: Annotated[str, typer.Argument(metavar="ID[@V]", help="The template; without @V: its newest version.")],
) -> None:
    """Show a template: what it says of itself, then its text."""
    from nl2sql import terminal
    from nl2sql.prompt.template import split_front_matter

    settings: Settings = context.obj.settings()
    template = _loaded(settings, prompt)
    _, lines = split_front_matter(template.path, template.path.read_text(encoding="utf-8"))
    page = terminal.Page(sys.stdout)
    page.line(f"{template.version}  ({template.path})", "bold")
    page.line(template.purpose)
    page.line(f"Replies: {', '.join(template.replies)}. Inputs: {', '.join(template.inputs)}.")
    for hint in template.model_hints:
        page.line(f"For models: {hint}")
    for change in template.changelog:
        page.line(f"Changed in {change}")
    page.line()
    page.line("\n".join(lines).strip("\n"))


@prompts.command(epilog=PROMPTS_EXIT_CODES, short_help="Show what would be sent for a question.")
def render(
    context: typer.Context,
    question: Asked = "",
    prompt: Annotated[str, typer.Option(metavar="ID[@V]", help="The template; empty: the setting.")] = "",
    dialect: Dialect = "",
    role: Role = "",
    as_json: AsJson = False,
) -> None:
    """Show what a language model would be sent for a question: the messages on standard output, their size and what was
    left out on standard error.

    Nobody is asked. Left out are therefore verified queries that are near, and values that only the database knows.
    """
    from nl2sql import terminal

    settings: Settings = context.obj.settings()
    sender = _Sender(settings, _known(dialect), role)
    rendered, fitted = sender.prompt(_loaded(settings, prompt or settings.prompt), question)
    if as_json:
        _write(json.dumps(sender.shape(rendered, fitted, question), ensure_ascii=False, indent=2))
        return
    _write(_as_text(rendered))
    sys.stdout.flush()
    page = terminal.Page(sys.stderr)
    page.line(f"{rendered.version}: about {rendered.tokens:,} tokens of at most {settings.prompt_tokens:,}.")
    for words in fitted.cut_words:
        page.line(words)


@prompts.command(epilog=PROMPTS_EXIT_CODES, short_help="Show how two templates differ.")
def diff(
    context: typer.Context,
    old: Annotated[str, typer.Argument(metavar="A", help="A template, ID[@V].")],
    new: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    rendered: Annotated[bool, typer.Option("--rendered", help="Compare what they send for a question.")] = False,
    question: Asked = "",
    dialect: Dialect = "",
    role: Role = "",
) -> None:
    """Show how two templates differ, as a unified diff; or, with --rendered, what they send."""
    from nl2sql import terminal

    settings: Settings = context.obj.settings()
    templates = [_loaded(settings, old), _loaded(settings, new)]
    if rendered:
        sender = _Sender(settings, _known(dialect), role)
        texts = [_as_text(sender.prompt(template, question)[0]) for template in templates]
    else:
        texts = [template.path.read_text(encoding="utf-8") for template in templates]
    before, after = (text.splitlines() for text in texts)
    lines = difflib.unified_diff(before, after, templates[0].version, templates[1].version, lineterm="")
    page = terminal.Page(sys.stdout)
    for line in lines:
        page.line(line, {"+": "green", "-": "red"}.get(line[:1], ""))


@prompts.command(epilog=PROMPTS_EXIT_CODES, short_help="Begin a new version of a template.")
def new(
    context: typer.Context,
    prompt: Annotated[str, typer.Argument(metavar="ID[@V]", help="The template; without @V: its next version.")],
    copied: Annotated[str, typer.Option("--from", metavar="A", help="What to copy; without: the newest of ID.")] = "",
) -> None:
    """Begin a new version of a template: a copy, with a line of its changelog to fill in. No file is overwritten."""
    from nl2sql import terminal
    from nl2sql.prompt.versions import new_version
    from nl2sql.settings import SHIPPED

    settings: Settings = context.obj.settings()
    folder = settings.path(settings.prompts)
    if folder.is_relative_to(SHIPPED):
        raise SettingsInvalid(
            f"The prompt templates in {folder} come with the product and are not added to.",
            hint=f"Copy that folder to {settings.base / settings.prompts}, and try again.",
        )
    path = new_version(folder, prompt, copied)
    name = f"{path.parent.name}@{path.stem}"
    page = terminal.Page(sys.stdout)
    page.line(f"Wrote {path}. Next:")
    page.line("1. Say in its changelog what changes, and change the text.")
    page.line(f"2. See what it sends: nl2sql prompts render --prompt {name}")
    page.line(f'3. Put it to use: prompt = "{name}" in nl2sql.toml, or NL2SQL_PROMPT={name}')


class _Sender:
    """Renders as the product would, for one role and one kind of SQL. Raises Nl2SqlError for what cannot be used."""

    def __init__(self, settings: Settings, dialect: str = "", role: str = "") -> None:
        from nl2sql.bootstrap import policy_reader
        from nl2sql.catalog.dialects import in_dialect
        from nl2sql.catalog.load import load_model
        from nl2sql.catalog.visibility import seen_by
        from nl2sql.context.retrieve import Retriever
        from nl2sql.guard.dialects import grammar_name
        from nl2sql.guard.policy import private_columns, unasked_columns

        self._settings = settings
        self._role = settings.asking(role)
        self._dialect = grammar_name(dialect or _dialect_of(settings.database))
        model = load_model(settings.path(settings.model))
        policy = policy_reader(settings, model)(self._role.role)
        model = in_dialect(model, self._dialect)
        self._view = seen_by(model, unasked_columns(model, policy), private_columns(model, policy))
        self._retrieve = Retriever(values="none" if settings.values_to_llm == "none" else "enums")

    def prompt(self, template: PromptTemplate, text: str) -> tuple[Prompt, Context]:
        from nl2sql.prompt.render import render_within
        from nl2sql.question import Question
        from nl2sql.writers.reply import reply_schema

        today = self._settings.today
        question = Question.parse(text or self.question, principal=self._role, as_of=today)
        context = self._retrieve(question, self._view, self._dialect, today)
        schema = reply_schema(template.replies)
        limit = self._settings.prompt_tokens
        return render_within(template, question, context, reply_schema=schema, tokens=limit)

    @property
    def question(self) -> str:
        return self._view.examples[0] if self._view.examples else _ANY_QUESTION

    def listed(self, name: str, version: str) -> dict[str, object]:
        from nl2sql.prompt.template import load_template

        known = {"prompt": f"{name}@{version}", "in_use": self._settings.prompt == f"{name}@{version}"}
        try:
            template = load_template(self._settings.path(self._settings.prompts), name, version)
            tokens = self.prompt(template, "")[0].tokens
        except PromptInvalid as error:
            return known | {"usable": False, "tokens": None, "purpose": error.user_message}
        shown = {"usable": True, "tokens": tokens, "purpose": template.purpose, "replies": list(template.replies)}
        return known | shown

    def shape(self, prompt: Prompt, context: Context, text: str) -> dict[str, object]:
        return {
            "prompt": prompt.version,
            "question": text or self.question,
            "dialect": self._dialect,
            "role": self._role.role,
            "tokens": prompt.tokens,
            "at_most": self._settings.prompt_tokens,
            "left_out": list(context.cut_words),
            "fingerprint": prompt.fingerprint,
            "messages": [{"role": each.role, "content": each.content} for each in prompt.messages],
            "reply_schema": dict(prompt.reply_schema),
        }


def _loaded(settings: Settings, text: str) -> PromptTemplate:
    from nl2sql.prompt.template import load_template
    from nl2sql.prompt.versions import meant

    folder: Path = settings.path(settings.prompts)
    return load_template(folder, *meant(folder, text))


def _as_text(prompt: Prompt) -> str:
    return "\n\n".join(f"# {message.role}\n{message.content}" for message in prompt.messages)


def _known(dialect: str) -> str:
    from nl2sql.guard.dialects import DIALECTS

    if dialect and dialect not in DIALECTS:
        raise typer.BadParameter(f"“{dialect}” is not one of {', '.join(DIALECTS)}", param_hint="--dialect")
    return dialect


def _dialect_of(address: str) -> str:
    """By the scheme alone: nothing is connected to."""
    from nl2sql.engines.schemes import SERVERS

    scheme = address.partition("://")[0].partition("+")[0]
    return SERVERS[scheme][2] if scheme in SERVERS else scheme


def _write(text: str) -> None:
    from nl2sql import terminal

    terminal.write_utf8(text + "\n", sys.stdout)
