"""The settings of phone: every problem at once, no value in any of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh.settings import SettingsError
from services.phone.settings import PhoneSettings


def test_a_laptop_needs_to_set_nothing(tmp_path: Path) -> None:
    settings = PhoneSettings.load({"ZOOMSLACK_DATA_DIR": str(tmp_path)})
    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path}/phone.db"
    assert settings.listen == "127.0.0.1:50053"
    assert settings.default_region == "US"


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as failure:
        PhoneSettings.load(
            {
                "ZOOMSLACK_PHONE_LISTEN": "nowhere",
                "ZOOMSLACK_PHONE_DATABASE_URL": "mysql://root:hunter2@db",
                "ZOOMSLACK_PHONE_DEFAULT_REGION": "Utopia",
                "ZOOMSLACK_PUBLIC_URL": "ftp://zoom.example",
            }
        )
    variables = {problem.partition(":")[0] for problem in failure.value.problems}
    assert variables == {
        "ZOOMSLACK_PHONE_LISTEN",
        "ZOOMSLACK_PHONE_DATABASE_URL",
        "ZOOMSLACK_PHONE_DEFAULT_REGION",
        "ZOOMSLACK_PUBLIC_URL",
    }
    assert "hunter2" not in " ".join(failure.value.problems)


def test_nothing_leaves_the_machine_in_plaintext() -> None:
    with pytest.raises(SettingsError) as failure:
        PhoneSettings.load({"ZOOMSLACK_PHONE_LISTEN": "0.0.0.0:50053", "ZOOMSLACK_AUTH_TARGET": "dns:///auth:50051"})
    assert len(failure.value.problems) == 2
