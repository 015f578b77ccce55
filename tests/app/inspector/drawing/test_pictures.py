"""Pictures are opened inside the data set only."""

import pytest
from PIL import Image

from app.inspector.drawing.pictures import find_picture, folders, open_picture, refused
from halluc.errors import InputError
from halluc.records import Sample

OUT = [
    "../secret.png",
    "a/../../secret.png",
    "a/..",
    "..",
    "..\\secret.png",
    "a\\..\\..\\secret.png",
    "/etc/secret.png",
    "//server/share/secret.png",
    "\\\\server\\share\\secret.png",
    "C:\\secret.png",
    "C:secret.png",
    "c:/secret.png",
    "~/secret.png",
    "~root/secret.png",
    "file:///etc/secret.png",
    "http://example.org/secret.png",
    "data:image/png;base64,AAAA",
    "%2e%2e/secret.png",
    "%2e%2e%2fsecret.png",
    "..%2fsecret.png",
    "%252e%252e%252fsecret.png",
    "%2fetc%2fsecret.png",
    "a%2f..%2f..%2fsecret.png",
    "..%5csecret.png",
    "secret.png\0.jpg",
    "\0",
    "secret%00.png",
    "secret.png\n",
    "\u202esecret.png",
    "",
    " ",
]


@pytest.fixture
def data(tmp_path):
    """A folder of pictures, with a secret beside it and links that lead there."""
    folder = tmp_path / "data"
    (folder / "val2014").mkdir(parents=True)
    for path in (tmp_path / "secret.png", folder / "one 50%.png", folder / "val2014" / "two.png"):
        Image.new("RGB", (8, 6), "red").save(path)
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "up").symlink_to(tmp_path)
    (folder / "inside.png").symlink_to(folder / "val2014" / "two.png")
    return folder


@pytest.mark.parametrize("name", OUT)
def test_names_that_lead_out_are_refused(data, name):
    assert refused(name)
    with pytest.raises(InputError, match="is not opened"):
        find_picture([data], name)


@pytest.mark.parametrize("name", ["link.png", "up/secret.png"])
def test_links_that_lead_out_are_refused(data, name):
    with pytest.raises(InputError, match="by a link"):
        find_picture([data], name)


@pytest.mark.parametrize("name", ["one 50%.png", "val2014/two.png", "inside.png", "a..b.png"])
def test_names_inside_are_fine(data, name):
    assert refused(name) is None
    if name != "a..b.png":
        assert find_picture([data], name).is_file()


def test_a_split_of_the_run_cannot_lead_out_either(data):
    assert folders(f"coco:{data}", "..", None) == [data / "images", data / "image", data]
    assert folders(f"coco:{data}", "val2014", None)[0] == data / "val2014"


def test_a_picture_is_small_and_knows_its_size(data):
    card = {"data": {"name": f"coco:{data}"}}
    sample = Sample(id="1", image="two.png", split="val2014")
    picture = open_picture(card, sample, None, 4)
    assert (picture.width, picture.height) == (8, 6)
    assert picture.source.startswith("data:image/png;base64,")
    drawn = open_picture(
        {"data": {"name": "tabletop:broken"}}, Sample(id="x", image="broken-00001"), None, 100
    )
    assert drawn.width == 224


@pytest.mark.parametrize("image", [None, "missing.png", "broken-x"])
def test_a_missing_picture_is_told(data, image):
    with pytest.raises(InputError):
        open_picture({"data": {"name": f"coco:{data}"}}, Sample(id="1", image=image), None, 9)
    with pytest.raises(InputError):
        open_picture({"data": {"name": "tabletop"}}, Sample(id="1", image=image), None, 9)
