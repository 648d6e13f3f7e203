"""The image is built once, and the product runs from it once, for all tests of it."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.image.engine import Engine, missing
from tests.image.product import Product, running


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """podman with a storage of its own."""
    if reason := missing():
        pytest.skip(reason)
    made = Engine(Path(tempfile.mkdtemp(prefix="zs")))
    yield made
    made.close()


@pytest.fixture(scope="session")
def base(engine: Engine) -> str:
    """What the image is built on."""
    return engine.base()


@pytest.fixture(scope="session")
def image(engine: Engine, base: str) -> str:
    """The image's name."""
    return engine.build(base)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def product(engine: Engine, base: str, image: str) -> AsyncIterator[Product]:
    """Everything, ready."""
    async with running(engine, base) as made:
        yield made
