"""What happens around every request to Slack and Zoom: one span, one measurement, one word for how it ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from mesh.measuring import counter, histogram

_WAITS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0, 86400.0)


class Outcome(StrEnum):
    """How a request ended."""

    OK = "ok"
    LIMITED = "limited"
    """The vendor is asked too often."""
    REFUSED = "refused"
    """The vendor said no."""
    FAILED = "failed"
    """The vendor is broken, not reachable or not understood."""
    TIMED_OUT = "timed_out"
    """No answer came while somebody waited for it."""


class VendorCall:
    """One request. Where nothing else is said of it, it went well."""

    def __init__(self, span: Span, vendor: str) -> None:
        self._span = span
        self._vendor = vendor
        self.outcome = Outcome.OK

    def answered(self, status: int) -> None:
        """Notes the HTTP status, and what it alone tells."""
        self._span.set_attribute("http.response.status_code", status)
        if status == 429:
            self.ended(Outcome.LIMITED)
        elif status >= 500:
            self.ended(Outcome.FAILED)
        elif status >= 300:  # a redirection is none of what the vendors document
            self.ended(Outcome.REFUSED)

    def ended(self, outcome: Outcome, cause: str = "") -> None:
        """Notes that it did not go well. `cause` is a word, never what a vendor wrote: it may name people."""
        self.outcome = outcome
        self._span.set_attribute("error.type", cause or outcome.value)
        self._span.set_status(Status(StatusCode.ERROR, cause or outcome.value))

    def broke_off(self, error: BaseException) -> None:
        """Notes that no answer came, with `error`, whose type alone is told."""
        late = isinstance(error, TimeoutError) or "Timeout" in type(error).__name__
        self.ended(Outcome.TIMED_OUT if late else Outcome.FAILED, type(error).__name__)

    def wants_pause(self, seconds: float) -> None:
        """Notes for how long the vendor wants to be left alone."""
        histogram("zoomslack.vendor.limit.wait", "Times for which a vendor wanted to be left alone.", _WAITS).record(
            seconds, {"peer.service": self._vendor}
        )


@contextmanager
def vendor_call(vendor: str, name: str, template: str, *, method: str = "POST") -> Iterator[VendorCall]:
    """Opens the span `name` around one request and measures it.

    `vendor` is `slack` or `zoom`, `template` the path with names for what differs in it.
    """
    began = time.monotonic()
    with trace.get_tracer(__name__).start_as_current_span(
        name,
        kind=SpanKind.CLIENT,
        attributes={"http.request.method": method, "url.template": template, "peer.service": vendor},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        call = VendorCall(span, vendor)
        try:
            yield call
        except asyncio.CancelledError:
            call.ended(Outcome.TIMED_OUT, "abandoned")  # whoever asked does not wait any more
            raise
        except Exception as error:
            if call.outcome is Outcome.OK:
                call.broke_off(error)
            raise
        finally:
            histogram("http.client.request.duration", "Time of each request to a vendor.").record(
                time.monotonic() - began,
                {
                    "peer.service": vendor,
                    "http.request.method": method,
                    "url.template": template,
                    "outcome": call.outcome.value,
                },
            )


def count_held_back(vendor: str, template: str) -> None:
    """Counts a request that was not made, as the vendor wants to be left alone."""
    counter("zoomslack.vendor.calls.held_back", "Requests that were not made during a pause.").add(
        1, {"peer.service": vendor, "url.template": template}
    )
