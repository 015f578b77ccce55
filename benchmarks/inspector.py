"""Time and memory of the inspector on a large run.

    python benchmarks/inspector.py RUN [--answers 20000 100000]

The answers, samples and findings of RUN (such as ``runs/demo/captions-sampled``) are repeated under
new ids. Measured in a process of its own each: the overview's figures, the run opened for the first
time (its tables are then kept in the user's cache) and again, the whole overview as the app draws
it, filters, and a step to the next sample, with Streamlit's full garbage collection after each run
of the script and without. Memory is the process's peak, the processor's seconds are of all its
threads. A plain peer reads the run with `halluc.runs.read_run` and counts wrong claims by kind.

Then `halluc inspect` is started with an empty cache, and a headless Chromium opens it as soon as it
answers: seconds until the figures, the first chart and each further one show. From the key N to the
next sample, and from a click that takes a filter off to the new heading, the page itself measures:
from the event to the frame in which the text is another. Needs Debian's packages chromium and
chromium-driver.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from urllib.parse import quote
from urllib.request import urlopen

import msgspec
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

from halluc.jsonl import write_json, write_jsonl
from halluc.runs import read_run

FIGURES = """
import sys, time
from pathlib import Path
begun = time.perf_counter()
from app.inspector.reading.columns import read_scores
from halluc.card import read_card
path = Path(sys.argv[1])
read_card(path)
print(f"{len(read_scores(path))} in {time.perf_counter() - begun:.2f} s")
"""
OPEN = """
import sys, time
from app.inspector.reading import counts
from app.inspector.reading.columns import open_columns, read_scores
begun = time.perf_counter()
run = open_columns(sys.argv[1])
table = counts.by_kind(run, run.metrics[0])
read_scores(run.path)
print(f"{time.perf_counter() - begun:.2f} s, {len(run.findings):,} findings")
"""
PAGE = """
import os, sys, time
from multiprocessing import get_context
from pathlib import Path
from streamlit.testing.v1 import AppTest
import app.inspector
from app.inspector.settings import Settings
os.environ.update(Settings((sys.argv[1],), reviews="sqlite://").environment())
script = Path(app.inspector.__file__).with_name("pages") / "main.py"
test = AppTest.from_file(str(script), default_timeout=600)
begun = time.perf_counter()
test.run()
assert not test.exception and len(test.get("vega_lite_chart")) == 1
print(f"{time.perf_counter() - begun:.2f} s")
"""
FILTERS = """
import sys, time
from app.inspector.reading.columns import open_columns
from app.inspector.reading.view import View, look
run = open_columns(sys.argv[1])
said = []
for view in (
    View(kind="relation", verdict="hallucinated"),
    View(kind="object", subject="fork", verdict="hallucinated"),
    View(text="apple"),
    View(place=(0, 0.5), verdict="hallucinated"),
    View(words=(0, 40), kind="attribute"),
):
    look(run, view)  # what is read once, such as the words of the answers, is read now
    begun = time.perf_counter()
    seen = look(run, view)
    took = 1000 * (time.perf_counter() - begun)
    said.append(f"{view}: {took:.0f} ms, {len(seen.rows):,} answers")
print("; ".join(said))
"""
STEPS = """
import os, sys, time
from statistics import median
from streamlit import config
from streamlit.testing.v1 import AppTest
from app.inspector.reading.columns import open_columns
from app.inspector.settings import Settings
os.environ.update(Settings((sys.argv[1],), reviews="sqlite://").environment())
code = "from app.inspector.pages import common, samples\\ncommon.show(samples.render)\\n"
test = AppTest.from_string(code, default_timeout=600)
test.query_params["sample"] = open_columns(sys.argv[1]).answers["id"].iat[0]
test.run()
said, medians = [], []
for collect in (True, False):
    config.set_option("runner.postScriptGC", collect)
    took = []
    for _ in range(10):
        begun = time.process_time()
        next(each for each in test.button if each.label == "Next →").click().run()
        took.append(1000 * (time.process_time() - begun))
    assert not test.exception
    medians.append(median(took))
    said.append(f"{'with' if collect else 'without'} collection {medians[-1]:.0f} ms of processor")
print("; ".join(said) + f"; ratio {medians[0] / medians[1]:.1f}")
"""
PLAIN = """
import sys, time
from collections import Counter
from halluc.runs import read_run
begun = time.perf_counter()
run = read_run(sys.argv[1])
found = Counter((each.claim.kind, each.verdict) for each in run.findings())
print(f"{time.perf_counter() - begun:.2f} s")
"""

LIMIT = 600
"""Seconds after which a browser is not waited for any more."""

# The further charts, and what they are called.
CHARTS = {
    "objects": "Object", "companions": "Object × companion", "place": "Position",
    "surprise": "Uncertainty", "words": "Length",
}  # fmt: skip


def chart_of(name: str) -> str:
    """A selector of the bars of a chart."""
    return f'[class*="st-key-chart-{name}"] svg .mark-rect path'


def repeat(source: Path, folder: Path, number: int) -> None:
    """A run with a number of answers, made of those of another."""
    run = read_run(source)
    by_id: dict[str, list[object]] = {each.id: [] for each in run.responses}
    for each in run.findings("finegrained"):
        by_id[each.id].append(each)
    folder.mkdir()
    size = len(run.responses)
    new = [f"{run.responses[at % size].id}/{at}" for at in range(number)]

    def renamed(records: list[msgspec.Struct]) -> list[msgspec.Struct]:
        return [msgspec.structs.replace(records[at % size], id=id) for at, id in enumerate(new)]

    write_jsonl(folder / "samples.jsonl", renamed(run.samples))
    write_jsonl(folder / "responses.jsonl", renamed(run.responses))
    write_jsonl(
        folder / "findings.jsonl",
        (
            msgspec.structs.replace(each, id=id)
            for at, id in enumerate(new)
            for each in by_id[run.responses[at % size].id]
        ),
    )
    write_json(folder / "run.json", {**run.card, "rows": number})
    (folder / "scores.json").write_bytes((source / "scores.json").read_bytes())


def measure(code: str, run: Path, cache: Path) -> str:
    """What a Python process prints, with its peak of memory."""
    command = [sys.executable, "-c", code, str(run)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdout=-1, stderr=said, text=True, env=environment)
        output = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            said.seek(0)
            sys.exit(f"{said.read()[-2000:]}the process ended with {status}")
    used = usage.ru_utime + usage.ru_stime
    return f"{output.strip()}; peak {usage.ru_maxrss / 1024:.0f} MiB, processor {used:.1f} s"


def rest(driver: WebDriver) -> None:
    """Wait until the page is drawn."""
    shown = '[data-testid="stApp"][data-test-script-state="notRunning"]'
    WebDriverWait(driver, LIMIT, 0.02).until(lambda d: d.find_elements(By.CSS_SELECTOR, shown))


WATCH = """
const [selector, event] = arguments, text = () => document.querySelector(selector)?.textContent
window.took = null
addEventListener(event, (it) => {
  const before = text()
  const look = (now) => {
    if (text() && text() !== before) window.took = now - it.timeStamp
    else requestAnimationFrame(look)
  }
  look(it.timeStamp)
}, { once: true, capture: true })
"""
"""From an event to the frame in which a text is another, in milliseconds."""


def took(driver: WebDriver, selector: str, event: str, act: Callable[[], object]) -> float:
    """Milliseconds from an event, which `act` brings about, to another text."""
    rest(driver)
    driver.execute_script(WATCH, selector, event)
    act()
    return float(
        WebDriverWait(driver, LIMIT, 0.02).until(
            lambda d: d.execute_script("return window.took") or False
        )
    )


def step(driver: WebDriver) -> float:
    """Median milliseconds from the key N to the next sample's name."""
    body = driver.find_element("tag name", "body")
    return median(
        took(driver, "h2.hx-id", "keydown", lambda: body.send_keys("n")) for _ in range(10)
    )


def filtered(driver: WebDriver, address: str) -> float:
    """Median milliseconds from a filter that is taken off to what passes then."""
    every = []
    for kind in ("object", "attribute", "relation") * 2:
        driver.get(f"{address}/samples?kind={kind}&verdict=hallucinated")
        [chip] = WebDriverWait(driver, LIMIT, 0.02).until(
            lambda d: d.find_elements(By.CSS_SELECTOR, ".st-key-chip-kind button")
        )
        every.append(took(driver, "h2.hx-heading", "click", chip.click))
    return median(every)


def browse(run: Path, cache: Path, sample: str) -> None:
    """Print how long `halluc inspect` takes to show the overview in a browser."""
    options = webdriver.ChromeOptions()
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def shows(selector: str, since: float) -> str:
        WebDriverWait(driver, LIMIT, 0.02).until(
            lambda driver: driver.find_elements(By.CSS_SELECTOR, selector)
        )
        return f"{time.perf_counter() - since:.2f} s"

    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    code = "from app.cli import main; main()"
    command = [sys.executable, "-c", code, "inspect", str(run), "--port", str(port)]
    begun = time.perf_counter()
    server = subprocess.Popen(
        command, stdout=-3, stderr=-3, env=environment, start_new_session=True
    )
    try:
        while True:
            try:
                urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.02)
        there = time.perf_counter()
        driver.get(f"http://127.0.0.1:{port}/")
        figures = shows('[data-testid="stMetric"]', there)
        first = shows(chart_of("kinds"), there)
        total = time.perf_counter() - begun
        print(f"in Chromium: figures {figures}, chart {first}, {total:.2f} s from the command")
        driver.get(f"http://127.0.0.1:{port}/samples?sample={quote(sample)}")
        shows(".hx-right", time.perf_counter())
        print(f"{'  a key':24} {step(driver):.0f} ms")
        print(f"{'  a filter':24} {filtered(driver, f'http://127.0.0.1:{port}'):.0f} ms")
        driver.get(f"http://127.0.0.1:{port}/")
        shows(chart_of("kinds"), time.perf_counter())
        rest(driver)
        for name, title in CHARTS.items():
            selector = '[data-testid="stButtonGroup"] button'
            buttons = driver.find_elements(By.CSS_SELECTOR, selector)
            clicked = time.perf_counter()
            next(each for each in buttons if each.text == title).click()
            print(f"{'  ' + title:24} {shows(chart_of(name), clicked)}")
            rest(driver)
    finally:
        driver.quit()
        os.killpg(server.pid, 2)
        _, _, usage = os.wait4(server.pid, 0)
    print(f"{'  server':24} peak {usage.ru_maxrss / 1024:.0f} MiB")


def compare(run: Path, answers: int) -> None:
    """Measure a run of so many answers, and the plain peer."""
    with tempfile.TemporaryDirectory() as name:
        folder, cache = Path(name) / "run", Path(name) / "cache"
        # In a process of its own: a child's peak of memory begins at its parent's.
        maker = get_context("spawn").Process(target=repeat, args=(run, folder, answers))
        maker.start()
        maker.join()
        size = sum(each.stat().st_size for each in folder.iterdir())
        print(f"\n{answers:,} answers, {size / 2**20:.0f} MiB of files")
        for title, code in (
            ("figures", FIGURES),
            ("opened first", OPEN),
            ("opened again", OPEN),
            ("overview, in the app", PAGE),
            ("filters", FILTERS),
            ("a step to the next sample", STEPS),
            ("read_run and a Counter", PLAIN),
        ):
            print(f"{title:24} {measure(code, folder, cache)}")
        if shutil.which("chromedriver"):
            with (folder / "samples.jsonl").open("rb") as file:
                sample = msgspec.json.decode(file.readline())["id"]
            browse(folder, Path(name) / "another cache", sample)


def main() -> None:
    """Make the run, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--answers", type=int, nargs="+", default=[20_000, 100_000])
    given = parser.parse_args()
    for answers in given.answers:
        compare(given.run, answers)


if __name__ == "__main__":
    main()
