from __future__ import annotations

import json
import subprocess
import sys

import pytest

from nl2sql.telemetry.open import INSTALL


@pytest.mark.parametrize(
    ("missing", "arguments", "setting"),
    [
        ("opentelemetry", ("otlp", 0), "traces is otlp"),
        ("opentelemetry.sdk.trace", ("otlp", 0), "traces is otlp"),
        ("opentelemetry.exporter.otlp.proto.http.trace_exporter", ("otlp", 0), "traces is otlp"),
        ("prometheus_client", ("off", 9464), "metrics_port is 9464"),
    ],
)
def test_a_missing_extra_is_told_with_the_command_that_installs_it(
    missing: str, arguments: tuple[str, int], setting: str
) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from nl2sql.errors import SettingsInvalid\n"
        "from nl2sql.telemetry.open import open_telemetry\n"
        f"try:\n    open_telemetry(*{arguments!r})\n"
        "except SettingsInvalid as error:\n    print(error, '|', error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    sentence, hint = done.stdout.strip().split(" | ")
    assert setting in sentence and sentence.endswith(INSTALL)
    assert hint == INSTALL == "pip install 'nl2sql[observability]'"
    assert done.stderr == ""


def test_with_everything_off_nothing_is_loaded_and_nothing_told() -> None:
    code = (
        "import json, sys, threading\n"
        "from nl2sql.telemetry.open import open_telemetry\n"
        "telemetry = open_telemetry('off', 0)\n"
        "with telemetry.question('q', 'analyst'), telemetry.stage('run') as tell:\n    tell({'db.system.name': 'x'})\n"
        "telemetry.close()\n"
        "roots = {name.partition('.')[0] for name in sys.modules}\n"
        "print(json.dumps([sorted(roots & {'opentelemetry', 'prometheus_client', 'requests'}),"
        " threading.active_count()]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [[], 1]


def test_the_providers_of_a_host_get_the_spans_and_no_exporter_of_ours_is_made() -> None:
    code = (
        "import sys\n"
        "from opentelemetry import trace\n"
        "from opentelemetry.sdk.trace import TracerProvider\n"
        "from opentelemetry.sdk.trace.export import SimpleSpanProcessor\n"
        "from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter\n"
        "from nl2sql.telemetry.open import open_telemetry\n"
        "spans = InMemorySpanExporter()\n"
        "provider = TracerProvider()\n"
        "provider.add_span_processor(SimpleSpanProcessor(spans))\n"
        "trace.set_tracer_provider(provider)\n"
        "for setting in ('off', 'otlp'):\n"
        "    telemetry = open_telemetry(setting)\n"
        "    with trace.get_tracer('host').start_as_current_span('host'), telemetry.question('q', 'analyst'):\n"
        "        pass\n"
        "    telemetry.close()\n"
        "    inner, outer = spans.get_finished_spans()[-2:]\n"
        "    assert inner.parent.span_id == outer.context.span_id\n"
        "    print(inner.name, 'nl2sql.telemetry.otlp' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["nl2sql.question False", "nl2sql.question False"]
