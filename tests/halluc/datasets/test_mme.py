import pytest
from PIL import Image

from halluc.datasets.load import load_dataset
from halluc.datasets.mme import has_results, load, read_results, with_sample_ids
from halluc.errors import InputError
from halluc.records import Answer

ASK = "Please answer yes or no."
DOG, CAT = f"Is there a dog in this image? {ASK}", f"Is there a cat in this image? {ASK}"
QUESTIONS = f"{DOG}\tYes\n{CAT}\tNo\n\n"


@pytest.fixture
def released(tmp_path):
    """MME as it is released: a task beside its pictures, and one with folders of their own."""
    flat = tmp_path / "existence"
    pictures, apart = tmp_path / "scene" / "images", tmp_path / "scene" / "questions_answers_YN"
    for folder in (flat, pictures, apart):
        folder.mkdir(parents=True)
    for folder, name in ((flat, "1.png"), (flat, "2.jpg"), (pictures, "a.b.jpg")):
        Image.new("RGB", (len(name), 2)).save(folder / name)
    for file in (flat / "1.txt", flat / "2.txt", apart / "a.b.txt"):
        file.write_text(QUESTIONS)
    (tmp_path / "readme.txt").write_text("not a task")
    return tmp_path


def test_both_layouts(released):
    dataset = load_dataset(f"mme:{released}")
    assert [each.id for each in dataset.samples] == [
        *("existence/1/1", "existence/1/2", "existence/2/1", "existence/2/2"),
        *("scene/a.b/1", "scene/a.b/2"),
    ]
    first, last = dataset.samples[0], dataset.samples[-1]
    assert (first.prompt, first.split, first.truth.label) == (DOG, "existence", "yes")
    assert (last.image, last.prompt, last.truth.label) == ("scene/a.b.jpg", CAT, "no")
    assert dataset.open_image(first).size == (5, 2)
    assert dataset.open_image(last).size == (7, 2)
    (card,) = dataset.card["files"]
    assert (card["file"], card["rows"]) == (released.name, 6)
    (released / "existence" / "1.txt").write_text(QUESTIONS.replace("dog", "fox"))
    assert load(released).card["files"][0]["sha256"] != card["sha256"]


def results(folder, **tasks):
    folder.mkdir(exist_ok=True)
    for task, rows in tasks.items():
        (folder / f"{task}.txt").write_bytes(rows.encode())
    return folder


def test_answers_of_the_eval_tool(released, tmp_path):
    rows = f"1.png\t{DOG}\tYes\tyes, there is\r\n1.png\t{CAT}\tno\tI'm not sure\r\n"
    folder = results(tmp_path / "mine", existence=rows, MME_results="no task\n")
    assert has_results(folder) and not has_results(released)
    samples, answers = read_results(folder)
    assert samples == load(released).samples[:2]
    assert [(each.id, each.text, each.line) for each in answers] == [
        ("existence/1/1", "yes, there is", 1),
        ("existence/1/2", "I'm not sure", 2),
    ]
    dataset = load(folder, images=released)
    assert dataset.samples == samples
    assert dataset.open_image(samples[1]).size == (5, 2)
    with pytest.raises(InputError, match="No such file"):
        load(folder).open_image(samples[0])


def test_the_published_answers(shared):
    samples, answers = read_results(shared / "mme" / "LaVIN")
    assert (len(samples), len(answers), len({each.id for each in samples})) == (2374, 2374, 2374)
    assert load(shared / "mme" / "LaVIN").card["files"][0]["rows"] == 2374


def answer(id, prompt, tmp_path):
    return Answer(id, "Yes", tmp_path, 1, prompt)


def test_ids_of_other_tools(released, tmp_path):
    samples = load(released).samples
    llava = "Answer the question using a single word or phrase."
    given = [
        answer("existence/1.png", f"Is there a cat in this  image?\n{llava}", tmp_path),
        answer("scene/images/a.b.jpg", DOG, tmp_path),
        answer("existence/2/1", None, tmp_path),
        answer("existence/2/1", f"Look. {CAT}", tmp_path),
        # The question decides where a file has the two of a picture in the other order.
        answer("existence/2/1", CAT, tmp_path),
        answer("existence/9.png", CAT, tmp_path),
    ]
    assert [each.id for each in with_sample_ids(given, samples)] == [
        *("existence/1/2", "scene/a.b/1", "existence/2/1", "existence/2/1", "existence/2/2"),
        "existence/9.png",
    ]
    with pytest.raises(InputError, match="two questions; give what was asked"):
        with_sample_ids([answer("existence/1.png", None, tmp_path)], samples)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1.png\tq\tYes\n", "existence.txt:1: 3 columns where there must be 4"),
        ("1.png\tq\tYes\n", "divided by tabs; nobody answered this question"),
        ("1.png\tq\tYes\ta\n1.png\tq\tNo\ta\tb\n", "existence.txt:2: 5 columns"),
        ("1.png\tq\tmaybe\tYes\n", "existence.txt:1: the truth must be Yes or No, not 'maybe'"),
        ("1.png\tq\tYes\t\xff\n", "existence.txt:1: not UTF-8"),
        ("", "no answers to a task of MME in it"),
    ],
)
def test_bad_answers_are_named(row, message, tmp_path):
    (tmp_path / "existence.txt").write_bytes(row.encode("latin-1"))
    with pytest.raises(InputError) as error:
        read_results(tmp_path)
    assert message in str(error.value)


def test_bad_folders_are_named(released, tmp_path):
    with pytest.raises(InputError, match="holds no task of MME"):
        load(tmp_path / "none")
    (released / "existence" / "3.txt").write_text(QUESTIONS)
    with pytest.raises(InputError, match=r"3\.txt: there is no picture 3\.\*"):
        load(released)
    (released / "existence" / "3.txt").write_text(DOG)
    Image.new("RGB", (2, 2)).save(released / "existence" / "3.png")
    with pytest.raises(InputError, match=r"3\.txt:1: 1 columns where there must be 2"):
        load(released)
