"""What has to be true of the dashboards."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.deploy.observing.documented import documented
from tests.deploy.observing.promql import read

UNITS = frozenset({"cpm", "s", "percentunit", "short", "bytes"})
"""Grafana's ids of units that are in use: per minute, seconds, a share of 1, a plain number, bytes."""
NAMES = frozenset({"product", "edge", "auth", "meetings", "phone"})
_LEGEND = re.compile(r"\{\{(\w+)\}\}")
_SCRAPED = frozenset({"instance"})

Dashboards = Mapping[str, dict[str, Any]]


def panels(dashboards: Dashboards) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields each panel that shows something, and where it is."""
    for name, dashboard in dashboards.items():
        for panel in dashboard["panels"]:
            if panel["type"] != "row":
                yield f"{name}, {panel['title']}", panel


def queries(dashboards: Dashboards) -> Iterator[tuple[str, str]]:
    """Yields every query, and where it is."""
    for where, panel in panels(dashboards):
        yield from ((where, target["expr"]) for target in panel["targets"])


def plain(query: str) -> str:
    """Returns a query with values in the places of Grafana's variables, as Prometheus gets it."""
    filled = query.replace("$__rate_interval", "5m").replace("$__range", "6h").replace("$namespace", ".*")
    if "$" in filled:
        raise ValueError(f"a variable that nobody fills: {query}")
    return filled


def only_what_services_export(dashboards: Dashboards, recorded: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Queries use documented metrics, labels and values, of the installation that was chosen."""
    for where, query in queries(dashboards):
        yield from (f"{where}: {problem}" for problem in documented().problems(query, recorded))
        for selector in read(query).selectors:
            if ("namespace", "$namespace") not in {(one.label, one.value) for one in selector.matchers}:
                yield f"{where}: {selector.metric} is not of the installation that was chosen"


def readable(dashboards: Dashboards) -> Iterator[str]:
    """Each panel has a unit, says what to do, and its legends name labels that its queries have."""
    for where, panel in panels(dashboards):
        if panel["fieldConfig"]["defaults"]["unit"] not in UNITS:
            yield f"{where}: has no unit"
        if len(panel["description"].partition("**What to do:**")[2]) < 20:
            yield f"{where}: does not say what to do"
        for target in panel["targets"]:
            has = read(target["expr"]).grouped | _SCRAPED
            for label in _LEGEND.findall(target["legendFormat"]):
                if label not in has:
                    yield f"{where}: its legend names {label}, which is aggregated away"
        for source in (panel["datasource"], *(target.get("datasource") for target in panel["targets"])):
            if source is not None and source["uid"] != "${datasource}":
                yield f"{where}: asks a data source that was not chosen"


def placed(dashboards: Dashboards) -> Iterator[str]:
    """No panel covers another, ids are unique, and every dashboard leads to the others."""
    uids = [dashboard["uid"] for dashboard in dashboards.values()]
    if len(uids) != len(set(uids)) or {uid.removeprefix("zoomslack-") for uid in uids} != NAMES:
        yield f"there are the dashboards {sorted(uids)}"
    for name, dashboard in dashboards.items():
        taken: set[tuple[int, int]] = set()
        for panel in dashboard["panels"]:
            place = panel["gridPos"]
            cells = {
                (place["x"] + right, place["y"] + down) for right in range(place["w"]) for down in range(place["h"])
            }
            if cells & taken or place["x"] + place["w"] > 24:
                yield f"{name}, {panel['title']}: covers another, or leaves the page"
            taken |= cells
        ids = [panel["id"] for panel in dashboard["panels"]]
        if len(ids) != len(set(ids)):
            yield f"{name}: two panels have one id"
        if not any(link["type"] == "dashboards" for link in dashboard["links"]):
            yield f"{name}: leads nowhere"


def linked(dashboards: Dashboards, alerts: set[str]) -> Iterator[str]:
    """Links lead to runbooks that exist, and each alert has a panel that shows its cause."""
    shown: set[str] = set()
    for where, panel in panels(dashboards):
        for link in panel["links"]:
            name = link["url"].removeprefix("docs/runbooks/").removesuffix(".md")
            shown.add(name)
            if name not in alerts or link["title"] != name:
                yield f"{where}: leads to {link['url']}"
    yield from (f"{name}: no panel leads to its runbook" for name in sorted(alerts - shown))
