"""What `up --check` makes of what the app really says."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from faceloop.check import said_by_app
from faces.errors import FaceloopError
from faces.identify import CurrentModel
from faces.reading import FaceReader
from serve.app import Visits, create_app
from serve.namer import Namer
from tests.serve.app_parts import parts_over


@pytest.fixture
def health(tmp_path: Path) -> dict[str, Any]:
    """The app's own words where nothing is learned yet."""
    namer = Namer(CurrentModel(tmp_path / "models"), Mock(spec=FaceReader), None)

    async def build() -> FastAPI:
        """Outside a loop Gradio would open one of its own and never close it."""
        return create_app(parts, uploads=tmp_path / "uploads", visits=Visits())

    parts = parts_over(namer, Mock(spec=FaceReader), tmp_path)
    with TestClient(asyncio.run(build()), base_url="http://127.0.0.1") as client:
        answer: dict[str, Any] = client.get("/health").json()
    return answer


def test_the_app_says_by_which_model_version_it_answers(health: dict[str, Any]) -> None:
    assert said_by_app(health) == "answers; no classifier yet"
    assert said_by_app(health | {"model_version": "model-0007"}) == "answers by model-0007"


@pytest.mark.parametrize("version", [None, "model-0007"])
def test_a_classifier_that_cannot_be_used_is_a_fault(health: dict[str, Any], version) -> None:
    with pytest.raises(FaceloopError, match="model-0008 is damaged"):
        said_by_app(health | {"model_version": version, "problem": "model-0008 is damaged"})
