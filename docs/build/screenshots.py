"""Take the screenshots of MLflow's UI: `python docs/build/screenshots.py [FOLDER]`.

FOLDER has params.yaml and the store of the runs, mlflow.db; the default is the project. It needs
chromium and chromedriver. The comparison shows the runs `evaluate/<scheme>` of the latest
configuration that have a curve over the SNR.
"""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from cscsanet.config.params import load_params
from cscsanet.tracking.store import find_store, quieten_mlflow

if TYPE_CHECKING:
    from mlflow.entities import Run

DOCS = Path(__file__).parents[1]
SIZE = (1600, 1000)
SECONDS = 60
CHARTS = "^miou/-(10|25)dB$"
SETTLING = 2  # [s] duration of the animation of a chart
# Hide the assistant and the tools of the charts, and widen the column of run names.
LOOK = (
    ".modebar, [data-assistant-ui] { display: none !important }"
    ".react-resizable { flex-basis: 400px !important; width: 400px !important }"
)
PREPARED = """
localStorage.setItem('mlflow.assistant.panelOpen_v1', 'false');
localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true');
addEventListener('DOMContentLoaded', () => {
  const style = document.createElement('style');
  style.textContent = LOOK;
  document.head.append(style);
});
""".replace("LOOK", json.dumps(LOOK))


def main() -> None:
    """Write mlflow-compare.png, mlflow-runs.png and mlflow-models.png in docs/."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else DOCS.parent).resolve()
    experiment, runs = compared_runs(folder)
    with mlflow_ui(folder) as address, browser() as driver:
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": PREPARED})
        metric = f"{address}/#/metric?{metric_query(experiment, runs)}"
        photograph(driver, metric, len(runs), "mlflow-compare")
        charts = f"{address}/#/experiments/{experiment}/runs?{charts_query(runs)}"
        photograph(driver, charts, len(runs), "mlflow-runs")
        photograph_models(driver, f"{address}/#/models?searchInput=noma-aligned")


def compared_runs(folder: Path) -> "tuple[str, list[Run]]":
    """Return the experiment, and the latest run of each swept scheme.

    Runs are in the order of their mIoU at the reference point, the best first.
    """
    quieten_mlflow()
    from mlflow import MlflowClient

    params = load_params(folder / "params.yaml")
    client = MlflowClient(tracking_uri=find_store(folder).uri)
    experiment = client.get_experiment_by_name(params.tracking.experiment).experiment_id
    runs = client.search_runs(
        [experiment],
        "attributes.run_name LIKE 'evaluate/%' AND attributes.status = 'FINISHED'",
        order_by=["attributes.start_time DESC"],
    )
    parent = runs[0].data.tags["mlflow.parentRunId"]
    latest: dict[str, Run] = {}
    for run in runs:
        if run.data.tags["mlflow.parentRunId"] == parent:
            latest.setdefault(run.data.params["scheme"], run)
    metric = f"miou/{params.evaluation.home.snr_db:g}dB"
    swept = [latest[name] for name in params.evaluation.swept if name in latest]
    return experiment, sorted(swept, key=lambda run: -run.data.metrics[metric])


def metric_query(experiment: str, runs: "list[Run]") -> str:
    """Return the query of the page that compares one metric of several runs over the step."""
    values = {
        "runs": [run.info.run_id for run in runs],
        "metric": "miou",
        "experiments": [experiment],
        "plot_metric_keys": ["miou"],
        "plot_layout": {"autosize": True, "xaxis": {}, "yaxis": {}},
        "deselected_curves": [],
        "last_linear_y_axis_range": [],
    }
    pairs = [f"{key}={quote(json.dumps(value))}" for key, value in values.items()]
    return "&".join([*pairs, "x_axis=step", "y_axis_scale=linear", "line_smoothness=1", "show_point=true"])


def charts_query(runs: "list[Run]") -> str:
    """Return the query of the page with the list of runs and their charts."""
    ids = ", ".join(f"'{run.info.run_id}'" for run in runs)
    search = quote(f"attributes.run_id IN ({ids})")
    return f"compareRunsMode=CHART&workflowType=machine_learning&searchFilter={search}"


def photograph(driver: webdriver.Chrome, address: str, curves: int, name: str) -> None:
    """Open an address, unfold the runs, wait until every curve is drawn, and save a screenshot."""
    driver.get("data:,")
    driver.get(address)
    wait = WebDriverWait(driver, SECONDS)
    drawn = ".scatterlayer .trace"
    if "/runs?" in address:
        drawn = ".barlayer .point"
        unfold = "button[data-component-id*=runnamecellrenderer]"
        wait.until(lambda page: page.find_elements(By.CSS_SELECTOR, unfold))[0].click()
        fields = wait.until(lambda page: page.find_elements(By.CSS_SELECTOR, "input[placeholder*=chart]"))
        fields[0].send_keys(CHARTS)
    wait.until(lambda page: len(page.find_elements(By.CSS_SELECTOR, drawn)) >= curves)
    save(driver, name)


def photograph_models(driver: webdriver.Chrome, address: str) -> None:
    """Open the model registry, wait for its units, close the welcome box, and save a screenshot."""
    driver.get("data:,")
    driver.get(address)
    wait = WebDriverWait(driver, SECONDS)
    wait.until(lambda page: page.find_elements(By.XPATH, "//a[contains(., 'noma-aligned.')]"))
    wait.until(lambda page: page.find_elements(By.XPATH, "//button[contains(., 'Try it now')]"))[0].click()
    save(driver, "mlflow-models")


def save(driver: webdriver.Chrome, name: str) -> None:
    """Write a screenshot of the page, after its animations."""
    driver.execute_script("document.activeElement.blur()")
    time.sleep(SETTLING)
    driver.save_screenshot(str(DOCS / f"{name}.png"))
    print(f"{name}.png")


@contextmanager
def mlflow_ui(folder: Path) -> Iterator[str]:
    """Serve MLflow's UI on a free port, and return its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["cscsanet", "ui", "--port", str(port), "--params", str(folder / "params.yaml")]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(SECONDS):
            with suppress(URLError), urlopen(address):
                break
            time.sleep(1)
        yield address
    finally:
        server.terminate()
        server.wait(SECONDS)


@contextmanager
def browser() -> Iterator[webdriver.Chrome]:
    """Start a headless Chromium."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    metrics = {"width": SIZE[0], "height": SIZE[1], "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        yield driver
    finally:
        driver.quit()


if __name__ == "__main__":
    main()
