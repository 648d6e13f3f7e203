"""What led to what, across processes and hours: traces named in the database, and links to them.

A span has one parent, and a trace ends with the act that it tells of. What comes hours later, because of a webhook or a
look at Zoom, has a trace of its own: it links to the one of the command by which all of it began.
"""

from __future__ import annotations

from collections.abc import Iterable

from opentelemetry import trace
from opentelemetry.trace import Link, SpanContext
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

LENGTH = 55
"""Characters of an origin."""
_FORMAT = TraceContextTextMapPropagator()


def origin() -> str:
    """Returns the current span in W3C's notation (`traceparent`), to be kept; empty outside of every span."""
    carrier: dict[str, str] = {}
    _FORMAT.inject(carrier)
    return carrier.get("traceparent", "")


def links(origins: Iterable[str]) -> list[Link]:
    """Returns links to these spans, to each once. What is no origin is left out."""
    return [Link(context) for one in dict.fromkeys(origins) if (context := _context(one)).is_valid]


def link_current_to(one: str) -> None:
    """Links the current span to an origin, unless both are of the same trace."""
    span, context = trace.get_current_span(), _context(one)
    if context.is_valid and context.trace_id != span.get_span_context().trace_id:
        span.add_link(context)


def _context(one: str) -> SpanContext:
    found = _FORMAT.extract({"traceparent": one}, trace.set_span_in_context(trace.INVALID_SPAN))
    return trace.get_current_span(found).get_span_context()
