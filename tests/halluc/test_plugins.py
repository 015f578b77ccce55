"""Metrics, decodings and revisers are found by entry points, ours like those of other packages."""

from importlib.metadata import EntryPoint

import pytest

from halluc import plugins
from halluc.errors import HallucError, InputError
from halluc.plugins import load_plugin, origin


@pytest.fixture
def installed(monkeypatch):
    """Let other packages bring entry points: installed((name, value), …)."""
    own = plugins.entry_points
    for each in (plugins.plugins, plugins.load_plugin):
        each.cache_clear()

    def bring(*others):
        def found(group):
            more = [EntryPoint(name, value, group) for name, value in others]
            return [*own(group=group), *more]

        monkeypatch.setattr(plugins, "entry_points", found)

    yield bring
    monkeypatch.undo()
    for each in (plugins.plugins, plugins.load_plugin):
        each.cache_clear()


def test_ours_are_there_with_their_package():
    found = list(plugins.plugins("metrics"))
    assert {"amber", "chair", "finegrained", "mme", "pope"} <= set(found)
    assert found == sorted(found)
    assert load_plugin("metrics", "pope").paper == "arXiv:2305.10355"
    assert origin("revisers", "lure").startswith("halluc ")


@pytest.mark.parametrize("group", plugins.GROUPS)
def test_each_is_called_as_its_entry_point_and_says_what_it_does(group):
    for name in plugins.plugins(group):
        found = load_plugin(group, name)
        called = found.__struct_config__.tag if group == "decodings" else found.name
        assert called == name
        assert found.title and found.summary.endswith(".")
        assert found.paper.startswith("arXiv:") or not found.paper  # a control of ours has none


def test_another_package_adds_one(installed):
    installed(("nouns", "metrics.chair:Chair"))
    assert "nouns" in plugins.plugins("metrics")
    assert load_plugin("metrics", "nouns").name == "chair"


def test_two_of_one_name_are_refused(installed):
    installed(("chair", "elsewhere:Chair"))
    with pytest.raises(HallucError, match="two packages bring a metric named 'chair'"):
        plugins.plugins("metrics")


@pytest.mark.parametrize("value", ["no_such_module:Metric", "metrics.chair:Nothing"])
def test_one_that_cannot_be_imported_is_one_line(installed, value):
    installed(("broken", value))
    with pytest.raises(HallucError, match=r"metric broken .*: "):
        load_plugin("metrics", "broken")


def test_a_name_that_is_none_names_the_others():
    with pytest.raises(InputError, match="there is no reviser 'magic'; there are lure, woodpecker"):
        load_plugin("revisers", "magic")
