"""Small server-rendered pages. Every text that goes in is escaped here, and nowhere else."""

from collections.abc import Iterable
from html import escape

from aiohttp import web

# A consent page redirects to the app and perhaps further, which browsers check against form-action as well.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def security_headers(*, redirects_away: bool = False) -> dict[str, str]:
    """Headers of every HTML answer: nothing from elsewhere, no framing, no sniffing, no referrer."""
    return {
        "Content-Security-Policy": _CONTENT_SECURITY_POLICY + ("" if redirects_away else "; form-action 'self'"),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }


def page(title: str, *blocks: str, status: int = 200, redirects_away: bool = False, live: bool = False) -> web.Response:
    """A complete page of trusted blocks, as the functions below make them. A `live` one follows what happens."""
    scripts = "".join(f'<script src="/static/{name}.js" defer></script>' for name in ("live", "inside")) if live else ""
    polite = ' aria-live="polite"' if live else ""
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · Zoom simulator</title>"
        f'<link rel="icon" href="data:,"><link rel="stylesheet" href="/static/style.css">{scripts}</head>'
        f'<body><main class="narrow"{polite}><p class="brand">Zoom simulator</p>'
        f"<h1>{escape(title)}</h1>{''.join(blocks)}"
        "</main></body></html>"
    )
    headers = security_headers(redirects_away=redirects_away)
    return web.Response(text=text, content_type="text/html", status=status, headers=headers)


def paragraph(text: str) -> str:
    """A paragraph of plain text."""
    return f"<p>{escape(text)}</p>"


def form(action: str, *fields: str) -> str:
    """A form that is posted."""
    return f'<form method="post" action="{escape(action)}">{"".join(fields)}</form>'


def hidden(name: str, value: str) -> str:
    """A value that travels with the form."""
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'


def text_input(name: str, label: str, *, limit: int, required: bool = True, value: str = "") -> str:
    """A labelled line of text."""
    need = " required" if required else ""
    return (
        f'<label>{escape(label)}<input name="{escape(name)}" maxlength="{limit}" value="{escape(value)}"'
        f' autocomplete="off"{need}></label>'
    )


def checkbox(name: str, value: str, label: str) -> str:
    """A box that is checked at first; an empty one is not sent."""
    box = f'<input type="checkbox" name="{escape(name)}" value="{escape(value)}" checked>'
    return f'<label class="check">{box} {escape(label)}</label>'


def group(legend: str, *fields: str) -> str:
    """Fields that belong together, under one heading; nothing without fields."""
    return f"<fieldset><legend>{escape(legend)}</legend>{''.join(fields)}</fieldset>" if fields else ""


def select(name: str, label: str, options: Iterable[tuple[str, str]]) -> str:
    """A labelled choice of (value, text)."""
    choices = "".join(f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in options)
    return f'<label>{escape(label)}<select name="{escape(name)}">{choices}</select></label>'


def button(text: str, *, name: str = "", value: str = "", quiet: bool = False) -> str:
    """A button that sends the form."""
    given = f' name="{escape(name)}" value="{escape(value)}"' if name else ""
    look = ' class="quiet"' if quiet else ""
    return f'<button type="submit"{given}{look}>{escape(text)}</button>'


def scopes(names: Iterable[str]) -> str:
    """What the app may do, folded away."""
    items = "".join(f"<li><code>{escape(name)}</code></li>" for name in names)
    return f"<details><summary>Permissions that come with it</summary><ul>{items}</ul></details>"
