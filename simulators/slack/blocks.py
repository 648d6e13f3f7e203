"""Rules of Block Kit blocks: which block may stand where, its members and its lengths."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from simulators.slack.checks import Checker
from simulators.slack.elements import IN_ACTIONS, IN_INPUT, IN_SECTION, check_element, check_image

Surface = Literal["message", "modal", "home"]
MAX_BLOCKS: dict[Surface, int] = {"message": 50, "modal": 100, "home": 100}
MAX_MARKDOWN = 12_000

CallKnown = Callable[[str], bool]
"""Answers whether a call id is one that this app registered in this workspace."""


def check_blocks(blocks: Any, surface: Surface, call_known: CallKnown, *, pointer: str = "/blocks") -> list[str]:
    """Check the blocks of a message, modal or Home tab. Returns the faults in Slack's wording, if any."""
    checker = Checker()
    items = checker.array(blocks, pointer, most=MAX_BLOCKS[surface], least=0)
    for n, block in enumerate(items):
        _check_block(checker, block, f"{pointer}/{n}", surface, call_known)
    checker.distinct(items, "block_id", pointer)
    markdown = [b.get("text") for b in items if isinstance(b, Mapping) and b.get("type") == "markdown"]
    if sum(len(text) for text in markdown if isinstance(text, str)) > MAX_MARKDOWN:
        checker.fault(pointer, f"no more than {MAX_MARKDOWN} characters of markdown allowed")
    return checker.messages


def _check_block(checker: Checker, block: Any, pointer: str, surface: Surface, call_known: CallKnown) -> None:
    if not isinstance(block, Mapping):
        checker.fault(pointer, "must be an object")
        return
    kind = block.get("type")
    rule = BLOCKS.get(kind) if isinstance(kind, str) else None
    if rule is None or (kind in ("call", "markdown") and surface != "message"):
        checker.fault(f"{pointer}/type", f"unsupported type: {kind}")
        return
    checker.id(block, "block_id", pointer)
    rule(checker, block, pointer)
    if surface != "modal" or kind != "input":
        _no_response_urls(checker, block, pointer)
    call_id = block.get("call_id")
    if kind == "call" and isinstance(call_id, str) and not call_known(call_id):
        checker.fault(f"{pointer}/call_id", "invalid call_id")


def _no_response_urls(checker: Checker, block: Mapping[str, Any], pointer: str) -> None:
    # Slack, "Conversations select": `response_url_enabled` only works with menus in input blocks of modals.
    elements = block.get("elements", [])
    for element in [*(elements if isinstance(elements, list) else []), block.get("accessory"), block.get("element")]:
        if isinstance(element, Mapping) and "response_url_enabled" in element:
            checker.fault(pointer, "response_url_enabled is available in input blocks of modals only")


def _section(checker: Checker, block: Mapping[str, Any], pointer: str) -> None:
    optional = ("block_id", "text", "fields", "accessory", "expand")
    if not checker.object(block, pointer, required=("type",), optional=optional):
        return
    if "text" not in block and "fields" not in block:
        checker.fault(pointer, "missing required field: text")
    if "text" in block:
        checker.text(block["text"], f"{pointer}/text", most=3000)
    if "fields" in block:
        for n, field in enumerate(checker.array(block["fields"], f"{pointer}/fields", most=10)):
            checker.text(field, f"{pointer}/fields/{n}", most=2000)
    if "accessory" in block:
        check_element(checker, block["accessory"], f"{pointer}/accessory", IN_SECTION)
    if "expand" in block:
        checker.boolean(block["expand"], f"{pointer}/expand")


def _context(checker: Checker, block: Mapping[str, Any], pointer: str) -> None:
    if not checker.object(block, pointer, required=("type", "elements"), optional=("block_id",)):
        return
    for n, element in enumerate(checker.array(block["elements"], f"{pointer}/elements", most=10)):
        at = f"{pointer}/elements/{n}"
        if isinstance(element, Mapping) and element.get("type") == "image":
            check_image(checker, element, at)
        else:
            checker.text(element, at, most=3000)


def _actions(checker: Checker, block: Mapping[str, Any], pointer: str) -> None:
    if not checker.object(block, pointer, required=("type", "elements"), optional=("block_id",)):
        return
    elements = checker.array(block["elements"], f"{pointer}/elements", most=25)
    for n, element in enumerate(elements):
        check_element(checker, element, f"{pointer}/elements/{n}", IN_ACTIONS)
    checker.distinct(elements, "action_id", f"{pointer}/elements")


def _header(checker: Checker, block: Mapping[str, Any], pointer: str) -> None:
    if checker.object(block, pointer, required=("type", "text"), optional=("block_id", "level")):
        checker.text(block["text"], f"{pointer}/text", most=150, plain=True)


def _divider(checker: Checker, block: Mapping[str, Any], pointer: str) -> None:
    checker.object(block, pointer, required=("type",), optional=("block_id",))


def _image(checker: Checker, block: Mapping[str, Any], pointer: str) -> None:
    if not checker.object(block, pointer, required=("type", "image_url", "alt_text"), optional=("block_id", "title")):
        return
    checker.url(block["image_url"], f"{pointer}/image_url")
    checker.string(block["alt_text"], f"{pointer}/alt_text", most=2000)
    if "title" in block:
        checker.text(block["title"], f"{pointer}/title", most=2000, plain=True)


def _input(checker: Checker, block: Mapping[str, Any], pointer: str) -> None:
    optional = ("block_id", "hint", "optional", "dispatch_action")
    if not checker.object(block, pointer, required=("type", "label", "element"), optional=optional):
        return
    checker.text(block["label"], f"{pointer}/label", most=2000, plain=True)
    check_element(checker, block["element"], f"{pointer}/element", IN_INPUT)
    if "hint" in block:
        checker.text(block["hint"], f"{pointer}/hint", most=2000, plain=True)
    for name in ("optional", "dispatch_action"):
        if name in block:
            checker.boolean(block[name], f"{pointer}/{name}")


def _call(checker: Checker, block: Mapping[str, Any], pointer: str) -> None:
    # `call` and `api_decoration_available` are Slack's own members, seen when reading back; apps never send them.
    if checker.object(block, pointer, required=("type", "call_id"), optional=("block_id",)):
        checker.string(block["call_id"], f"{pointer}/call_id", most=255)


def _markdown(checker: Checker, block: Mapping[str, Any], pointer: str) -> None:
    if checker.object(block, pointer, required=("type", "text"), optional=("block_id",)):
        checker.string(block["text"], f"{pointer}/text", most=MAX_MARKDOWN)


BLOCKS: Mapping[str, Callable[[Checker, Mapping[str, Any], str], None]] = {
    "section": _section,
    "context": _context,
    "actions": _actions,
    "header": _header,
    "divider": _divider,
    "image": _image,
    "input": _input,
    "call": _call,
    "markdown": _markdown,
}
