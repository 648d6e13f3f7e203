"""Rules of Block Kit's interactive elements: members, lengths and where each may stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simulators.slack.checks import Checker

CHOICE_MENUS = frozenset({"static_select", "multi_static_select"})
ENTITY_MENUS = frozenset(
    f"{prefix}{kind}_select" for prefix in ("", "multi_") for kind in ("users", "conversations", "channels")
)
GROUPS = frozenset({"checkboxes", "radio_buttons"})
PICKERS = frozenset({"datepicker", "timepicker", "datetimepicker"})
TEXT_INPUTS = frozenset({"plain_text_input", "email_text_input", "url_text_input", "number_input"})

IN_ACTIONS = frozenset({"button", "overflow"}) | CHOICE_MENUS | ENTITY_MENUS | GROUPS | PICKERS
IN_SECTION = IN_ACTIONS | {"image"}
IN_INPUT = (IN_ACTIONS - {"button", "overflow"}) | TEXT_INPUTS


def check_element(checker: Checker, element: Any, pointer: str, allowed: frozenset[str]) -> None:
    """Check one element of an actions, section or input block."""
    if not isinstance(element, Mapping):
        checker.fault(pointer, "must be an object")
        return
    kind = element.get("type")
    if not isinstance(kind, str) or kind not in allowed:
        checker.fault(f"{pointer}/type", f"unsupported type: {kind}")
        return
    checker.id(element, "action_id", pointer)
    if "confirm" in element:
        _confirm(checker, element["confirm"], f"{pointer}/confirm")
    _rule_of(kind)(checker, element, pointer)


def check_image(checker: Checker, image: Any, pointer: str) -> None:
    """Check an image element (not the image block)."""
    if checker.object(image, pointer, required=("type", "image_url", "alt_text")):
        checker.url(image["image_url"], f"{pointer}/image_url")
        checker.string(image["alt_text"], f"{pointer}/alt_text", most=2000)


def _rule_of(kind: str) -> Callable[[Checker, Any, str], None]:
    if kind in CHOICE_MENUS:
        return _choice_menu
    if kind in ENTITY_MENUS:
        return _entity_menu
    if kind in GROUPS:
        return _group
    if kind in PICKERS:
        return _picker
    if kind in TEXT_INPUTS:
        return _text_input
    return {"button": _button, "overflow": _overflow, "image": check_image}[kind]


def _button(checker: Checker, button: Mapping[str, Any], pointer: str) -> None:
    optional = ("action_id", "url", "value", "style", "confirm", "accessibility_label")
    if not checker.object(button, pointer, required=("type", "text"), optional=optional):
        return
    checker.text(button["text"], f"{pointer}/text", most=75, plain=True)
    if "value" in button:
        checker.string(button["value"], f"{pointer}/value", most=2000)
    if "url" in button:
        # Apps link to their own clients (zoommtg://…), so every scheme passes except those a browser would run.
        checker.url(button["url"], f"{pointer}/url", schemes=())
        if str(button["url"]).lower().startswith(("javascript:", "data:", "vbscript:")):
            checker.fault(f"{pointer}/url", "must be a valid URL")
    if "style" in button:
        checker.one_of(button["style"], f"{pointer}/style", ("primary", "danger"))
    if "accessibility_label" in button:
        checker.string(button["accessibility_label"], f"{pointer}/accessibility_label", most=75)


def _overflow(checker: Checker, menu: Mapping[str, Any], pointer: str) -> None:
    if checker.object(menu, pointer, required=("type", "options"), optional=("action_id", "confirm")):
        _options(checker, menu["options"], f"{pointer}/options", most=5, with_url=True)


def _choice_menu(checker: Checker, menu: Mapping[str, Any], pointer: str) -> None:
    optional = (
        *("action_id", "placeholder", "options", "option_groups", "initial_option", "initial_options"),
        *("confirm", "focus_on_load", "max_selected_items"),
    )
    if not checker.object(menu, pointer, required=("type",), optional=optional):
        return
    _placeholder(checker, menu, pointer)
    if ("options" in menu) == ("option_groups" in menu):
        checker.fault(pointer, "must have either options or option_groups")
    if "options" in menu:
        _options(checker, menu["options"], f"{pointer}/options", most=100)
    groups = checker.array(menu.get("option_groups", [{}]), f"{pointer}/option_groups", most=100)
    for n, group in enumerate(groups if "option_groups" in menu else []):
        at = f"{pointer}/option_groups/{n}"
        if checker.object(group, at, required=("label", "options")):
            checker.text(group["label"], f"{at}/label", most=75, plain=True)
            _options(checker, group["options"], f"{at}/options", most=100)


def _entity_menu(checker: Checker, menu: Mapping[str, Any], pointer: str) -> None:
    kind = menu["type"].removeprefix("multi_").removesuffix("_select")
    optional = (
        *("action_id", "placeholder", f"initial_{kind}", f"initial_{kind[:-1]}", "confirm", "focus_on_load"),
        *("max_selected_items", "default_to_current_conversation", "response_url_enabled", "filter"),
    )
    if checker.object(menu, pointer, required=("type",), optional=optional):
        _placeholder(checker, menu, pointer)


def _group(checker: Checker, group: Mapping[str, Any], pointer: str) -> None:
    optional = ("action_id", "initial_option", "initial_options", "confirm", "focus_on_load")
    if checker.object(group, pointer, required=("type", "options"), optional=optional):
        _options(checker, group["options"], f"{pointer}/options", most=10)


def _picker(checker: Checker, picker: Mapping[str, Any], pointer: str) -> None:
    optional = (
        *("action_id", "placeholder", "initial_date", "initial_time", "initial_date_time"),
        *("confirm", "focus_on_load", "timezone"),
    )
    if checker.object(picker, pointer, required=("type",), optional=optional):
        _placeholder(checker, picker, pointer)


def _text_input(checker: Checker, field: Mapping[str, Any], pointer: str) -> None:
    optional = (
        *("action_id", "placeholder", "initial_value", "multiline", "min_length", "max_length"),
        *("dispatch_action_config", "focus_on_load", "is_decimal_allowed", "min_value", "max_value"),
    )
    if not checker.object(field, pointer, required=("type",), optional=optional):
        return
    _placeholder(checker, field, pointer)
    for name in ("min_length", "max_length"):
        value = field.get(name, 1)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 3000:
            checker.fault(f"{pointer}/{name}", "must be from 0 to 3000")
    if "initial_value" in field:
        checker.string(field["initial_value"], f"{pointer}/initial_value", most=3000, least=0)


def _options(checker: Checker, options: Any, pointer: str, *, most: int, with_url: bool = False) -> None:
    for n, option in enumerate(checker.array(options, pointer, most=most)):
        at = f"{pointer}/{n}"
        optional = ("description", "url") if with_url else ("description",)
        if checker.object(option, at, required=("text", "value"), optional=optional):
            checker.text(option["text"], f"{at}/text", most=75)
            checker.string(option["value"], f"{at}/value", most=150)
            if "description" in option:
                checker.text(option["description"], f"{at}/description", most=75)
            if "url" in option:
                checker.url(option["url"], f"{at}/url")


def _placeholder(checker: Checker, element: Mapping[str, Any], pointer: str) -> None:
    if "placeholder" in element:
        checker.text(element["placeholder"], f"{pointer}/placeholder", most=150, plain=True)


def _confirm(checker: Checker, confirm: Any, pointer: str) -> None:
    if checker.object(confirm, pointer, required=("title", "text", "confirm", "deny"), optional=("style",)):
        checker.text(confirm["title"], f"{pointer}/title", most=100, plain=True)
        checker.text(confirm["text"], f"{pointer}/text", most=300)
        checker.text(confirm["confirm"], f"{pointer}/confirm", most=30, plain=True)
        checker.text(confirm["deny"], f"{pointer}/deny", most=30, plain=True)
