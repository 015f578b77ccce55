import os
from pathlib import Path

import pytest
from checkpoints import checkpoint  # noqa: F401
from hypothesis import settings

# A machine at work on other things is slow, not wrong. The suite tries the same examples each time;
# `make fuzz` tries new ones.
settings.register_profile("halluc", deadline=None, derandomize=True)
settings.register_profile("fuzz", deadline=None, max_examples=10_000)
settings.load_profile(os.environ.get("HALLUC_HYPOTHESIS", "halluc"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What stands in this folder takes longest, and comes first: nobody waits for it in the end."""
    items.sort(key=lambda item: item.path.parent != Path(__file__).parent)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of the published reference data, beside the repository."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the published reference data (../shared/data) is not here")
    return folder


@pytest.fixture(scope="session")
def nltk_data(shared: Path) -> str:
    """Folder of NLTK's tagger and WordNet."""
    folder = shared.parent / "nltk_data"
    if not folder.is_dir():
        pytest.skip("NLTK's tagger and WordNet (../shared/nltk_data) are not here")
    return str(folder)
