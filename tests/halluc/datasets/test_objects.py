import gzip

import pytest

from halluc.datasets.objects import read_objects
from halluc.errors import InputError


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda content: b"\xef\xbb\xbf" + content])
def test_names_by_picture(pack, tmp_path):
    file = tmp_path / "objects.json"
    file.write_bytes(pack(b'{"1": ["dog", ":x"], "2": ["cup", ":x"]}'))
    assert read_objects(file) == {"1": ("dog", ":x"), "2": ("cup", ":x")}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"1": ["dog"],\n"2": [],\n"1": []}', ":3: picture 1 stands in line 1 already"),
        (b'{"1": ["dog"],\n"\\u0031": []}', ":2: picture 1 stands in line 1 already"),
        (b'{"1": ["dog"],\n"2": "cup"}', ":2: Expected `array`, got `str`"),
        (b'{"1": ["dog"],\n"2": ["c\xe9p"]}', ":2: 'utf-8' codec can't decode"),
        (b'{"1": ["dog"]\n"2": []}', ":2: JSON is malformed"),
        (b'["dog"]', ": Expected `object`, got `array`"),
        (b"\x1f\x8b\x08", ": not a whole gzip file"),
    ],
)
def test_what_is_no_table_is_refused(content, message, tmp_path):
    file = tmp_path / "objects.json"
    file.write_bytes(content)
    with pytest.raises(InputError) as error:
        read_objects(file)
    assert str(error.value).startswith(f"{file}{message}")
