"""The metrics that docs/telemetry.md lists; another test holds that page against running services."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import ProcessCollector

from mesh.errors import Reason
from services.slack_edge.slack_errors import Nature
from tests.deploy.observing.promql import Matcher, Selector, read
from tests.deploy.rendering import ROOT

DOCUMENT = ROOT / "docs/telemetry.md"
SCRAPED = frozenset({"namespace", "pod", "job", "instance"})
"""Labels that Prometheus adds, and not the services."""
_ROW = re.compile(r"^\| `(\w+)` \| (histogram|counter|gauge) \| ([^|]*) \| ([^|]*) \|", re.MULTILINE)
_WORDS = re.compile(r"`([^`]+)`")
_OF_HISTOGRAMS = ("_bucket", "_sum", "_count")
_CLOSED = frozenset(
    {"vendor", "peer_service", "command", "event", "cause", "content", "queue", "state", "what", "work"}
)
"""Labels whose values the page lists, all of them, in a row of their own."""
_SERVICES = ("slack_edge", "auth", "meetings", "phone")
_OUTCOMES = {
    "commands and interactions": ("zoomslack_commands_total", "zoomslack_interactions_total"),
    "events": ("zoomslack_events_total",),
    "deliveries": ("zoomslack_deliveries_total",),
    "http_client_request_duration_seconds": ("http_client_request_duration_seconds",),
    "token refreshes": ("zoomslack_token_refreshes_total",),
    "background runs": ("zoomslack_background_runs_total",),
}
"""By what the page says outcomes are of: the metrics that have them."""


@dataclass(frozen=True)
class Documented:
    """What may be asked for."""

    labels: Mapping[str, frozenset[str]]
    """By the name of a series, without those that scraping adds."""
    values: Mapping[str, frozenset[str]]
    """By label: what it may hold. Labels whose values are open are not in it."""
    outcomes: Mapping[str, frozenset[str]]
    """By metric: what its label `outcome` may hold."""
    buckets: Mapping[str, frozenset[str]]
    """By the name of a histogram: its bounds, as Prometheus writes them."""

    def problems(self, expression: str, recorded: Mapping[str, frozenset[str]]) -> Iterator[str]:
        """Yields each metric, label and value in a query that is not documented, nor recorded by a rule of ours."""
        query = read(expression)
        known = {**self.labels, **recorded}
        offered: set[str] = set(SCRAPED)
        for selector in query.selectors:
            if selector.metric not in known:
                yield f"{selector.metric} is exported by nobody"
                continue
            offered |= known[selector.metric]
            for matcher in selector.matchers:
                yield from self._wrong(selector, matcher, known[selector.metric])
        for label in sorted(query.grouped - offered):
            yield f"{label} is a label of none of its metrics"

    def _wrong(self, selector: Selector, matcher: Matcher, labels: frozenset[str]) -> Iterator[str]:
        if matcher.label not in labels | SCRAPED:
            yield f"{selector.metric} has no label {matcher.label}"
            return
        name = re.sub("_(bucket|sum|count)$", "", selector.metric)
        allowed = self.values.get(matcher.label)
        if matcher.label == "le":
            allowed = self.buckets[name]
        elif matcher.label == "error_type" and not name.startswith("zoomslack_"):
            allowed = None  # the type of an exception
        elif matcher.label == "outcome":
            allowed = self.outcomes[name]
        for value in matcher.values() if allowed is not None else ():
            if value and value not in (allowed or ()):
                yield f"{selector.metric}: {matcher.label} is never {value}"


def parse(text: str) -> Documented:
    """Returns what a page like docs/telemetry.md lists."""
    labels: dict[str, frozenset[str]] = {}
    buckets: dict[str, frozenset[str]] = {}
    default, special = _buckets(text)
    for name, kind, listed, _ in _ROW.findall(text):
        of_this = frozenset(_WORDS.findall(listed))
        if kind == "histogram":
            labels |= {name + ending: of_this for ending in _OF_HISTOGRAMS}
            labels[f"{name}_bucket"] = of_this | {"le"}
            buckets[name] = special.get(name, default)
        else:
            labels[name] = of_this
    values: dict[str, frozenset[str]] = {}
    outcomes: dict[str, frozenset[str]] = {}
    for first, second in re.findall(r"^\| (`[^|\n]+) \| ([^|\n]+) \|$", text, re.MULTILINE):
        label, _, of_what = first.replace("`", "").partition(" of ")
        if label == "outcome":
            outcomes |= dict.fromkeys(_OUTCOMES[of_what], frozenset(_WORDS.findall(second)))
        for name in label.split(", "):
            if name in _CLOSED:
                values[name] = frozenset(_WORDS.findall(second))
    values["error_type"] = frozenset(reason.value for reason in Reason) | {f"slack_{one.value}" for one in Nature}
    values["service_name"] = frozenset(f"zoomslack-{service}" for service in _SERVICES)
    if "`process_*`" in text:
        labels |= {series: frozenset() for series in _of_the_process()}
    return Documented(labels, values, outcomes, buckets)


def _of_the_process() -> Iterator[str]:
    """Yields the series of Prometheus' own client."""
    for family in ProcessCollector(registry=None).collect():
        yield from (sample.name for sample in family.samples)


def _buckets(text: str) -> tuple[frozenset[str], dict[str, frozenset[str]]]:
    found = re.search(r"^Buckets, in seconds: (.+?)\.$", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError("docs/telemetry.md names no buckets")
    default, *others = found.group(1).split(";")
    special = {_WORDS.findall(one)[0]: _bounds(_WORDS.sub("", one)) for one in others}
    return _bounds(default), special


def _bounds(text: str) -> frozenset[str]:
    return frozenset({*(str(float(bound)) for bound in re.findall(r"(?<![\w.])\d+(?:\.\d+)?", text)), "+Inf"})


@functools.cache
def documented() -> Documented:
    """Returns what docs/telemetry.md lists."""
    return parse(DOCUMENT.read_text(encoding="utf-8"))
