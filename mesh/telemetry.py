"""Logs, traces and metrics, set up once per process.

Nothing secret leaves by them: code never logs secrets, and as a second line `redact` masks what looks like one in the
finished text of every log line. Spans carry names, ids and counts, never bodies, URLs with queries, topics or names.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from datetime import UTC, datetime

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor, SpanExporter
from prometheus_client import REGISTRY

from mesh.exposition import Families, PrometheusReader
from mesh.rounds import WithoutIdleRounds

_SECRETS = re.compile(
    r"(xox[a-z][a-z0-9.-]*-|xapp-)[\w.%-]+"  # Slack's tokens
    r"|(?<=[?&])((?:pwd|zak|code|state|link|token|access_token|refresh_token|client_secret)=)[^&\s\"'>\\]+"  # addresses
    r"|(?<!\w)(zoomslack_\w+=)[^;\s\"'>\\]+"  # cookies
    r"|(/call/)[\w-]{20,}"  # signed links
    r"|(Bearer |Basic )[\w.~+/=-]+"
    r"|\b(eyJ)[\w-]+\.[\w-]+(?:\.[\w-]*)?"  # JSON web tokens, Zoom's form
    r"|(/(?:commands|actions)/T[A-Z0-9]+/)[\w/-]+",  # Slack's response URLs
)


def redact(text: str) -> str:
    """Returns `text` with everything masked that looks like a secret."""
    return _SECRETS.sub(lambda match: f"{next(filter(None, match.groups()), '')}[redacted]", text)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, service, logger, message, trace id, and the record's `extra` fields."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        # Each text is masked before it becomes JSON: masking the finished line could cut into its quoting.
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": redact(record.getMessage()),
            **{key: _masked(value) for key, value in extra_fields(record).items()},
        }
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            entry["trace_id"] = trace.format_trace_id(span.trace_id)
            entry["span_id"] = trace.format_span_id(span.span_id)
        if record.exc_info:
            entry["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """For a person at a terminal: time, level, message, extra fields."""

    def format(self, record: logging.LogRecord) -> str:
        clock = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        fields = "".join(f" {key}={value}" for key, value in extra_fields(record).items())
        text = f"{clock} {record.levelname.lower():<7} {record.getMessage()}{fields}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return redact(text)


def _masked(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float) else redact(str(value))


_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def extra_fields(record: logging.LogRecord) -> dict[str, object]:
    """Returns what was passed as `extra=`."""
    return {key: value for key, value in vars(record).items() if key not in _STANDARD}


def set_up_logging(service: str, *, level: str, log_format: str) -> None:
    """Sends all logs of this process to stdout, redacted."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(service) if log_format == "json" else TextFormatter())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # These print bodies and addresses at DEBUG (and httpx full addresses at INFO).
    for noisy in ("slack_sdk", "httpx", "httpcore", "aiosqlite", "asyncio", "sqlalchemy", "alembic", "aiohttp.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # Prints request lines and cookies of malformed requests, which anybody can send; our middleware logs the rest.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)


def set_up_tracing(service: str) -> TracerProvider:
    """Installs the tracer and meter of this process after the standard OTEL_* variables.

    Every trace is sampled unless OTEL_TRACES_SAMPLER says otherwise: a collector decides at their end which to keep.
    Spans go to OTEL_EXPORTER_OTLP_ENDPOINT when it is set, to stdout with OTEL_TRACES_EXPORTER=console, else nowhere.
    The caller shuts the provider down at the end, which flushes.
    """
    resource = Resource.create({"service.name": f"zoomslack-{service}"})
    provider = TracerProvider(resource=resource)
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "")
    if exporter == "console":
        provider.add_span_processor(WithoutIdleRounds(SimpleSpanProcessor(ConsoleSpanExporter(formatter=_one_line))))
    elif exporter != "none" and os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        provider.add_span_processor(WithoutIdleRounds(BatchSpanProcessor(_otlp_exporter())))
    trace.set_tracer_provider(provider)
    reader = PrometheusReader()
    REGISTRY.register(Families(f"zoomslack-{service}", reader))
    metrics.set_meter_provider(MeterProvider(resource=resource, metric_readers=[reader]))
    return provider


def _otlp_exporter() -> SpanExporter:
    # Over HTTP: a gRPC exporter would share grpc.aio's poller thread. Imported here, as most laptops never need it.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()


def _one_line(span: object) -> str:
    return redact(span.to_json(indent=None)) + "\n"  # type: ignore[attr-defined]  # ReadableSpan, untyped here
