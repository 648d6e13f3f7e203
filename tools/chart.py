"""Writes what is made from the Helm chart: the table of its values, the plain manifests, the snapshots of its tests.

python tools/chart.py           write them, after a change of deploy/k8s/chart
python tools/chart.py --check   fail where one of them is out of date
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import helm_python
import yaml

ROOT = Path(__file__).resolve().parent.parent
CHART, MANIFESTS = ROOT / "deploy/k8s/chart", ROOT / "deploy/k8s/manifests"
GOLDEN, MORE_VALUES = ROOT / "tests/deploy/golden", ROOT / "tests/deploy/values"
NAME = "zoomslack"
_KEY = re.compile(r"^( *)([A-Za-z0-9]+):")
_COMPONENT = "app.kubernetes.io/component"
_CHECKSUM = "zoomslack/settings-checksum"
_REPEATING = ("meetings", "phone", "slackEdge")
_SHORT = 60

_KUSTOMIZATION = """# Made by `make manifests` from deploy/k8s/chart; change the chart, not these files.
#
# Use them from a kustomization of your own:
#   resources: [github.com/…/deploy/k8s/manifests?ref=…, an Ingress or HTTPRoute to the edge]
#   images: [{name: zoomslack, newName: registry.example.com/zoomslack, digest: "sha256:…"}]
#   configMapGenerator:
#     - {name: zoomslack-auth, namespace: zoomslack, behavior: merge, literals: [ZOOMSLACK_PUBLIC_URL=https://…, …]}
# and so on for the other settings, each in the *.env of its service. The name of a ConfigMap ends with a hash of its
# content, so a changed setting rolls the pods.
#
# The namespace is zoomslack and cannot be another: targets, certificates and policies hold it. For another one, render
# the chart.
#
# A Job cannot be changed. Before you apply another image, or whatever else changes the pods of the migrations:
#   kubectl -n zoomslack delete job -l app.kubernetes.io/component=migrate
#
# The Secrets zoomslack-auth, zoomslack-meetings, zoomslack-phone and zoomslack-edge are yours to make; the chart's
# README.md lists their keys. Made by a secretGenerator of your kustomization, they roll pods when they change, too.
# Yours is the ConfigMap postgresql-authority, too, with ca.crt, the authority of PostgreSQL's certificate. cert-manager
# has to be there.
"""


class Rendering:
    """What the chart makes of a file of values: objects in the order of their files, and the notes."""

    def __init__(self, values: Path, chart: Path = CHART) -> None:
        with helm_python.Chart.load(chart) as loaded:
            texts = loaded.render(yaml.safe_load(values.read_text(encoding="utf-8")), name=NAME, namespace=NAME)
        self.notes = next(text for path, text in texts.items() if path.endswith("NOTES.txt"))
        templates = sorted(path for path in texts if not path.endswith("NOTES.txt"))
        self.objects: list[dict[str, Any]] = [
            one for path in templates for one in yaml.safe_load_all(texts[path]) if one
        ]


def dump(*objects: Any) -> str:
    """Returns YAML of objects, in the order of their keys as the chart has them."""
    return yaml.safe_dump_all(objects, sort_keys=False, width=120, allow_unicode=True)


def golden(values: Path) -> str:
    """Returns the snapshot of a rendering: its notes as comments, then its objects."""
    rendering = Rendering(values)
    notes = "".join(f"# {line}".rstrip() + "\n" for line in rendering.notes.strip().splitlines())
    return f"{notes}---\n{dump(*rendering.objects)}"


def manifests() -> dict[str, str]:
    """Returns the plain manifests by file name: one file for each component, and what kustomize reads."""
    files: dict[str, list[dict[str, Any]]] = {}
    settings: dict[str, str] = {}
    generators: list[dict[str, Any]] = []
    for one in Rendering(CHART / "ci/manifests.yaml").objects:
        component = one["metadata"]["labels"][_COMPONENT]
        if component == "test" or "helm.sh/hook" in one["metadata"].get("annotations", {}):
            continue
        plain = _without_helm(one)
        if one["kind"] == "ConfigMap":
            settings[f"{component}.env"] = "".join(f"{name}={value}\n" for name, value in one["data"].items())
            generators.append(_generator(plain, f"{component}.env"))
        else:
            files.setdefault(f"{component}.yaml", []).append(plain)
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": NAME, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    }
    texts = {"namespace.yaml": dump(namespace), **{name: dump(*objects) for name, objects in files.items()}}
    listing = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": NAME,
        "resources": sorted(texts),
        "configMapGenerator": generators,
    }
    return {**texts, **settings, "kustomization.yaml": _KUSTOMIZATION + dump(listing)}


def _generator(config_map: Mapping[str, Any], file: str) -> dict[str, Any]:
    """Returns what makes kustomize generate a ConfigMap, under a name that follows what is in it."""
    metadata = config_map["metadata"]
    return {
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "envs": [file],
        "options": {"labels": metadata["labels"]},
    }


def _without_helm(one: Any) -> Any:
    """Returns an object without what only Helm needs: a checksum, too, as kustomize's names follow what is in them."""
    if isinstance(one, dict):
        kept = {key: _without_helm(value) for key, value in one.items() if not key.startswith("helm.sh/")}
        for key in ("app.kubernetes.io/managed-by", _CHECKSUM):
            kept.pop(key, None)
        return kept
    return [_without_helm(value) for value in one] if isinstance(one, list) else one


def documented(text: str) -> dict[str, str]:
    """Returns what the comments of values.yaml say, by the path of the value; where there is none, nothing."""
    found: dict[str, str] = {}
    path: list[tuple[int, str]] = []
    said: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("# -- "):
            said = [stripped.removeprefix("# -- ")]
        elif stripped.startswith("# ") and said:
            said.append(stripped.removeprefix("# "))
        elif match := _KEY.match(line):
            indent = len(match.group(1))
            path = [*((depth, key) for depth, key in path if depth < indent), (indent, match.group(2))]
            if said:
                found[".".join(key for _, key in path)] = " ".join(said)
            said = []
        else:
            said = []
    return found


def value_problems(values: Mapping[str, Any], known: Mapping[str, str]) -> Iterator[str]:
    """Yields each value that nothing is said of, here or where it stands first."""
    for path, _ in _leaves(values, known):
        head, _, rest = path.partition(".")
        if path not in known and not (head in _REPEATING and f"auth.{rest}" in known):
            yield f"deploy/k8s/chart/values.yaml: {path} has no comment that begins with --"


def _leaves(values: Mapping[str, Any], known: Mapping[str, str], at: str = "") -> Iterator[tuple[str, Any]]:
    """Yields path and default of each value: down to what is documented as a whole, or holds nothing more."""
    for key, value in values.items():
        path = f"{at}{key}"
        repeats = f"auth.{path.partition('.')[2]}" if path.partition(".")[0] in _REPEATING else path
        if isinstance(value, dict) and value and path not in known and repeats not in known:
            yield from _leaves(value, known, f"{path}.")
        else:
            yield path, value


def readme() -> str:
    """Returns README.md: what stands in README.head.md, and the table of all values."""
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    values, known = yaml.safe_load(text), documented(text)
    lines = ["| value | default | |", "|---|---|---|"]
    for path, value in _leaves(values, known):
        if path in known:
            lines.append(f"| `{path}` | {_shown(value)} | {known[path].replace('|', '/')} |")
    head = (CHART / "README.head.md").read_text(encoding="utf-8")
    return head + "\n" + "\n".join(lines) + "\n"


def _shown(value: Any) -> str:
    if value is None:
        return ""
    text = json.dumps(value, ensure_ascii=False)
    return f"`{text}`" if len(text) <= _SHORT else "see values.yaml"


def outputs() -> dict[Path, str]:
    """Returns every file that is made, with its content."""
    files = {CHART / "README.md": readme()}
    files |= {MANIFESTS / name: text for name, text in manifests().items()}
    for values in (*sorted((CHART / "ci").glob("*.yaml")), *sorted(MORE_VALUES.glob("*.yaml"))):
        files[GOLDEN / values.name] = golden(values)
    return files


def stale(files: Mapping[Path, str]) -> Iterator[str]:
    """Yields a sentence for each file that is missing, differs, or should not be there."""
    for file, text in files.items():
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            yield f"{file.relative_to(ROOT)} is out of date: run make manifests"
    for folder in (MANIFESTS, GOLDEN):
        for file in sorted(folder.glob("*")):
            if file not in files:
                yield f"{file.relative_to(ROOT)} is made by nothing any more: run make manifests"


def main(arguments: list[str]) -> int:
    """Runs as the first lines say. Returns the exit code."""
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    problems = list(value_problems(yaml.safe_load(text), documented(text)))
    files = outputs()
    if arguments == ["--check"]:
        problems += stale(files)
    else:
        for folder in (MANIFESTS, GOLDEN):
            folder.mkdir(parents=True, exist_ok=True)
            for file in folder.glob("*"):
                if file not in files:
                    file.unlink()
        for file, content in files.items():
            file.write_text(content, encoding="utf-8")
    print(*problems, sep="\n", file=sys.stderr, end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
