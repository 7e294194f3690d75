import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("name", ["viz.numbers", "viz.scalars"])
def test_examples(name):
    result = doctest.testmod(import_module(name))
    assert result.attempted and not result.failed
