"""Takes the docs' pictures of the inspector from the app itself, in a headless Chromium.

    python docs/take_pictures.py runs/demo/captions-{sampled,vcd,greedy,dpo,woodpecker}
    python docs/take_pictures.py --all FOLDER RUN…

With --all every page goes into that folder instead, on three widths of screen, light and
dark. Needs Debian's packages chromium and chromium-driver.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

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
        f"samples?{WRONG}&sample=broken-00009", ".hx-box.hx-lit",
        ".hx-right mark.hx-relation.hx-hallucinated:not(.hx-about)",
    ),
    "compare": (
        "compare?run=captions-greedy&other=captions-woodpecker&other=captions-dpo&sample=broken-00001",
        ".hx-revised", None,
    ),
    "judge": ("judge?run=captions-sampled", ".hx-desk .hx-claim b", None),
    "live": ("live?", '[data-testid="stBaseButton-primary"]', None),
}  # fmt: skip
WIDTHS = (390, 1280, 1920)
PAGES = ("overview", "samples", "compare", "judge", "review", "live", "open")
HEIGHTS = {"companions": 920, "compare": 1480, "live": 1080}


def wait_for(driver: webdriver.Chrome, shown: str) -> None:
    """Wait until something is on the page."""
    WebDriverWait(driver, 60).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, shown))


def resize(driver: webdriver.Chrome, width: int, height: int) -> None:
    """A screen of another size; a narrow one is a phone."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def take_all(driver: webdriver.Chrome, address: str, folder: Path) -> None:
    """Every page on every width, light and dark."""
    folder.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        features = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", features)
        for width in WIDTHS:
            resize(driver, width, 900)
            for page in (*PAGES, "samples?sample=broken-00000"):
                driver.get(f"{address}/{page}")
                wait_for(driver, "h1")
                time.sleep(3)
                name = "sample" if "?" in page else page
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
        if given.all:
            take_all(driver, address, given.all)
            return
        for name, (page, shown, mouse) in PICTURES.items():
            resize(driver, 1280, HEIGHTS.get(name, 720))
            driver.get(f"{address}/{page}")
            wait_for(driver, shown)
            time.sleep(3)
            if name == "live":
                driver.find_element(By.CSS_SELECTOR, '[data-testid="stCheckbox"] label').click()
                time.sleep(15)  # the model is loaded
                driver.find_element(By.CSS_SELECTOR, shown).click()
                wait_for(driver, ".hx-right")
                time.sleep(1)
            if mouse:
                element = driver.find_element(By.CSS_SELECTOR, mouse)
                ActionChains(driver).move_to_element(element).perform()
                time.sleep(0.5)
            driver.save_screenshot(str(IMAGES / f"inspector-{name}.png"))
    finally:
        driver.quit()
        server.send_signal(2)
        server.wait(30)


if __name__ == "__main__":
    main()
