"""The chart as Helm's own engine renders it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import helm_python
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "k8s" / "chart"
VALUES = {file.stem: file for file in (*CHART.glob("ci/*.yaml"), *(Path(__file__).parent / "values").glob("*.yaml"))}
"""The matrix: the examples of the chart, and what else tests render."""
NAME = "zoomslack"

Object = dict[str, Any]


@dataclass(frozen=True)
class Pod:
    """A pod as some object makes it."""

    owner: Object
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    spec: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Kind and name of what makes it."""
        return named(self.owner)

    @property
    def component(self) -> str:
        """Which part of the product it is."""
        return self.labels["app.kubernetes.io/component"]

    @property
    def containers(self) -> list[Mapping[str, Any]]:
        """All containers, those that come first included."""
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]


@dataclass(frozen=True)
class Rendered:
    """What one rendering made."""

    values: Mapping[str, Any]
    """Those of the chart with those of the file."""
    objects: tuple[Object, ...]
    notes: str

    def of(self, kind: str) -> list[Object]:
        """Returns the objects of a kind."""
        return [one for one in self.objects if one["kind"] == kind]

    def one(self, kind: str, name: str) -> Object:
        """Returns the object with this kind and name."""
        [found] = [one for one in self.of(kind) if one["metadata"]["name"] == name]
        return found

    def pods(self) -> Iterator[Pod]:
        """Yields every pod that runs at some time."""
        for one in self.objects:
            if one["kind"] == "Pod":
                yield Pod(one, one["metadata"]["labels"], one["metadata"].get("annotations", {}), one["spec"])
            elif one["kind"] in {"Deployment", "Job"}:
                template = one["spec"]["template"]
                yield Pod(
                    one, template["metadata"]["labels"], template["metadata"].get("annotations", {}), template["spec"]
                )

    def environ(self, container: Mapping[str, Any]) -> dict[str, str]:
        """Returns the environment of a container."""
        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            found |= self.one("ConfigMap", source["configMapRef"]["name"])["data"]
        for variable in container.get("env", []):
            if "value" in variable:
                found[variable["name"]] = variable["value"]
        return found


def named(one: Object) -> str:
    """Returns kind and name of an object, for people."""
    return f"{one['kind']} {one['metadata']['name']}"


def load(file: Path) -> dict[str, Any]:
    """Returns the values in a file."""
    values: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return values


def render(values: Mapping[str, Any], chart: Path = CHART) -> Rendered:
    """Renders the chart as release `zoomslack` in a namespace of that name. Raises helm_python's HelmError."""
    with helm_python.Chart.load(chart) as loaded:
        texts = loaded.render(dict(values), name=NAME, namespace=NAME)
        merged = loaded.merge_values(dict(values))
    objects: list[Object] = []
    notes = ""
    for path, text in sorted(texts.items()):
        if path.endswith("NOTES.txt"):
            notes = text
            continue
        objects += [one for one in yaml.load_all(text, Loader=_Strict) if one]
    return Rendered(merged, tuple(objects), notes)


class _Strict(yaml.SafeLoader):
    """Refuses what YAML allows and Kubernetes does not want: the same key twice."""


def _mapping(loader: _Strict, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice:
        raise yaml.constructor.ConstructorError(None, None, f"twice: {sorted(map(str, twice))}", node.start_mark)
    return {key: loader.construct_object(value, deep=True) for key, (_, value) in zip(keys, node.value, strict=True)}


_Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def texts(one: Any) -> Iterator[str]:
    """Yields every text in an object, keys included."""
    if isinstance(one, dict):
        for key, value in one.items():
            yield str(key)
            yield from texts(value)
    elif isinstance(one, list):
        for value in one:
            yield from texts(value)
    elif isinstance(one, str):
        yield one
