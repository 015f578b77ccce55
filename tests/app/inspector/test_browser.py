"""The story of a person with the inspector, in a real browser: a headless Chromium.

It saves what it sees into the folder that HALLUC_SCREENSHOTS names, if it names one.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen

import pytest
from selenium import webdriver
from selenium.common.exceptions import NoAlertPresentException, StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from app.inspector.reading.columns import open_columns
from app.inspector.reading.population import population
from app.inspector.reading.view import View
from halluc.reviews import Review, Reviews

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync "
    "--disable-dev-shm-usage --window-size=1280,720"
).split()
WAIT = 30
HALLUC = "from app.cli import main; main()"
pytestmark = pytest.mark.xdist_group("browser")  # one server and one Chromium for all


@pytest.fixture(scope="module")
def address(runs, revised, hostile_run, many, tmp_path_factory):
    """Where `halluc inspect` serves the runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log"
    command = [
        sys.executable,
        "-c",
        HALLUC,
        "inspect",
        *map(str, [*runs, revised, hostile_run, many]),
    ]
    command += ["--port", str(port)]
    with log.open("w") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    for _ in range(240):
        try:
            urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close()
            break
        except OSError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.25)
    yield f"http://127.0.0.1:{port}"
    os.killpg(server.pid, 15)
    server.wait(30)


@pytest.fixture(scope="module")
def chromium():
    """A headless Chromium of the system's."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        if os.environ.get("HALLUC_CI"):
            pytest.fail("Chromium is missing: apt-get install chromium chromium-driver")
        pytest.skip("Chromium is missing: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in FLAGS:
        options.add_argument(flag)
    made = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield made
    made.quit()


class Person:
    """Someone who looks at the app and clicks."""

    def __init__(self, driver):
        self.driver = driver

    def sees(self, selector, text=""):
        """An element that shows, with a text in it."""

        def find(driver):
            try:
                return next(
                    (
                        each
                        for each in driver.find_elements(By.CSS_SELECTOR, selector)
                        if each.is_displayed() and text in each.text
                    ),
                    None,
                )
            except StaleElementReferenceException:
                return None

        return WebDriverWait(self.driver, WAIT).until(find, f"{selector} with {text!r}")

    def waits(self):
        """Wait until the page is whole: a key that comes before that is lost."""

        def rests(driver):
            app = driver.find_element(By.CSS_SELECTOR, '[data-testid="stApp"]')
            return app.get_attribute("data-test-script-state") == "notRunning"

        WebDriverWait(self.driver, WAIT).until(rests, "the script goes on")

    def clicks(self, selector, text=""):
        """Click it, again where the page changes under the hand."""
        for _ in range(5):
            try:
                element = self.sees(selector, text)
                self.driver.execute_script("arguments[0].scrollIntoView({block:'center'})", element)
                element.click()
                return
            except StaleElementReferenceException:
                time.sleep(0.3)
        raise AssertionError(f"{selector} does not hold still")

    def chooses(self, label, option):
        """One of a selectbox, by keyboard alone."""
        field = self.sees(f'input[aria-label*="{label}"]')
        field.send_keys(option, Keys.ENTER)

    def waits_for(self, part):
        """The link tells it."""
        WebDriverWait(self.driver, WAIT).until(lambda driver: part in driver.current_url)

    def saves(self, name):
        """What is on the screen."""
        if folder := os.environ.get("HALLUC_SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.driver.save_screenshot(str(Path(folder) / f"{name}.png"))


def test_a_person_finds_a_wrong_relation_compares_runs_and_files_a_review(  # noqa: PLR0915 - a story
    address, chromium, runs
):
    person = Person(chromium)
    chromium.get(address)
    person.sees('[data-testid="stMetric"]', "CHAIRi")
    person.sees('[data-testid="stVegaLiteChart"]')
    person.saves("story-1-overview")

    person.clicks("a", "Samples")
    person.sees("h2", "8 of 8 samples")
    person.clicks('[data-testid="stPopover"] button', "Filters")
    person.chooses("Kind", "relation")
    person.waits_for("kind=relation")
    person.chooses("Verdict", "hallucinated")
    person.waits_for("verdict=hallucinated")
    person.sees("mark.hx-hallucinated.hx-relation:not(.hx-about)")
    person.saves("story-2-relations")
    ActionChains(chromium).send_keys(Keys.ESCAPE).perform()

    person.clicks('[data-testid="stButton"] button', "Open")
    person.waits_for("sample=")
    mark = person.sees(".hx-right mark.hx-hallucinated.hx-relation:not(.hx-about)")
    person.sees(".hx-box.hx-lit")
    assert chromium.execute_script(
        "return getComputedStyle(arguments[0]).textDecorationStyle", mark
    ) == "wavy"  # fmt: skip
    # Another claim's box lights up under the mouse, and what an absent object is instead.
    other = person.sees(".hx-right mark.hx-supported.hx-object")
    ActionChains(chromium).move_to_element(other).perform()
    number = other.get_attribute("data-f").split()[0]
    box = chromium.find_element(By.CSS_SELECTOR, f'.hx-box[data-b~="{number}"]')
    assert box.value_of_css_property("opacity") == "1"
    # The same by keyboard.
    third = chromium.find_elements(By.CSS_SELECTOR, ".hx-right mark.hx-supported.hx-object")[-1]
    chromium.execute_script("arguments[0].focus()", third)
    number = third.get_attribute("data-f").split()[0]
    box = chromium.find_element(By.CSS_SELECTOR, f'.hx-box[data-b~="{number}"]')
    assert box.value_of_css_property("opacity") == "1"
    person.saves("story-3-sample")
    link = chromium.current_url

    field = person.sees('input[aria-label="Your name"]')
    field.send_keys("Ada")
    person.sees('input[aria-label="Note"]').send_keys("the cup is behind it")
    person.clicks("label", "The ground truth is wrong")
    person.clicks('[data-testid="stFormSubmitButton"] button', "File the review")
    person.sees(".hx-filed", "Ada: The ground truth is wrong. the cup is behind it")
    person.saves("story-4-review")

    person.clicks("a", "Compare")
    person.sees('[data-testid="stMain"]', "Claims that are")
    person.clicks("button", "By answer")
    person.sees("label", "fixed (")
    person.sees(".hx-diff")
    assert len(chromium.find_elements(By.CSS_SELECTOR, ".hx-text")) == 3
    person.saves("story-5-compare")

    chromium.get(link)  # a new session of the browser
    person.sees(".hx-filed", "Ada: The ground truth is wrong. the cup is behind it")
    person.clicks("a", "Review")
    person.sees("h2", "1 review")
    person.saves("story-6-reviews")
    assert (runs[0].parent / "reviews.sqlite").is_file()


def test_a_person_sees_three_runs_and_what_a_revisor_could_not_see(address, chromium):
    person = Person(chromium)
    link = "compare?run=captions-sampled&by=captions-revised&outcome=both+wrong"
    chromium.get(f"{address}/{link}&sample=broken-00000")
    masked = person.sees(".hx-revised del", "a pink bottle")
    person.sees(".hx-revised ins", "a black bottle")
    person.sees(
        ".hx-revised li", "co-occurrence 0.61, expectation 0.50, position 0.16, −log p 5.76"
    )
    assert masked.value_of_css_property("text-decoration-line") == "line-through"
    assert len(chromium.find_elements(By.CSS_SELECTOR, ".hx-text")) == 3
    chromium.execute_script("arguments[0].scrollIntoView({block:'center'})", masked)
    person.saves("compare-mask")
    # By keyboard: on to the next sample, and one run less.
    person.waits()
    ActionChains(chromium).send_keys("n").perform()
    WebDriverWait(chromium, WAIT).until(lambda driver: "broken-00000" not in driver.current_url)
    person.sees(".hx-revised p", "Left as it was: nothing is suspect")
    person.sees('input[aria-label*="Against"]').send_keys(Keys.BACKSPACE)
    person.waits_for("other=captions-vcd")
    WebDriverWait(chromium, WAIT).until(
        lambda driver: len(driver.find_elements(By.CSS_SELECTOR, ".hx-text")) == 2
    )


def test_a_mark_that_is_picked_opens_its_samples(address, chromium):
    person = Person(chromium)
    chromium.get(f"{address}/?run=captions-sampled")
    person.sees('[data-testid="stVegaLiteChart"] svg')
    time.sleep(2)  # the chart takes its width
    person.clicks('[data-testid="stVegaLiteChart"] .mark-rect path')  # the bar of objects
    person.waits_for("kind=object")
    person.sees("h2", "of 8 samples")
    chromium.back()  # to the chart, and not past it or to the samples again
    WebDriverWait(chromium, WAIT).until(lambda driver: "kind=" not in driver.current_url)
    person.sees('[data-testid="stVegaLiteChart"] svg')
    assert "kind=" not in chromium.current_url


def test_hostile_answers_are_text_in_the_browser_too(address, chromium, hostile_run):
    person = Person(chromium)
    for path in ("", "samples", "samples?page=1", "samples?kind=object", "compare", "review"):
        sign = "&" if "?" in path else "?"
        chromium.get(f"{address}/{path}{sign}run=hostile")
        person.sees('[data-testid="stMain"] h1, [data-testid="stCode"]')
        time.sleep(1)
        with pytest.raises(NoAlertPresentException):
            _ = chromium.switch_to.alert.text
        ours = "[data-testid=stMain] [data-testid=stHtml]"
        strange = f"{ours} script, {ours} iframe, {ours} svg, {ours} a, {ours} b[onmouseover]"
        assert not chromium.find_elements(By.CSS_SELECTOR, strange)
    chromium.get(f"{address}/samples?run=hostile")
    assert person.sees(f"{ours} .hx-text")  # what is looked for above is looked for in something
    person.sees(".hx-card .hx-text", "<script>alert(1)</script>")
    assert "leads out of its folder" in person.sees(".hx-none").text
    person.clicks('[data-testid="stButton"] button', "Open")
    person.sees(".hx-right .hx-text", "<script>alert(1)</script>")


def axe():
    """The script of axe-core; empty where it is not installed."""
    package = find_spec("axe_core_python")
    if package is None:
        if os.environ.get("HALLUC_CI"):
            pytest.fail("axe-core is missing: pip install axe-core-python")
        return ""
    return Path(package.origin).with_name("axe.min.js").read_text(encoding="utf-8")


def faults(driver):
    """Names that lack, contrasts under 4.5, and what axe-core finds serious."""
    found = driver.execute_script((Path(__file__).parent / "faults.js").read_text())
    if script := axe():
        driver.execute_script(script)
        report = driver.execute_async_script("axe.run().then(arguments[0])")
        # Cells of all of Streamlit's tables on a page have the same ids.
        found += [
            f"{each['id']}: {node['html'][:120]}"
            for each in report["violations"]
            if each["impact"] in ("serious", "critical")
            for node in each["nodes"][:3]
            if (each["id"], 'id="glide-cell-' in node["html"]) != ("duplicate-id-active", True)
        ]
    return found


def test_no_key_is_lost(address, chromium):
    person = Person(chromium)
    chromium.get(f"{address}/samples?run=many&sample=many-000")
    person.sees(".hx-count", "1 of 60")
    person.waits()
    for _ in range(40):
        ActionChains(chromium, 0).send_keys("n").perform()
        time.sleep(0.12)
    person.sees(".hx-count", "41 of 60")
    assert "sample=many-040" in chromium.current_url
    chromium.refresh()
    person.sees(".hx-count", "41 of 60")


# Path → what tells that this very view is there.
PLACES = {
    "overview?run=captions-sampled&chart=objects": ('[class*="st-key-chart-objects"] svg', ""),
    "overview?run=pope-greedy": ('[class*="st-key-chart-answers"] svg', ""),
    "samples?run=captions-sampled&kind=relation&verdict=hallucinated": ("h2", "findings"),
    "samples?run=many&page=1": ("h2.hx-id", "many-024"),
    "samples?run=many&sort=id&sample=many-007": ("h2.hx-id", "many-007"),
    "samples?run=captions-vcd&sample=broken-00002&finding=1": (".hx-box.hx-lit, .hx-absent", ""),
    "compare?run=captions-sampled&other=captions-vcd&parts=object": (".hx-side h2", "captions-vcd"),
    "compare?run=captions-sampled&other=captions-vcd&show=matrix": (".hx-side h2", "captions-vcd"),
    "judge?run=captions-sampled&queue=random&number=20": ("button", "Queue: random"),
    "review?run=captions-sampled": ("h2", "review"),
}


def test_back_and_reload_give_the_same_view_from_ten_places(address, chromium):
    """Each is opened by a link within the app, left again, and found by Back and by a reload."""
    person = Person(chromium)

    def stands(place):
        WebDriverWait(chromium, WAIT).until(
            lambda driver: driver.current_url == f"{address}/{place}", place
        )
        person.sees(*PLACES[place])
        person.waits()
        assert chromium.current_url == f"{address}/{place}"

    for place in PLACES:
        chromium.get(f"{address}/{place}")
        stands(place)
        person.clicks("a", "Live")
        person.waits_for("/live?")
        person.sees("h1", "Live")
        person.waits()
        chromium.back()
        stands(place)
        chromium.refresh()
        stands(place)


def test_a_file_is_dropped_scored_and_looked_at(address, chromium, tmp_path):
    person = Person(chromium)
    file = tmp_path / "my answers.jsonl"
    rows = (
        f'{{"question_id": {n}, "prompt": "Is it {n}?", "text": "{said}", "label": "no"}}\n'
        for n, said in enumerate(("Yes", "No"))
    )
    file.write_text("".join(rows))
    chromium.get(f"{address}/open")
    person.sees('[data-testid="stFileUploader"]')
    person.waits()
    chromium.find_element(By.CSS_SELECTOR, 'input[type="file"]').send_keys(str(file))
    person.clicks('[data-testid="stButton"] button', "Score and open")
    person.sees("h2", "Run my answers")
    person.sees('[data-testid="stMetric"]', "50.0%")
    person.clicks("a", "Samples")
    person.sees(".hx-answer", "✗ wrong the truth is no")


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (390, 844)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_the_screen(address, chromium, width, height, scheme):
    person = Person(chromium)
    chromium.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    chromium.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )
    try:
        for name, path, selector in (
            ("overview", "overview?chart=objects", '[data-testid="stVegaLiteChart"]'),
            ("answers", "overview?run=pope-greedy", '[data-testid="stVegaLiteChart"]'),
            ("open", "open", "h1"),
            ("samples", "samples", ".hx-card"),
            ("sample", "samples?kind=relation&sample=broken-00000", ".hx-box"),
            ("compare", "compare", ".hx-diff"),
            ("judge", "judge", ".hx-claim b, [data-testid=stAlert]"),
            ("review", "review", '[data-testid="stDataFrame"]'),
            ("live", "live", "img"),
        ):
            chromium.get(f"{address}/{path}")
            person.sees(selector)
            time.sleep(1)
            wide = chromium.execute_script(
                "return Math.max(document.documentElement.scrollWidth,"
                "document.querySelector('[data-testid=stMain]').scrollWidth)"
            )
            assert wide <= width, name
            for chart in chromium.find_elements(By.CSS_SELECTOR, ".vega-embed svg"):
                place = chart.rect
                assert place["x"] >= 0 and place["x"] + place["width"] <= width, name
            assert faults(chromium) == [], name
            person.saves(f"{name}-{width}-{scheme}")
    finally:
        chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def filed(runs, name):
    """The reviews of a person, when all that they did has arrived."""
    store = Reviews(str(runs[0].parent / "reviews.sqlite"))
    found = [each for run in runs for each in store.of_run(open_columns(run).key)]
    store.close()
    return [each for each in found if each.reviewer == name]


def arrives(person):
    """The server has filed every verdict."""
    person.sees('.hx-desk[data-waiting="0"]')


def test_a_person_judges_twenty_claims_with_a_key_each(address, chromium, runs):
    run = open_columns(runs[0])
    claims = population(run, View())
    store = Reviews(str(runs[0].parent / "reviews.sqlite"))
    for place in claims.order("random")[:20]:
        store.file(run.key, Review(claims.finding(place), "Zoe", "right"))
    store.close()
    person = Person(chromium)
    chromium.delete_all_cookies()  # a browser that nobody has judged in
    chromium.get(f"{address}/judge?run=captions-sampled&queue=random&number=20")
    person.sees('input[aria-label="Your name"]').send_keys("Bea", Keys.ENTER)
    person.sees(".hx-claim b")
    assert not chromium.find_elements(By.CSS_SELECTOR, ".hx-desk mark, .hx-desk .hx-hallucinated")
    assert "Zoe" not in person.sees('[data-testid="stMain"]').text
    person.saves("judge-1")
    for number in range(20):
        ActionChains(chromium).send_keys("12"[number % 2]).perform()
        time.sleep(0.1)
    person.sees(".hx-count", "20 of 20 judged. Everything is judged.")
    arrives(person)
    person.sees('[data-testid="stAlert"]', "Everything in this queue is judged")
    assert len(filed(runs, "Bea")) == 20
    assert {each.judgement for each in filed(runs, "Bea")} == {"right", "truth wrong"}
    person.saves("judge-2")
    # What is undone is asked again; the name and the place in the queue survive a reload.
    ActionChains(chromium).send_keys("u").perform()
    person.sees(".hx-count", "19 of 20")
    arrives(person)
    chromium.refresh()
    person.sees(".hx-count", "19 of 20")
    assert person.sees('input[aria-label="Your name"]').get_attribute("value") == "Bea"
    assert len(filed(runs, "Bea")) == 19
    ActionChains(chromium).send_keys("4").perform()
    person.sees(".hx-after", "Zoe: right")
    assert len(filed(runs, "Bea")) == 20


def test_an_error_that_the_metric_missed_is_marked_by_mouse(address, chromium, runs):
    person = Person(chromium)
    chromium.delete_all_cookies()
    chromium.get(f"{address}/judge?run=captions-vcd&queue=all&number=all")
    person.sees('input[aria-label="Your name"]').send_keys("Cy", Keys.ENTER)
    person.sees(".hx-claim b")
    person.waits()
    word = next(
        each
        for each in chromium.find_elements(By.CSS_SELECTOR, ".hx-desk .hx-text span")
        if len(each.text) > 3 and not each.get_attribute("class")
    )
    chosen = word.text
    ActionChains(chromium).double_click(word).perform()
    person.clicks(".hx-marking button", "attribute")
    person.sees(".hx-missed", chosen)
    arrives(person)
    [review] = [each for each in filed(runs, "Cy") if each.judgement == "missed"]
    claim = review.finding.claim
    text = open_columns(runs[1]).response(0).text
    assert (claim.kind, text[claim.start : claim.end]) == ("attribute", chosen)
    ActionChains(chromium).send_keys("u").perform()
    arrives(person)
    WebDriverWait(chromium, WAIT).until(
        lambda _: not [each for each in filed(runs, "Cy") if each.judgement == "missed"]
    )
