"""The scene on which every address has a page."""

import pytest

from .scene import scene_of_everything


@pytest.fixture
def scene(request):
    """Something of everything; see `Scene`."""
    return scene_of_everything(request)
