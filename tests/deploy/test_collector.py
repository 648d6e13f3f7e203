"""The collector's configuration is put together right, as far as that is seen without a collector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from tests.deploy.observing import collector
from tests.deploy.observing.alerts import FOLDER

_TEXT = collector.FILE.read_text(encoding="utf-8")
_README = (FOLDER / "README.md").read_text(encoding="utf-8")

Check = Callable[[Any], Iterator[str]]


def _told(config: Any) -> Iterator[str]:
    return collector.told(config, _README)


_CHECKS: tuple[Check, ...] = (
    collector.fits,
    collector.connected,
    collector.keeps_traces_whole,
    collector.keeps_what_matters,
    collector.clean,
    _told,
)


@pytest.mark.parametrize("check", _CHECKS)
def test_P91_the_collector_is_put_together_right(check: Check) -> None:
    assert list(check(yaml.safe_load(_TEXT))) == []


@pytest.mark.parametrize(
    ("check", "right", "wrong", "complaint"),
    [
        (collector.fits, "limit_percentage: 75", "limit_percent: 75", "'limit_percent' was unexpected"),
        (collector.fits, "decision_wait: 60s", "decision_wait: 60", "60 is not of type 'string'"),
        (collector.fits, "[ERROR]", "[ERRORS]", "is not valid under any"),
        (collector.fits, "allow_all_keys: false", "allow_all_keys: true", "False was expected"),
        (collector.connected, "[memory_limiter, redaction, batch]", "[redaction, batch]", "not begin with memory"),
        (collector.connected, "tail_sampling, batch]", "batch, tail_sampling]", "does not end with batch"),
        (collector.connected, "receivers: [otlp]", "receivers: [otlp/all]", "otlp/all is not defined"),
        (collector.connected, "extensions: [health_check]", "extensions: []", "health_check is used by nobody"),
        (collector.keeps_traces_whole, "routing_key: traceID", "routing_key: service", "go to several collectors"),
        (collector.keeps_traces_whole, 'port: "4319"', 'port: "4317"', "listen on another port"),
        (collector.keeps_traces_whole, "receivers: [otlp/peers]", "receivers: [otlp]", "of which it has a part"),
        (collector.keeps_traces_whole, "[load_balancing]", "[otlp_http/backend]", "what nobody judged"),
        (collector.keeps_what_matters, "[ERROR]", "[UNSET]", "errors are lost"),
        (collector.keeps_what_matters, "3000000000", "30000000000", "did not wait for is lost"),
        (collector.keeps_what_matters, "|ListDepartures", "", "count as slow"),
        (collector.clean, "      - error.type\n", "", "type is set by a service, and taken away"),
        (collector.clean, "- url.template", "- url.template\n      - url.full", "url.full is let through"),
        (collector.clean, "memory_limiter, redaction, batch", "memory_limiter, batch", "is not cleaned"),
        (_told, "OTLP_BACKEND_ENDPOINT", "BACKEND", "does not list BACKEND"),
        (_told, "SAMPLING_PERCENTAGE:-10", "SHARE:-10", "lists SAMPLING_PERCENTAGE, which nothing reads"),
        (_told, "0.0.0.0:4318", "0.0.0.0:4319", "to another port"),
    ],
)
def test_P91_a_broken_collector_is_found(check: Check, right: str, wrong: str, complaint: str) -> None:
    assert right in _TEXT
    found = list(check(yaml.safe_load(_TEXT.replace(right, wrong))))
    assert any(complaint in one for one in found), found
