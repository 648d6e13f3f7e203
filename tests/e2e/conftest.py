"""One running system for each file of tests; those that kill something take a file of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.people import Office
from tests.e2e.system import running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """Acme's office before anybody connected Zoom."""
    async with running(tmp_path_factory.mktemp("data")) as system:
        yield Office(system)
