"""A real Prometheus scrapes running services, and has answers to what alerts and dashboards ask."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import yaml

from tests.deploy.observing.alerts import FOLDER, RULES
from tests.deploy.observing.dashboards import plain, queries
from tests.e2e.people import Office, eventually
from tests.e2e.system import free_ports, running

PROMETHEUS = shutil.which("prometheus")
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.needs_promtool,
    pytest.mark.skipif(
        PROMETHEUS is None,
        reason="prometheus is not here: on Debian, apt install --no-install-recommends prometheus",
    ),
]
SERVICES = ("edge", "auth", "meetings", "phone")


@dataclass(frozen=True)
class Prometheus:
    """One that scrapes the four services every second, as of a namespace."""

    address: str

    async def get(self, path: str, **query: str) -> Any:
        """Returns what its API answers. Raises AssertionError where that is an error."""
        url = f"http://{self.address}/api/v1/{path}"
        async with aiohttp.ClientSession() as session, session.get(url, params=query) as response:
            answer = await response.json()
        assert answer["status"] == "success", answer
        return answer["data"]

    async def ask(self, expression: str) -> list[Any]:
        """Returns what a query finds now."""
        found: list[Any] = (await self.get("query", query=expression))["result"]
        return found


async def _start(folder: Path, address: str, targets: Sequence[str]) -> asyncio.subprocess.Process:
    jobs = [
        {"job_name": name, "static_configs": [{"targets": [target], "labels": {"namespace": "zs"}}]}
        for name, target in zip(SERVICES, targets, strict=True)
    ]
    often = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config = {"global": often, "rule_files": [str(RULES)], "scrape_configs": jobs}
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    assert PROMETHEUS is not None
    return await asyncio.create_subprocess_exec(
        *(PROMETHEUS, f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/series"),
        *(f"--web.listen-address={address}", "--enable-feature=exemplar-storage"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def prometheus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Prometheus]:
    """Prometheus after somebody started meetings."""
    addresses = [f"127.0.0.1:{port}" for port in free_ports(len(SERVICES) + 1)]
    admin = {f"ZOOMSLACK_{name.upper()}_ADMIN_LISTEN": at for name, at in zip(SERVICES, addresses[:-1], strict=True)}
    process = await _start(tmp_path_factory.mktemp("prometheus"), addresses[-1], addresses[:-1])
    found = Prometheus(addresses[-1])
    try:
        async with running(tmp_path_factory.mktemp("data"), admin) as system:
            office = Office(system)
            await office.connect()

            async def starts() -> list[Any]:
                # A rate needs a rise: one meeting after the first scrape that saw another.
                await office.fresh_meeting("Seen", channel=await office.conversation("public"))
                return await found.ask(
                    "namespace:zoomslack_deliveries:rate5m > 0 and namespace:zoomslack_commands:rate5m > 0"
                )

            await eventually(starts, bool)
            yield found
    finally:
        process.terminate()
        await process.wait()


async def test_P91_all_is_well_and_every_rule_can_tell(prometheus: Prometheus) -> None:
    groups = (await prometheus.get("rules"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert {rule["health"] for rule in rules} == {"ok"}
    assert [rule["name"] for rule in rules if rule.get("state", "inactive") != "inactive"] == []
    # The share is a number, and it is none: the bucket of three seconds and that of a minute are those of services.
    for promise in ("commands", "deliveries"):
        [share] = await prometheus.ask(f"namespace:zoomslack_{promise}_bad:ratio1h")
        assert share["metric"]["namespace"] == "zs"
        assert float(share["value"][1]) == 0.0


async def test_P91_every_query_of_the_dashboards_has_an_answer(prometheus: Prometheus) -> None:
    folder = FOLDER / "dashboards"
    dashboards = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))}
    # What shows only what goes wrong, or what nobody did here, is empty.
    words = (
        "fail",
        "nothing",
        "not do",
        "no 2xx",
        "no event",
        "held back",
        "refused",
        "Alerts",
        "left alone",
        "Events by",
    )
    asked = [(where, plain(query)) for where, query in queries(dashboards) if not any(word in where for word in words)]

    async def silent() -> set[str]:
        return {where for where, query in asked if not await prometheus.ask(query)}

    # A rate takes two scrapes, and each service is scraped when its turn comes.
    await eventually(silent, lambda found: not found)


async def test_P91_exemplars_lead_from_latencies_to_traces(prometheus: Prometheus) -> None:
    found = await prometheus.get(
        "query_exemplars",
        query='http_server_request_duration_seconds_bucket{http_route="/slack/commands"}',
        start="1970-01-01T00:00:00Z",
        end="2200-01-01T00:00:00Z",
    )
    assert [one["labels"]["trace_id"] for series in found for one in series["exemplars"]]
