from pathlib import Path

import pytest


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
