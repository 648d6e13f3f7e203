"""Fails where the protos break what callers were promised. buf compares; its rules stand in `buf.yaml`.

    python -m tools.breaking            compare with the baseline and with main
    python -m tools.breaking --write    bring the baseline up to the protos, where they break nothing

Two things are compared with, because neither is enough:

* `protos/baseline.binpb`, the descriptors without comments. It is there in a checkout without history, too. It has to
  hold everything that the protos promise, so that an RPC cannot come and go unseen.
* The protos of main in git, where there are any: a baseline that was written anew from nothing hides nothing from them.
  `ZOOMSLACK_BREAKING_AGAINST` names another commit. On main itself it is the commit before.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2

from tools import generate

BASELINE = Path("protos/baseline.binpb")
AGAINST = "ZOOMSLACK_BREAKING_AGAINST"
MAINS = ("refs/remotes/origin/main", "refs/heads/main")


class NothingToCompareError(Exception):
    """There is neither a baseline nor a commit, or not the commit that was asked for."""


def image_of(protos: Path, scratch: Path, name: str) -> Path:
    """Compiles the protos below `protos`; returns the image."""
    image = scratch / f"{name}.binpb"
    generate.run_protoc(
        scratch, "--include_imports", "--include_source_info", f"--descriptor_set_out={image}", protos=protos
    )
    generate.mark_imports(image)
    return image


def own_files(image: Path) -> bytes:
    """Returns what the baseline keeps of an image: our files, without comments and positions."""
    files = descriptor_pb2.FileDescriptorSet.FromString(image.read_bytes())
    kept = descriptor_pb2.FileDescriptorSet()
    for file in files.file:
        if file.name.startswith("zoomslack/"):
            file.ClearField("source_code_info")
            kept.file.append(file)
    return kept.SerializeToString(deterministic=True)


def baseline_image(baseline: Path, scratch: Path) -> Path:
    """Returns the baseline as an image: with the files of others that ours import."""
    files = generate.descriptor_set()
    files.MergeFromString(baseline.read_bytes())
    image = scratch / "baseline-image.binpb"
    image.write_bytes(files.SerializeToString())
    generate.mark_imports(image)
    return image


def git(root: Path, *arguments: str) -> str | None:
    """Returns what git prints, or None where it fails or is not there."""
    try:
        done = subprocess.run(["git", "-C", root, *arguments], capture_output=True, check=False, text=True)
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def commit_of(root: Path, name: str) -> str | None:
    """Returns the commit that `name` stands for, or None."""
    return git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")


def against(root: Path, asked: str | None) -> str | None:
    """Returns the commit to compare with, or None where git knows no other. `asked` has to exist."""
    if asked:
        commit = commit_of(root, asked)
        if commit is None:
            raise NothingToCompareError(f"{AGAINST}={asked} is no commit of this checkout")
        return commit
    head = commit_of(root, "HEAD")
    for name in MAINS:
        main = commit_of(root, name)
        if head is None or main is None:
            continue
        # What came to main after this branch left it is nothing that this branch took away.
        base = git(root, "merge-base", head, main) or main
        if base != head:
            return base
    return commit_of(root, "HEAD^")


def protos_at(root: Path, commit: str, scratch: Path) -> Path | None:
    """Unpacks the protos of a commit; returns their folder, or None where it had none."""
    done = subprocess.run(
        ["git", "-C", root, "archive", "--format=tar", commit, "protos"], capture_output=True, check=False
    )
    if done.returncode:
        return None
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(scratch / "then", filter="data")
    return scratch / "then" / "protos"


def broken(root: Path, now: Path, then: Path) -> list[str]:
    """Returns what `now` breaks of `then`, both images, one line each."""
    buf = Path(sys.executable).parent / "buf"
    command: list[str | Path] = [
        buf,
        "breaking",
        now,
        "--against",
        then,
        "--exclude-imports",
        "--config",
        root / "buf.yaml",
    ]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    if done.returncode not in (0, 100):  # 100: something is broken; anything else is buf's own trouble
        raise RuntimeError(f"buf: {done.stderr.strip()}")
    return str(done.stdout).splitlines()


def check(root: Path, scratch: Path, asked: str | None) -> list[str]:
    """Compares with all that there is; returns what is wrong."""
    now = image_of(root / "protos", scratch, "now")
    problems = []
    compared = []
    baseline = root / BASELINE
    if baseline.is_file():
        compared.append(str(BASELINE))
        then = baseline_image(baseline, scratch)
        problems += [f"{line} ({BASELINE})" for line in broken(root, now, then)]
        if not problems and broken(root, then, now):  # it lacks what the protos have
            problems.append(f"{BASELINE} does not hold all that protos/ promise: run `make baseline`")
    else:
        problems.append(f"{BASELINE} is missing: run `make baseline`")
    if commit := against(root, asked):
        if protos := protos_at(root, commit, scratch):
            compared.append(f"commit {commit[:12]}")
            then = image_of(protos, scratch, "then")
            problems += [f"{line} (commit {commit[:12]})" for line in broken(root, now, then)]
        elif asked:
            raise NothingToCompareError(f"{AGAINST}={asked} has no protos")
    if not compared:
        raise NothingToCompareError("there is neither a baseline nor an earlier commit with protos")
    print(f"protos compared with {' and '.join(compared)}")
    return problems


def write(root: Path, scratch: Path) -> list[str]:
    """Writes the baseline, unless the protos break what it promises; returns what they break."""
    now = image_of(root / "protos", scratch, "now")
    baseline = root / BASELINE
    problems = broken(root, now, baseline_image(baseline, scratch)) if baseline.is_file() else []
    if not problems:
        baseline.write_bytes(own_files(now))
    return problems


def main() -> int:
    """Parses the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--root", type=Path, default=generate.ROOT, help="another copy of the tree")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        try:
            if options.write:
                problems = write(options.root, scratch)
            else:
                problems = check(options.root, scratch, os.environ.get(AGAINST))
        except NothingToCompareError as error:
            problems = [str(error)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
