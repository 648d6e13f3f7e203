"""Looks around in a container and prints what it sees as JSON: `test_contents` runs this text in the image."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import ssl
import sys
import zoneinfo
from pathlib import Path

APP, PACKAGES = Path("/app"), Path("/opt/zoomslack")
_COMPILED = ("mesh/server.py", "services/auth/__main__.py", "gen/zoomslack/auth/v1/auth_service_pb2.py")


def refusal(file: Path) -> str | None:
    """Returns why a file cannot be made."""
    try:
        file.write_text("x", encoding="utf-8")
    except OSError as error:
        return error.strerror
    return None


def main() -> None:
    """Prints it."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    status = {name: text.strip() for name, _, text in (line.partition(":") for line in lines)}
    installed = importlib.metadata.distributions(path=[path for path in sys.path if path.startswith(str(PACKAGES))])
    seen = {
        "uid": status["Uid"].split(),
        "gid": status["Gid"].split(),
        "capabilities": int(status["CapBnd"], 16),
        "gains_nothing": status["NoNewPrivs"] == "1",
        "refused": refusal(APP / "x"),
        "writable": [str(one) for at in (APP, PACKAGES) for one in at.rglob("*") if os.access(one, os.W_OK)],
        "top": sorted(one.name for one in APP.iterdir()),
        "files": sorted(str(one.relative_to(APP)) for one in APP.rglob("*") if one.is_file() and one.suffix != ".pyc"),
        "packages": {one.metadata["Name"]: one.version for one in installed},
        "authorities": ssl.create_default_context().cert_store_stats()["x509_ca"],
        "zone": str(zoneinfo.ZoneInfo("Europe/Berlin")),
        "compiled": all(Path(importlib.util.cache_from_source(str(APP / one))).exists() for one in _COMPILED),
    }
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main()
