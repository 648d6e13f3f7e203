"""The notebook in which validators write down what is wrong, and the checks that Block Kit objects share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MAX_ID = 255


class Checker:
    """Collects faults as Slack words them: `[ERROR] <what> [json-pointer:<where>]`."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def fault(self, pointer: str, what: str) -> None:
        """Write down one fault of the value at a JSON pointer."""
        self.messages.append(f"[ERROR] {what} [json-pointer:{pointer}]")

    def object(self, value: Any, pointer: str, *, required: Iterable[str] = (), optional: Iterable[str] = ()) -> bool:
        """Check that `value` is an object with all required and no unknown members. Returns whether to look deeper."""
        if not isinstance(value, Mapping):
            self.fault(pointer, "must be an object")
            return False
        needed = set(required)
        for name in sorted(needed - value.keys()):
            self.fault(pointer, f"missing required field: {name}")
        for name in sorted(value.keys() - needed - set(optional)):
            self.fault(pointer, f"unknown field: {name}")
        return needed <= value.keys()

    def string(self, value: Any, pointer: str, *, most: int, least: int = 1) -> bool:
        """Check that `value` is a string of `least` to `most` characters."""
        if not isinstance(value, str):
            self.fault(pointer, "must be a string")
            return False
        if len(value) < least:
            self.fault(pointer, f"must be at least {least} character{'' if least == 1 else 's'} long")
        elif len(value) > most:
            self.fault(pointer, f"must be at most {most} characters long")
        return True

    def array(self, value: Any, pointer: str, *, most: int, least: int = 1) -> list[Any]:
        """Check that `value` is an array of `least` to `most` items. Returns the items to look deeper, or nothing."""
        if not isinstance(value, list):
            self.fault(pointer, "must be an array")
            return []
        if len(value) < least:
            self.fault(pointer, f"must have at least {least} item{'' if least == 1 else 's'}")
        elif len(value) > most:
            self.fault(pointer, f"no more than {most} items allowed")
            return []
        return value

    def boolean(self, value: Any, pointer: str) -> None:
        """Check that `value` is true or false."""
        if not isinstance(value, bool):
            self.fault(pointer, "must be a boolean")

    def one_of(self, value: Any, pointer: str, allowed: Iterable[str]) -> None:
        """Check that `value` is one of a few words."""
        if value not in tuple(allowed):
            self.fault(pointer, "must be one of: " + ", ".join(allowed))

    def url(self, value: Any, pointer: str, *, schemes: tuple[str, ...] = ("http", "https")) -> None:
        """Check an address: one of `schemes` (none: any), up to 3,000 characters."""
        if not self.string(value, pointer, most=3000):
            return
        scheme, separator, rest = value.partition(":")
        known = scheme in schemes if schemes else scheme.replace("+", "").isalnum()
        if not (separator and rest and known) or any(c.isspace() for c in value):
            self.fault(pointer, "must be a valid URL")

    def text(self, value: Any, pointer: str, *, most: int, plain: bool = False) -> None:
        """Check a text object; `plain` forbids mrkdwn."""
        if not self.object(value, pointer, required=("type", "text"), optional=("emoji", "verbatim")):
            return
        self.one_of(value["type"], f"{pointer}/type", ("plain_text",) if plain else ("plain_text", "mrkdwn"))
        self.string(value["text"], f"{pointer}/text", most=most)
        for name, owner in (("emoji", "plain_text"), ("verbatim", "mrkdwn")):
            if name in value:
                self.boolean(value[name], f"{pointer}/{name}")
                if value["type"] != owner:
                    self.fault(pointer, f"{name} is only for {owner}")

    def id(self, value: Mapping[str, Any], name: str, pointer: str) -> None:
        """Check an optional `block_id` or `action_id`."""
        if name in value:
            self.string(value[name], f"{pointer}/{name}", most=MAX_ID)

    def distinct(self, items: Iterable[Any], name: str, pointer: str) -> None:
        """Check that no two items carry the same id."""
        seen: set[str] = set()
        for item in items:
            value = item.get(name) if isinstance(item, Mapping) else None
            if isinstance(value, str):
                if value in seen:
                    self.fault(pointer, f"{name} already exists")
                seen.add(value)
