"""What `make lint` says about protos that break a promise, on copies of the tree's own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.breaking import BASELINE
from tools.generate import ROOT

MEETINGS = "protos/zoomslack/meetings/v1/meetings_service.proto"
PHONE = "protos/zoomslack/phone/v1/phone_service.proto"

# How each change is made, and what has to be said about it: by a pattern, its replacement, and a part of the message.
BREAKING = {
    "a field has another number": (
        MEETINGS,
        r"(message GetMeetingRequest \{[^}]*? meeting_id = )\d+",
        r"\g<1>99",
        r'field "\d+" with name "meeting_id" on message "GetMeetingRequest" was deleted',
    ),
    "a field has another type": (
        MEETINGS,
        r"(message GetMeetingRequest \{[^}]*?)string( meeting_id = \d+)[^;]*;",
        r"\1int64\2;",
        r'Field "\d+" with name "meeting_id" on message "GetMeetingRequest" changed type from "string" to "int64"',
    ),
    "a field is gone": (
        MEETINGS,
        r"(message GetMeetingResponse \{[^}]*?)[^\n]*\n  Meeting meeting = 1;",
        r"\1",
        r'field "1" with name "meeting" on message "GetMeetingResponse" was deleted',
    ),
    "an RPC is gone": (
        PHONE,
        r"  rpc GetCall\([^}]*\}\n",
        "",
        r'RPC "GetCall" on service "PhoneService" was deleted',
    ),
    "an RPC may no longer be repeated": (
        PHONE,
        r"(rpc GetCall\([^}]*idempotency_level = )\w+",
        r"\g<1>IDEMPOTENCY_UNKNOWN",
        r'RPC "GetCall" on service "PhoneService" changed option "idempotency_level"',
    ),
    "a value of an enum is gone": (
        PHONE,
        r"  CALL_RESULT_BUSY = 5;\n",
        "",
        r'enum value "5" on enum "CallResult" was deleted',
    ),
    "a value of an enum has another name": (
        PHONE,
        r"CALL_RESULT_BUSY = 5;",
        "CALL_RESULT_ENGAGED = 5;",
        r'Enum value "5" on enum "CallResult" changed name from "CALL_RESULT_BUSY"',
    ),
    "a service has another name": (
        PHONE,
        r"service PhoneService",
        "service TelephoneService",
        r'service "PhoneService" was deleted',
    ),
    "a message and an enum have other names": (
        PHONE,
        r"\bCallWarning\b",
        "DialWarning",
        r'enum "CallWarning" was deleted',
    ),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the protos with their rules and baseline, without git."""
    shutil.copytree(ROOT / "protos", tmp_path / "tree" / "protos")
    shutil.copy(ROOT / "buf.yaml", tmp_path / "tree")
    return tmp_path / "tree"


def change(copy: Path, file: str, pattern: str, replacement: str | Callable[[re.Match[str]], str]) -> None:
    path = copy / file
    text, changes = re.subn(pattern, replacement, path.read_text(), flags=re.DOTALL)
    assert changes
    path.write_text(text)


def run(copy: Path, *arguments: str, against: str = "") -> subprocess.CompletedProcess[str]:
    """Runs the tool as `make lint` does, on the copy."""
    return subprocess.run(  # noqa: S603 (the tool itself)
        [sys.executable, "-m", "tools.breaking", "--root", copy, *arguments],
        cwd=ROOT,
        env={**os.environ, "ZOOMSLACK_BREAKING_AGAINST": against, "GIT_CEILING_DIRECTORIES": str(copy.parent)},
        capture_output=True,
        check=False,
        text=True,
    )


def git(copy: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *who, "-C", copy, *arguments], check=True, capture_output=True)  # noqa: S603, S607


def commit(copy: Path) -> None:
    git(copy, "add", "--all")
    git(copy, "commit", "--message", "Change the protos", "--allow-empty")


def test_the_tree_breaks_nothing_and_lint_looks() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.breaking"], cwd=ROOT, capture_output=True, check=False, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert str(BASELINE) in done.stdout
    command = ["make", "--dry-run", "lint"]
    plan = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout  # noqa: S603
    assert "-m tools.breaking\n" in plan


@pytest.mark.parametrize("name", BREAKING)
def test_a_broken_promise_is_red_and_named(copy: Path, name: str) -> None:
    file, pattern, replacement, message = BREAKING[name]
    change(copy, file, pattern, replacement)
    done = run(copy)
    assert done.returncode == 1
    assert re.search(message, done.stderr), done.stderr
    # Nor can it be written into the baseline.
    before = (copy / BASELINE).read_bytes()
    assert run(copy, "--write").returncode == 1
    assert (copy / BASELINE).read_bytes() == before


def test_a_changed_comment_is_green(copy: Path) -> None:
    change(copy, PHONE, r"// They talk\.", "// They talk to each other.")
    assert run(copy).returncode == 0


def test_what_is_new_is_green_once_the_baseline_promises_it(copy: Path) -> None:
    change(copy, MEETINGS, r"(message GetMeetingRequest \{)", r"\1\n  // Says why.\n  string why = 90;")
    change(
        copy,
        PHONE,
        r"(service PhoneService \{)",
        r"\1\n  // Returns a call again.\n  rpc FetchCall(GetCallRequest) returns (GetCallResponse);",
    )
    behind = run(copy)
    assert behind.returncode == 1
    assert "make baseline" in behind.stderr
    assert "deleted" not in behind.stderr
    assert run(copy, "--write").returncode == 0
    assert (run(copy).stderr, run(copy).returncode) == ("", 0)
    change(copy, PHONE, r"  // Returns a call again\.\n  rpc FetchCall[^;]*;", "")
    assert 'RPC "FetchCall" on service "PhoneService" was deleted' in run(copy).stderr


def test_a_branch_is_compared_with_where_it_left_main_even_with_a_new_baseline(copy: Path) -> None:
    git(copy, "init")
    commit(copy)
    git(copy, "checkout", "-b", "branch")
    change(copy, PHONE, r"  rpc GetCall\([^}]*\}\n", "")
    (copy / BASELINE).unlink()
    assert run(copy, "--write").returncode == 0
    commit(copy)
    done = run(copy)
    assert done.returncode == 1
    assert re.search(r'RPC "GetCall" on service "PhoneService" was deleted\. \(commit [0-9a-f]{12}\)', done.stderr)


def test_what_came_to_main_later_is_nothing_that_a_branch_took_away(copy: Path) -> None:
    git(copy, "init")
    commit(copy)
    git(copy, "checkout", "-b", "branch")
    change(copy, PHONE, r"// They talk\.", "// They talk to each other.")
    commit(copy)
    git(copy, "checkout", "main")
    change(copy, MEETINGS, r"(message GetMeetingRequest \{)", r"\1\n  // Says why.\n  string why = 90;")
    assert run(copy, "--write").returncode == 0
    commit(copy)
    git(copy, "checkout", "branch")
    assert run(copy).returncode == 0
    # Asked for main itself, it is compared with that.
    assert 'field "90" with name "why"' in run(copy, against="main").stderr


def test_main_itself_is_compared_with_the_commit_before(copy: Path) -> None:
    git(copy, "init")
    commit(copy)
    change(copy, PHONE, r"  rpc GetCall\([^}]*\}\n", "")
    (copy / BASELINE).unlink()
    assert run(copy, "--write").returncode == 0
    commit(copy)
    assert 'RPC "GetCall" on service "PhoneService" was deleted' in run(copy).stderr


def test_comparing_with_nothing_is_red(copy: Path) -> None:
    (copy / BASELINE).unlink()
    done = run(copy)
    assert done.returncode == 1
    assert "neither a baseline nor an earlier commit" in done.stderr


def test_a_commit_that_is_not_there_is_red(copy: Path) -> None:
    done = run(copy, against="no-such-branch")
    assert done.returncode == 1
    assert "no-such-branch is no commit" in done.stderr
