"""The spans of work that a service does again and again: one each time, kept only where it came to something.

Most rounds look for work and find none. Their log lines and measurements have a trace all the same; it is just not
exported, or every replica would send a span a second that tells of nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import Status, StatusCode

_IDLE = "zoomslack.idle"


@contextmanager
def round_of_work(name: str) -> Iterator[trace.Span]:
    """Opens the span of one round, a root."""
    with trace.get_tracer(__name__).start_as_current_span(
        f"background {name}",
        context=Context(),
        attributes={_IDLE: True},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        yield span


def failed(span: trace.Span, error: Exception) -> None:
    """Marks the span of a round that failed."""
    span.set_attribute(_IDLE, False)
    span.set_status(Status(StatusCode.ERROR, type(error).__name__))


def is_round(span: trace.Span) -> bool:
    """Tells whether a span is that of a round, in which looks at the database are no spans of their own."""
    return _IDLE in (getattr(span, "attributes", None) or {})


class WithoutIdleRounds(SpanProcessor):
    """Hands on all spans but those of rounds that neither failed nor had anything below them."""

    def __init__(self, inner: SpanProcessor) -> None:
        self._inner = inner

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        parent = trace.get_current_span(parent_context)
        if is_round(parent) and parent.is_recording():
            parent.set_attribute(_IDLE, False)
        self._inner.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        if not (span.attributes or {}).get(_IDLE):
            self._inner.on_end(span)

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.force_flush(timeout_millis)
