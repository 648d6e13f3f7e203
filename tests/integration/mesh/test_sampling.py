"""Which traces a process records: all, unless OpenTelemetry's own variables say otherwise."""

from __future__ import annotations

import asyncio
import json
import os
import sys

import pytest

_PROGRAM = """
from opentelemetry import trace
from mesh.telemetry import set_up_tracing
provider = set_up_tracing("test")
for number in range(20):
    with trace.get_tracer("test").start_as_current_span(f"span {number}"):
        pass
provider.shutdown()
"""


async def exported(**variables: str) -> list[str]:
    """Returns the names of the spans that a process prints."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _PROGRAM),
        env={**environ, "OTEL_TRACES_EXPORTER": "console", **variables},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return [json.loads(line)["name"] for line in output.splitlines()]


@pytest.mark.parametrize(
    ("variables", "number"),
    [
        ({}, 20),
        ({"OTEL_TRACES_SAMPLER": "always_off"}, 0),
        ({"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"}, 0),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "1"}, 20),
    ],
)
async def test_every_trace_is_recorded_unless_a_sampler_is_named(variables: dict[str, str], number: int) -> None:
    assert len(await exported(**variables)) == number
