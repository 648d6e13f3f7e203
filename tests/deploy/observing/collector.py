"""What has to be true of the collector's configuration, as far as its text tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import yaml

from tests.deploy.observing.alerts import FOLDER
from tests.deploy.observing.attributes import set_on_spans

FILE = FOLDER / "collector.yaml"
_SCHEMA = Path(__file__).parents[1] / "collector_schema.yaml"
_VARIABLE = re.compile(r"\$\{env:(\w+)(?::-[^}]*)?\}")
_NOT_OF_SPANS = ("service.", "telemetry.", "k8s.")
_OURS = "zoomslack."
"""Nobody but us sets these: one that is let through before, or after, a service sets it does no harm."""
_GIVE_UP_NANOSECONDS = 3_000_000_000
"""After which Slack and Zoom do not wait any more."""


def fits(config: Any) -> Iterator[str]:
    """Each setting is one that its component has."""
    schema = yaml.safe_load(_SCHEMA.read_text(encoding="utf-8"))
    for error in jsonschema.Draft202012Validator(schema).iter_errors(config):
        yield f"{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"


def connected(config: Any) -> Iterator[str]:
    """Pipelines name what exists, everything that exists is used, the limiter is first and batches are made last."""
    used: dict[str, set[str]] = {"receivers": set(), "processors": set(), "exporters": set()}
    for name, pipeline in config["service"]["pipelines"].items():
        for kind, names in pipeline.items():
            used[kind] |= set(names)
        if pipeline["processors"][0] != "memory_limiter":
            yield f"{name}: does not begin with memory_limiter"
        if pipeline["processors"][-1] != "batch":
            yield f"{name}: does not end with batch"
    used["extensions"] = set(config["service"].get("extensions", ()))
    for kind, names in used.items():
        yield from (f"{kind}: {one} is not defined" for one in sorted(names - set(config[kind])))
        yield from (f"{kind}: {one} is used by nobody" for one in sorted(set(config[kind]) - names))


def keeps_traces_whole(config: Any) -> Iterator[str]:
    """What arrives goes by trace id to the port on which peers listen, and only what came that way is judged."""
    balancing = config["exporters"]["load_balancing"]
    if balancing.get("routing_key") != "traceID":
        yield "spans of one trace go to several collectors"
    peers = config["receivers"]["otlp/peers"]["protocols"]["grpc"]["endpoint"]
    if peers.rpartition(":")[2] != balancing["resolver"]["dns"]["port"]:
        yield "peers listen on another port"
    for name, pipeline in config["service"]["pipelines"].items():
        judges = "tail_sampling" in pipeline["processors"]
        if judges != (pipeline["receivers"] == ["otlp/peers"]):
            yield f"{name}: judges traces of which it has a part"
        if not judges and pipeline["exporters"] != ["load_balancing"]:
            yield f"{name}: sends on what nobody judged"


def keeps_what_matters(config: Any) -> Iterator[str]:
    """Every error is kept, and everything for which Slack does not wait."""
    policies = {one["type"]: one for one in config["processors"]["tail_sampling"]["policies"]}
    if policies.get("status_code", {}).get("status_code", {}).get("status_codes") != ["ERROR"]:
        yield "errors are lost"
    slow = " ".join(policies.get("ottl_condition", {}).get("ottl_condition", {}).get("span", []))
    if f"> {_GIVE_UP_NANOSECONDS} " not in slow:
        yield "what Slack did not wait for is lost"
    if "LeaseDeliveries" not in slow or "ListDepartures" not in slow:
        yield "calls that wait for work count as slow"


def clean(config: Any) -> Iterator[str]:
    """Exactly what services set on spans passes, before it goes anywhere."""
    allowed = set(config["processors"]["redaction"]["allowed_keys"])
    patterns = set_on_spans()
    for pattern in sorted(patterns):
        if not any(re.fullmatch(pattern, key) for key in allowed):
            yield f"{pattern} is set by a service, and taken away"
    for key in sorted(allowed):
        known = key.startswith((*_NOT_OF_SPANS, _OURS))
        if not known and not any(re.fullmatch(pattern, key) for pattern in patterns):
            yield f"{key} is let through, and set by nobody"
    arriving = config["service"]["pipelines"]["traces/arriving"]["processors"]
    if "redaction" not in arriving:
        yield "what arrives is not cleaned"


def told(config: Any, readme: str) -> Iterator[str]:
    """The README lists the variables, and tells the chart the collector's port."""
    variables = set(_VARIABLE.findall(yaml.safe_dump(config, width=1000)))
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", readme, re.MULTILINE))
    yield from (f"README.md does not list {one}" for one in sorted(variables - listed))
    yield from (f"README.md lists {one}, which nothing reads" for one in sorted(listed - variables))
    http = config["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    ports = re.findall(r'otlpEndpoint: "http://[a-z.-]+:(\d+)"', readme)
    if ports != [http.rpartition(":")[2]]:
        yield "the README has the chart send spans to another port"
