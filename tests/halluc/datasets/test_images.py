import pytest
from PIL import Image

from halluc.datasets.images import open_image
from halluc.errors import InputError


def test_pictures_come_as_rgb_and_upright(tmp_path):
    image = Image.new("L", (4, 2))
    exif = image.getexif()
    exif[0x0112] = 6  # the camera was held sideways
    image.save(tmp_path / "a.jpg", exif=exif)
    found = open_image(tmp_path / "a.jpg", "a")
    assert (found.mode, found.size) == ("RGB", (2, 4))


@pytest.mark.parametrize("content", [b"", b"text", b"\x89PNG\r\n\x1a\n", b"GIF89a"])
def test_what_is_no_picture(content, tmp_path):
    file = tmp_path / "a.png"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.png: .*sample 'x'") as error:
        open_image(file, "x")
    assert "\n" not in str(error.value)


def test_cut_short(tmp_path):
    file = tmp_path / "a.png"
    Image.effect_noise((64, 64), 50).save(file)
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(InputError, match="sample 'x'"):
        open_image(file, "x")


def test_missing_and_folder(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        open_image(tmp_path / "none.png", "x")
    with pytest.raises(InputError, match="Is a directory"):
        open_image(tmp_path, "x")
