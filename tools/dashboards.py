"""Writes Grafana's dashboards, deploy/observability/dashboards, from tools/panels*.py.

The Helm chart brings dashboards and alerts along, and Helm reads nothing outside of its folder: it gets copies.

python -m tools.dashboards           write them, after a change of panels
python -m tools.dashboards --check   fail where one of them is out of date
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.panels import HERE, Dashboard, Panel
from tools.panels_product import PRODUCT
from tools.panels_services import SERVICES

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "deploy/observability/dashboards"
ALERTS = ROOT / "deploy/observability/alerts.yaml"
COPIES = ROOT / "deploy/k8s/chart/files"
RUNBOOKS = "docs/runbooks"
"""Whoever publishes the runbooks elsewhere replaces this text in what is made; the chart has a value for it."""
DASHBOARDS = (PRODUCT, *SERVICES)
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_COLUMNS, _HEIGHT = 24, 8
_GOOD, _BAD = "green", "red"


def rendered(dashboard: Dashboard) -> dict[str, Any]:
    """Returns a dashboard as Grafana reads it."""
    return {
        "uid": f"zoomslack-{dashboard.name}",
        "title": dashboard.title,
        "description": dashboard.about,
        "tags": ["zoomslack"],
        "schemaVersion": 39,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": _variables()},
        "annotations": {"list": [_alerts()]},
        "links": [
            {
                "type": "dashboards",
                "title": "Zoom for Slack",
                "tags": ["zoomslack"],
                "keepTime": True,
                "includeVars": True,
            },
            {"type": "link", "title": "Runbooks", "url": f"{RUNBOOKS}/README.md", "targetBlank": True},
        ],
        "panels": list(_placed(dashboard)),
    }


def _variables() -> list[dict[str, Any]]:
    return [
        {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "current": {}},
        {
            "name": "namespace",
            "label": "Installation",
            "type": "query",
            "datasource": _SOURCE,
            "query": {"query": "label_values(target_info, namespace)", "refId": "namespace"},
            "refresh": 2,
            "includeAll": True,
            "allValue": ".*",
            "current": {"text": "All", "value": "$__all"},
        },
    ]


def _alerts() -> dict[str, Any]:
    """Marks when alerts fired, in every picture."""
    return {
        "name": "Alerts",
        "enable": True,
        "iconColor": _BAD,
        "datasource": _SOURCE,
        "expr": f'ALERTS{{{HERE}, alertname=~"ZoomSlack.+", alertstate="firing"}}',
        "titleFormat": "{{alertname}}",
        "step": "60s",
    }


def _placed(dashboard: Dashboard) -> Iterator[dict[str, Any]]:
    """Yields rows and panels, each with its place: from left to right, and then below."""
    number, left, top = 0, 0, 0
    for row in dashboard.rows:
        top, left = (top + _HEIGHT if left else top), 0
        number += 1
        place = {"x": 0, "y": top, "w": _COLUMNS, "h": 1}
        yield {"id": number, "type": "row", "title": row.title, "collapsed": False, "gridPos": place, "panels": []}
        top += 1
        for panel in row.panels:
            if left + panel.width > _COLUMNS:
                top, left = top + _HEIGHT, 0
            number += 1
            place = {"x": left, "y": top, "w": panel.width, "h": _HEIGHT}
            yield {"id": number, **_panel(panel), "gridPos": place}
            left += panel.width


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": f"{panel.shows}\n\n**What to do:** {panel.does}",
        "datasource": _SOURCE,
        "links": [{"title": name, "url": f"{RUNBOOKS}/{name}.md", "targetBlank": True} for name in panel.runbooks],
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "options": _options(panel),
        "targets": list(_targets(panel.queries, panel.kind)),
    }


def _field(panel: Panel) -> dict[str, Any]:
    low, high = (_BAD, _GOOD) if panel.kind == "stat" else (_GOOD, _BAD)
    steps: list[dict[str, Any]] = [{"color": _GOOD if panel.limit is None else low, "value": None}]
    if panel.limit is not None:
        steps.append({"color": high, "value": panel.limit})
    field: dict[str, Any] = {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}}
    if panel.kind == "timeseries":
        line = "off" if panel.limit is None else "line"
        stacking = {"mode": "normal" if panel.stacked else "none"}
        field["min"] = 0
        field["custom"] = {
            "fillOpacity": 30 if panel.stacked else 5,
            "stacking": stacking,
            "thresholdsStyle": {"mode": line},
        }
    return field


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "stat":
        return {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "background", "graphMode": "none"}
    legend = {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"]}
    return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}


def _targets(queries: Mapping[str, str], kind: str) -> Iterator[dict[str, Any]]:
    for number, (legend, query) in enumerate(queries.items()):
        yield {
            "refId": chr(ord("A") + number),
            "expr": query,
            "legendFormat": legend,
            "instant": kind == "stat",
            "range": kind != "stat",
            "exemplar": "histogram_quantile" in query,
        }


def outputs(dashboards: Sequence[Dashboard] = DASHBOARDS) -> dict[Path, str]:
    """Returns every file that is made, with its content."""
    files = {COPIES / "alerts.yaml": ALERTS.read_text(encoding="utf-8")}
    for one in dashboards:
        found = rendered(one)
        files[FOLDER / f"{one.name}.json"] = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
        files[COPIES / "dashboards" / f"{one.name}.json"] = json.dumps(found, ensure_ascii=False) + "\n"
    return files


def _made() -> list[Path]:
    """Returns every file that this once made."""
    return sorted(file for folder in (FOLDER, COPIES) for file in folder.rglob("*") if file.is_file())


def stale(files: Mapping[Path, str]) -> Iterator[str]:
    """Yields a sentence for each file that is missing, differs, or should not be there."""
    for file, text in files.items():
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            yield f"{file.relative_to(ROOT)} is out of date: run make dashboards"
    for file in _made():
        if file not in files:
            yield f"{file.relative_to(ROOT)} is made by nothing any more: run make dashboards"


def main(arguments: list[str]) -> int:
    """Runs as the first lines say. Returns the exit code."""
    files = outputs()
    if arguments == ["--check"]:
        problems = list(stale(files))
        print(*problems, sep="\n", file=sys.stderr, end="\n" if problems else "")
        return 1 if problems else 0
    for file in _made():
        if file not in files:
            file.unlink()
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
