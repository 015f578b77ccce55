"""`halluc list` shows what there is, with one line each."""

import pytest

from halluc.plugins import load_plugin, plugins


@pytest.mark.parametrize("group", ["metrics", "decodings", "plans", "revisers"])
def test_plugins_are_listed_with_paper_and_package(group, halluc):
    code, out, err = halluc("list", group)
    assert (code, err) == (0, "")
    for name in plugins(group):
        row = next(line for line in out.splitlines() if line.split()[:1] == [name])
        assert load_plugin(group, name).paper in row and "halluc" in row


def test_forms_of_models_and_data_are_listed(halluc):
    assert "openai:NAME@URL" in halluc("list", "models")[1]
    assert "vg:FOLDER" in halluc("list", "data")[1]


def test_without_an_argument_all_is_listed(halluc):
    out = halluc("list")[1]
    names = [*plugins("metrics"), *plugins("decodings"), *plugins("revisers")]
    for name in [*names, "openai:NAME@URL", "vg:FOLDER"]:
        assert any(line.split()[:1] == [name] for line in out.splitlines())


def test_what_cannot_be_listed_is_one_line(halluc):
    code, out, err = halluc("list", "magic")
    assert (code, out, err.count("\n")) == (2, "", 1)
