"""What the loop of deliveries and its reports need of a service whose things are shown, and of what shows them.

Meetings and phone name their messages about deliveries alike, so one loop serves both.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from google.protobuf.timestamp_pb2 import Timestamp


class Leased(Protocol):
    """A delivery, as far as it matters what it is a delivery of."""

    @property
    def delivery_id(self) -> str:
        """Names it."""

    @property
    def lease_token(self) -> str:
        """Goes with every report about it."""

    @property
    def lease_expire_time(self) -> Timestamp:
        """When the lease ends."""

    @property
    def lag_time(self) -> Timestamp:
        """Since when Slack shows something old."""

    @property
    def origins(self) -> Sequence[str]:
        """The traces that led to it."""

    def HasField(self, field_name: Any, /) -> bool:  # noqa: N802 (the name that messages give it)
        """Tells whether a field is there."""

    @property
    def version(self) -> int:
        """The version of the state to show."""

    @property
    def failed_attempts(self) -> int:
        """How often it was leased before without success."""

    @property
    def user(self) -> Any:
        """The person in whose name it is made."""


class Stub(Protocol):
    """The calls about deliveries."""

    @property
    def LeaseDeliveries(self) -> Callable[..., Awaitable[Any]]:  # noqa: N802 (the name of the RPC)
        """Leases."""

    @property
    def CompleteDelivery(self) -> Callable[..., Awaitable[Any]]:  # noqa: N802 (the name of the RPC)
        """Takes a report."""


class Protos(Protocol):
    """The messages about deliveries: the generated module of a service."""

    @property
    def LeaseDeliveriesRequest(self) -> Callable[..., Any]:  # noqa: N802 (the name of the message)
        """Asks for work."""

    @property
    def CompleteDeliveryRequest(self) -> Callable[..., Any]:  # noqa: N802 (the name of the message)
        """Brings the end of a delivery."""

    @property
    def Delivered(self) -> type[Any]:  # noqa: N802 (the name of the message)
        """What Slack shows."""

    @property
    def DeliveryRefused(self) -> type[Any]:  # noqa: N802 (the name of the message)
        """Slack will never show it."""

    @property
    def DeliveryPostponed(self) -> type[Any]:  # noqa: N802 (the name of the message)
        """Slack could not show it now."""


class Screen(Protocol):
    """Shows deliveries of one service in Slack. Every method may be repeated after a failure halfway."""

    def content_of(self, delivery: Any) -> str:
        """Returns what a delivery brings, in a word for logs and measurements."""

    async def show(self, delivery: Any) -> Any:
        """Shows a delivery and returns what Slack shows then. Raises SlackError and MeshError."""

    async def follow_up(self, delivery: Any) -> None:
        """Does what belongs beside a delivery that was just shown. Never raises."""

    async def comfort(self, delivery: Any, error: Exception) -> None:
        """Tells the person of something that Slack will never show. Never raises."""
