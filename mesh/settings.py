"""Settings from environment variables. All problems are found at once, before anything starts.

Every variable `X` may instead be a file named by `X_FILE`. Values never appear in a problem's text, but for parts
of a policy, which is not secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import parse_qs

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo

from mesh import credentials, policy
from mesh.sealing import KeyRing, load_or_create


class SettingsError(Exception):
    """The environment is not usable. `problems` has one sentence each, beginning with the variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(f"{len(problems)} problem(s) in the settings")
        self.problems = problems


S = TypeVar("S", bound="Settings")


def _listen_address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise ValueError("should be host:port")
    return f"{host or '127.0.0.1'}:{port}"


def _http_url(value: str) -> str:
    if not value.startswith(("http://", "https://")) or len(value) < 10 or any(c.isspace() for c in value):
        raise ValueError("should be an http or https address")
    return value.rstrip("/")


def _key_ring(value: SecretStr) -> SecretStr:
    KeyRing.parse(value.get_secret_value())
    return value


def _certificate_folder(value: Path) -> Path:
    if problems := credentials.problems(value):
        raise ValueError("; ".join(problems))
    return value


def _target(value: str) -> str:
    port = value.rpartition(":")[2]
    if not port.isdecimal() or any(c.isspace() for c in value):
        raise ValueError("should be host:port or dns:///host:port")
    return value


def _private(value: str, info: ValidationInfo) -> str:
    """Keeps plaintext on the machine. `Settings` validates the fields read here first."""
    if info.data.get("tls_dir") or info.data.get("allow_plaintext") or credentials.is_loopback(value):
        return value
    raise ValueError(
        "leaves this machine in plaintext; set ZOOMSLACK_TLS_DIR, or ZOOMSLACK_ALLOW_PLAINTEXT=1 behind a mesh that "
        "encrypts"
    )


def _policy(value: str, info: ValidationInfo) -> str:
    policy.parse(value)
    if "tls_dir" in info.data and info.data["tls_dir"] is None:
        raise ValueError("goes by the certificates of callers; set ZOOMSLACK_TLS_DIR")
    return value


def _database_url(value: str) -> str:
    if not value.startswith(("sqlite+aiosqlite://", "postgresql+asyncpg://")):
        raise ValueError("should begin with postgresql+asyncpg:// or sqlite+aiosqlite://")
    if any(option.startswith("ssl") for option in parse_qs(value.partition("?")[2], keep_blank_values=True)):
        raise ValueError("says how to encrypt, which PGSSLMODE and PGSSLROOTCERT say")
    return value


def listed(value: SecretStr) -> tuple[str, ...]:
    """Returns the secrets of a comma-separated list."""
    return tuple(secret for part in value.get_secret_value().split(",") if (secret := part.strip()))


def _not_only_commas(value: SecretStr) -> SecretStr:
    if not listed(value):
        raise ValueError("holds no secret")
    return value


Secrets = Annotated[SecretStr, AfterValidator(_not_only_commas)]
"""One secret, or several with commas between them while one is rotated. `listed` takes them apart."""
ListenAddress = Annotated[str, AfterValidator(_listen_address)]
"""`host:port` or `:port`."""
GrpcListenAddress = Annotated[str, AfterValidator(_listen_address), AfterValidator(_private)]
"""The same, for gRPC: without certificates only on this machine."""
GrpcTarget = Annotated[str, AfterValidator(_target), AfterValidator(_private)]
"""Where another service is, `host:port` or `dns:///host:port`: without certificates only on this machine.

Replicas that no name stands for are listed as gRPC does it: `ipv4:127.0.0.1:50052,127.0.0.1:50062`.
"""
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
"""SQLAlchemy's address of a database, with an async driver."""
HttpUrl = Annotated[str, AfterValidator(_http_url)]
"""An http or https address without a slash at the end."""


class Settings(BaseModel):
    """What every service can be told. Subclasses add their own; each field's alias is its variable."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    data_dir: Path = Field(Path("var"), alias="ZOOMSLACK_DATA_DIR")
    """Where a laptop's databases and keys live. Unused with PostgreSQL and ZOOMSLACK_TOKEN_KEYS."""
    tls_dir: Annotated[Path, AfterValidator(_certificate_folder)] | None = Field(None, alias="ZOOMSLACK_TLS_DIR")
    """Folder with ca.crt, tls.crt and tls.key of this service. Absent: plaintext, see allow_plaintext."""
    allow_plaintext: bool = Field(False, alias="ZOOMSLACK_ALLOW_PLAINTEXT")
    """Lets gRPC leave the machine without certificates: only behind a sidecar mesh that encrypts."""
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", alias="ZOOMSLACK_LOG_LEVEL")
    log_format: Literal["json", "text"] = Field("json", alias="ZOOMSLACK_LOG_FORMAT")
    reflection: bool = Field(False, alias="ZOOMSLACK_GRPC_REFLECTION")
    """Lets clients ask for the protos. Off by default: it tells everybody who can connect what there is."""

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Self:
        """Reads the settings. Raises SettingsError with every problem."""
        values, problems = _with_files(environ, cls)
        try:
            settings = cls.model_validate(values)
        except ValidationError as error:
            problems.extend(_sentences(error, cls))
            raise SettingsError(problems) from None
        if problems:
            raise SettingsError(problems)
        return settings

    def database_or_file(self, configured: str | None, name: str) -> str:
        """Returns the configured database, or the laptop's own file."""
        return configured or f"sqlite+aiosqlite:///{self.data_dir / (name + '.db')}"


class PolicySettings(Settings):
    """For services that programs of other teams may call."""

    policy_text: Annotated[str, AfterValidator(_policy)] | None = Field(None, alias="ZOOMSLACK_POLICY")
    """What programs of other teams may do, as TOML (`mesh.policy`). Absent: nobody calls but the mesh's own."""

    @property
    def policy(self) -> policy.Policy | None:
        """The same, parsed."""
        return None if self.policy_text is None else policy.parse(self.policy_text)


class DatabaseSettings(Settings):
    """For services that have a database; what `migrate` needs."""

    database_pool_size: int = Field(5, ge=1, le=100, alias="ZOOMSLACK_DATABASE_POOL_SIZE")
    """Connections that one replica holds at the most. Replicas times this stays below what the database allows."""


class SealingSettings(Settings):
    """For services that store secrets."""

    token_keys: Annotated[SecretStr, AfterValidator(_key_ring)] | None = Field(None, alias="ZOOMSLACK_TOKEN_KEYS")
    """Keys of secrets at rest: `id:base64 of 32 bytes`, comma-separated, the first one seals. Absent: made once and
    kept in the data folder, which only suits one machine."""

    def key_ring(self) -> KeyRing:
        """Returns the keys, making the laptop's on first use."""
        if self.token_keys is not None:
            return KeyRing.parse(self.token_keys.get_secret_value())
        return KeyRing.parse(load_or_create(self.data_dir / "token-keys"))


def _with_files(environ: Mapping[str, str], cls: type[Settings]) -> tuple[dict[str, str], list[str]]:
    """Returns the variables of `cls`, read from their files where named so, and the problems with those files."""
    values: dict[str, str] = {}
    problems: list[str] = []
    for field in cls.model_fields.values():
        name = str(field.alias)
        file = environ.get(f"{name}_FILE")
        if file and environ.get(name):
            problems.append(f"{name}: set either {name} or {name}_FILE, not both")
        elif file:
            try:
                values[name] = Path(file).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                problems.append(f"{name}_FILE: {file} cannot be read")
                values[name] = "unreadable"
        elif environ.get(name):  # an empty variable counts as absent, as compose files and charts produce them
            values[name] = environ[name]
    return values, problems


def _sentences(error: ValidationError, cls: type[Settings]) -> list[str]:
    by_name = {name: str(field.alias) for name, field in cls.model_fields.items()}
    sentences = []
    for detail in error.errors(include_input=False, include_url=False):
        message = _message(detail)
        place = str(detail["loc"][0]) if detail["loc"] else ""
        variable = by_name.get(place, place)
        sentences.append(f"{variable}: {message}" if variable else message)
    return sentences


def _message(detail: Any) -> str:
    if detail["type"] == "missing":
        return "is not set"
    return str(detail["msg"]).removeprefix("Value error, ")
