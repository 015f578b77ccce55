"""Looks on while batches are asked about: which of them shared a prefix."""

from __future__ import annotations

from typing import Any

import pytest

from halluc.mllm import transformers as wrapper


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each batch was shared, in their order."""
    told: list[bool] = []
    share = wrapper.share_prefixes

    def watched(*given: Any) -> Any:
        found = share(*given)
        told.append(found is not None)
        return found

    monkeypatch.setattr(wrapper, "share_prefixes", watched)
    return told
