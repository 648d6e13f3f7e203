"""Catches the spans that this process makes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

PATIENCE = 10.0


class CaughtSpans(SpanExporter):
    """Every span that ended while it listened. For one event loop: whoever waits is woken by whoever ends a span."""

    def __init__(self) -> None:
        self.all: list[ReadableSpan] = []
        self._listening = True
        self._more = asyncio.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self._listening:
            self.all.extend(spans)
            self._more.set()
        return SpanExportResult.SUCCESS

    def stop(self) -> None:
        """Hears no more."""
        self._listening = False

    @property
    def names(self) -> list[str]:
        """The names, in the order in which the spans ended."""
        return [span.name for span in self.all]

    async def tree(self, root: str, *expected: str) -> list[ReadableSpan]:
        """Waits for the one trace that begins with `root` and holds the `expected` names, and returns its spans.

        Raises AssertionError when there are several such roots, or when an orphan or a missing span stays.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                while (spans := self._whole(root, set(expected))) is None:
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            raise AssertionError(f"no whole tree under {root!r} with {expected} in {self.names}") from None
        return spans

    def _whole(self, root: str, expected: set[str]) -> list[ReadableSpan] | None:
        roots = [span for span in self.all if span.name == root and span.parent is None]
        assert len(roots) <= 1, self.names
        members = [span for span in self.all if roots and _trace_of(span) == _trace_of(roots[0])]
        ids = {span.context.span_id for span in members if span.context is not None}
        complete = all(span.parent is None or span.parent.span_id in ids for span in members)
        return members if roots and complete and expected <= {span.name for span in members} else None


def _trace_of(span: ReadableSpan) -> int:
    return span.context.trace_id if span.context is not None else 0


@contextmanager
def caught_spans() -> Iterator[CaughtSpans]:
    """Catches what ends within the block. OpenTelemetry allows one provider per process: it stays."""
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    caught = CaughtSpans()
    provider.add_span_processor(SimpleSpanProcessor(caught))
    try:
        yield caught
    finally:
        caught.stop()


def everything_in(spans: Sequence[ReadableSpan]) -> str:
    """Returns all names, attributes, events and statuses as one text, to look for what must not be there."""
    return "\n".join(span.to_json() for span in spans)
