"""Settings: every problem at once, no value in any text."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field, SecretStr

from mesh.credentials import is_loopback
from mesh.settings import GrpcListenAddress, HttpUrl, SealingSettings, SettingsError


class Example(SealingSettings):
    listen: GrpcListenAddress = Field("127.0.0.1:50051", alias="ZOOMSLACK_EXAMPLE_LISTEN")
    api_url: HttpUrl = Field("https://api.example", alias="ZOOMSLACK_EXAMPLE_URL")
    secret: SecretStr = Field(alias="ZOOMSLACK_EXAMPLE_SECRET", min_length=8)


GOOD = {"ZOOMSLACK_EXAMPLE_SECRET": "long enough"}


def problems(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as failure:
        Example.load(environ)
    return failure.value.problems


def test_defaults_are_enough_where_there_are_defaults() -> None:
    settings = Example.load(GOOD)
    assert settings.listen == "127.0.0.1:50051"
    assert settings.secret.get_secret_value() == "long enough"


def test_all_problems_come_at_once_each_with_its_variable_and_without_its_value() -> None:
    found = problems(
        ZOOMSLACK_EXAMPLE_LISTEN="0.0.0.0:50051",
        ZOOMSLACK_EXAMPLE_URL="gopher://hole",
        ZOOMSLACK_EXAMPLE_SECRET="hunter2",
        ZOOMSLACK_TOKEN_KEYS="k1:notakey",
        ZOOMSLACK_LOG_LEVEL="loud",
    )
    text = "\n".join(found)
    for variable in ("EXAMPLE_LISTEN", "EXAMPLE_URL", "EXAMPLE_SECRET", "TOKEN_KEYS", "LOG_LEVEL"):
        assert f"ZOOMSLACK_{variable}: " in text
    for value in ("hunter2", "notakey", "gopher"):
        assert value not in text


def test_a_missing_one_is_named() -> None:
    assert problems() == ["ZOOMSLACK_EXAMPLE_SECRET: is not set"]
    assert problems(ZOOMSLACK_EXAMPLE_SECRET="") == ["ZOOMSLACK_EXAMPLE_SECRET: is not set"]


def test_a_secret_may_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from the file\n")
    assert Example.load({"ZOOMSLACK_EXAMPLE_SECRET_FILE": str(file)}).secret.get_secret_value() == "from the file"
    missing = str(tmp_path / "missing")
    assert f"ZOOMSLACK_EXAMPLE_SECRET_FILE: {missing} cannot be read" in problems(ZOOMSLACK_EXAMPLE_SECRET_FILE=missing)
    both = problems(ZOOMSLACK_EXAMPLE_SECRET="long enough", ZOOMSLACK_EXAMPLE_SECRET_FILE=str(file))
    assert "not both" in both[0]


@pytest.mark.parametrize("listen", ["0.0.0.0:50051", "10.0.0.7:50051", "auth.internal:50051", "[::]:50051"])
def test_plaintext_does_not_leave_the_machine_unless_it_is_allowed(listen: str) -> None:
    [problem] = problems(**GOOD, ZOOMSLACK_EXAMPLE_LISTEN=listen)
    assert problem.startswith("ZOOMSLACK_EXAMPLE_LISTEN: ")
    assert Example.load({**GOOD, "ZOOMSLACK_EXAMPLE_LISTEN": listen, "ZOOMSLACK_ALLOW_PLAINTEXT": "1"})


def test_an_incomplete_certificate_folder_is_named(tmp_path: Path) -> None:
    [problem] = problems(**GOOD, ZOOMSLACK_TLS_DIR=str(tmp_path))
    assert problem.startswith("ZOOMSLACK_TLS_DIR: ")
    for name in ("ca.crt", "tls.crt", "tls.key"):
        assert name in problem


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "localhost:1", "[::1]:1", "127.8.8.8:1"])
def test_loopback_needs_no_certificate(listen: str) -> None:
    assert Example.load({**GOOD, "ZOOMSLACK_EXAMPLE_LISTEN": listen}).listen == listen


@pytest.mark.parametrize(
    ("target", "stays"),
    [
        ("ipv4:127.0.0.1:1,127.0.0.1:2", True),
        ("ipv6:[::1]:1,[::1]:2", True),
        ("ipv4:127.0.0.1:1,10.0.0.7:2", False),
        ("ipv4:10.0.0.7:1,127.0.0.1:2", False),
        ("dns:///127.0.0.1:1", True),
        ("dns:///meetings:1", False),
    ],
)
def test_replicas_stay_on_this_machine_if_each_of_them_does(target: str, stays: bool) -> None:
    assert is_loopback(target) is stays
