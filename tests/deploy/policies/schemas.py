"""Objects are what the API servers take: Kubernetes' own schemas, strictly, and ours of custom resources."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import yaml
from referencing import Registry, Resource

from tests.deploy.rendering import NAME, Object, Rendered, named

VERSIONS = ("1.27", "1.30", "1.33", "1.36")
_CRDS = Path(__file__).parents[1] / "crds.yaml"
_NAME_LENGTH = 63


@functools.cache
def _registry(version: str) -> Registry[Any]:
    folder = files("kubernetes_validate") / "kubernetes-json-schema" / f"v{version}.0-local-strict"
    definitions = json.loads((folder / "_definitions.json").read_text(encoding="utf-8"))
    return Resource.from_contents(definitions) @ Registry()


@functools.cache
def _validator(version: str, kind: str, api_version: str) -> jsonschema.Draft202012Validator | None:
    """What `kubernetes-validate --strict` uses, kept: it reads two megabytes anew for each object."""
    group, _, short = api_version.rpartition("/")
    prefix = f"{group.partition('.')[0]}-" if group else ""
    folder = files("kubernetes_validate") / "kubernetes-json-schema" / f"v{version}.0-local-strict"
    file = folder / f"{kind.lower()}-{prefix}{short}.json"
    if not file.is_file():
        return None
    schema = json.loads(file.read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema, registry=_registry(version))


@functools.cache
def _custom() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(_CRDS.read_text(encoding="utf-8"))
    return found


def _errors(one: Object, version: str) -> Iterator[str]:
    custom = _custom().get(f"{one['apiVersion']}/{one['kind']}")
    if custom is not None:
        schema = {**custom, "$defs": _custom()["$defs"]}
        found = jsonschema.Draft202012Validator(schema).iter_errors(one["spec"])
    elif (validator := _validator(version, one["kind"], one["apiVersion"])) is not None:
        found = validator.iter_errors(one)
    else:
        yield f"Kubernetes {version} has no {one['apiVersion']} {one['kind']}"
        return
    for error in found:
        yield f"{'.'.join(map(str, error.absolute_path))}: {error.message[:300]}"


def valid_objects(rendered: Rendered) -> Iterator[str]:
    """Each object fits the schemas of the Kubernetes versions that we name."""
    for version in VERSIONS:
        for one in rendered.objects:
            yield from (f"{named(one)}, Kubernetes {version}: {error}" for error in _errors(one, version))


def well_named(rendered: Rendered) -> Iterator[str]:
    """Names are unique and short enough for labels; every object has the recommended labels, and its namespace."""
    seen: set[tuple[str, str, str]] = set()
    for one in rendered.objects:
        metadata = one["metadata"]
        if metadata["name"] in {"more", "text"}:
            continue  # the operator's own
        key = (one["apiVersion"], one["kind"], metadata["name"])
        if key in seen:
            yield f"{named(one)}: is there twice"
        seen.add(key)
        if len(metadata["name"]) > _NAME_LENGTH:
            yield f"{named(one)}: the name is too long"
        if metadata.get("namespace") != NAME:
            yield f"{named(one)}: is in no namespace, or in another one"
        for label in ("name", "instance", "version", "component", "part-of", "managed-by"):
            if f"app.kubernetes.io/{label}" not in metadata.get("labels", {}):
                yield f"{named(one)}: has no label {label}"
