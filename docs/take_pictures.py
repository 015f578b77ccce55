"""Takes the docs' pictures of the inspector from the app itself, in a headless Chromium.

    python docs/take_pictures.py runs/demo/captions-{sampled,vcd,greedy,dpo,woodpecker}
    python docs/take_pictures.py --all FOLDER RUN…

With --all every page in its whole height goes into that folder instead, on three widths of
screen, light and dark. Needs Debian's packages chromium and chromium-driver.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path
from urllib.request import urlopen

from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from app.inspector.pages.rater import COOKIE

IMAGES = Path(__file__).parent / "images"
PORT = 8517
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars "
    "--disable-background-networking --disable-component-update --disable-sync"
).split()
WRONG = "kind=relation&verdict=hallucinated"
# Picture → page, what must show, what the mouse is on.
PICTURES = {
    "overview": ("?", '[data-testid="stVegaLiteChart"] svg', None),
    "companions": ("?chart=companions", '[data-testid="stVegaLiteChart"] svg', None),
    "samples": (f"samples?{WRONG}", ".hx-card mark", None),
    "sample": (
        f"samples?{WRONG}&sample=broken-00007", ".hx-box.hx-lit",
        ".hx-right mark.hx-relation.hx-hallucinated:not(.hx-about)",
    ),
    "compare": (
        "compare?run=captions-greedy&other=captions-woodpecker&other=captions-dpo&sample=broken-00010",
        ".hx-revised", None,
    ),
    "judge": ("judge?run=captions-sampled", ".hx-desk .hx-claim b", None),
    "live": ("live?", '[data-testid="stBaseButton-primary"]', None),
}  # fmt: skip
WIDTHS = (390, 1280, 1920)
# Page and what shows when it is there, of the first run.
PAGES = {
    "overview": ("?", '[data-testid="stVegaLiteChart"] svg'),
    "samples": ("samples?", ".hx-card"),
    "sample": (f"samples?{WRONG}&sample=broken-00000", ".hx-right .hx-text"),
    "compare-claims": ("compare?show=claims", '[data-testid="stVegaLiteChart"] svg'),
    "compare-matrix": ("compare?show=matrix", '[data-testid="stDataFrame"]'),
    "compare-answers": ("compare?show=answers", ".hx-side"),
    "judge": ("judge?", ".hx-desk .hx-claim b"),
    "review": ("review?", "h2"),
    "live": ("live?", '[data-testid="stBaseButton-primary"]'),
    "open": ("open?", 'input[type="file"]'),
}
TALLEST = 4000
HEIGHTS = {"companions": 920, "compare": 1480, "live": 1080}


def wait_for(driver: webdriver.Chrome, shown: str) -> None:
    """Wait until something is on the page, and the page rests."""
    WebDriverWait(driver, 120).until(
        lambda driver: driver.find_elements(By.CSS_SELECTOR, shown),
        f"{driver.current_url}: {shown}",
    )
    rests = '[data-testid="stApp"][data-test-script-state="notRunning"]'
    WebDriverWait(driver, 120).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, rests))
    time.sleep(2)  # charts and pictures are drawn


def resize(driver: webdriver.Chrome, width: int, height: int) -> None:
    """A screen of another size; a narrow one is a phone."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def take_all(driver: webdriver.Chrome, address: str, folder: Path) -> None:
    """Every page in its whole height, on every width, light and dark."""
    folder.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        features = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", features)
        for width in WIDTHS:
            for name, (page, shown) in PAGES.items():
                resize(driver, width, 900)
                driver.get(f"{address}/{page}")
                wait_for(driver, shown)
                height = driver.execute_script(
                    "return document.querySelector('[data-testid=stMain]').scrollHeight"
                )
                resize(driver, width, min(max(height, 900), TALLEST))
                time.sleep(1)
                driver.save_screenshot(str(folder / f"{name}-{width}-{scheme}.png"))


def main() -> None:
    """Start the app, take the pictures, stop it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", type=Path, metavar="FOLDER")
    parser.add_argument("runs", nargs="+")
    given = parser.parse_args()
    code = "from app.cli import main; main()"
    command = [sys.executable, "-c", code, "inspect", *given.runs, "--port", str(PORT)]
    server = subprocess.Popen(command, start_new_session=True)  # noqa: S603
    address = f"http://127.0.0.1:{PORT}"
    options = webdriver.ChromeOptions()
    for flag in FLAGS:
        options.add_argument(flag)
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    try:
        while server.poll() is None:
            try:
                urlopen(f"{address}/_stcore/health", timeout=1).close()  # noqa: S310
                break
            except OSError:
                time.sleep(0.3)
        driver.get(f"{address}/")
        wait_for(driver, "h1")
        driver.add_cookie({"name": COOKIE, "value": "Ada"})  # who judges
        if given.all:
            take_all(driver, address, given.all)
            return
        for name, (page, shown, mouse) in PICTURES.items():
            resize(driver, 1280, HEIGHTS.get(name, 720))
            driver.get(f"{address}/{page}")
            wait_for(driver, shown)
            if name == "live":
                driver.find_element(By.CSS_SELECTOR, '[data-testid="stCheckbox"] label').click()
                wait_for(driver, 'img[alt*="as VCD contrasts it"]')  # the model is loaded
                driver.find_element(By.CSS_SELECTOR, shown).click()
                wait_for(driver, ".hx-right")
            if mouse:
                element = driver.find_element(By.CSS_SELECTOR, mouse)
                ActionChains(driver).move_to_element(element).perform()
                time.sleep(0.5)
            with Image.open(BytesIO(driver.get_screenshot_as_png())) as picture:
                picture.convert("RGB").save(IMAGES / f"inspector-{name}.webp", quality=60, method=6)
    finally:
        driver.quit()
        server.send_signal(2)
        server.wait(30)


if __name__ == "__main__":
    main()
