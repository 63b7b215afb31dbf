"""Writes what is committed: dashboards as JSON in every language, provisioning files as YAML."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from bypuls.grafana.alerts import LANGUAGE, provisioned
from bypuls.grafana.boards import climate, energy, lights, platform, traffic
from bypuls.grafana.boards.frame import PAGE_URL
from bypuls.grafana.boards.overview import overview
from bypuls.grafana.builders import Json
from bypuls.grafana.datasource import provisioning
from bypuls.grafana.flux import Buckets
from bypuls.grafana.texts import LANGUAGES

FOLDER_TITLE = "bypuls"
FOLDER_UID = "bypuls"
# Where the compose set-up and a package put the dashboards; Grafana reads the variable from its environment.
DASHBOARDS_PATH = "$BYPULS_DASHBOARDS"

_GENERATED = "# Made by `python -m bypuls.grafana`; change it there.\n"


# By the name that stands in uids and files.
BOARDS: Mapping[str, Callable[[str, Buckets | None, str], Json]] = {
    "overview": overview,
    "climate": climate.climate_target,
    "traffic": traffic.streets,
    "site": traffic.site,
    "lights": lights.street_lights,
    "portfolio": energy.all_buildings,
    "building": energy.building,
    "platform": platform.whole,
}


def dashboards(buckets: Buckets | None = None, page_url: str = PAGE_URL) -> dict[str, Json]:
    """Every dashboard in every language, by the name of its file without `.json`.

    page_url : where the web page is, for links to it. Raises ValueError for a bad one.
    """
    return {
        f"{name}-{language}": board(language, buckets, page_url)
        for name, board in BOARDS.items()
        for language in LANGUAGES
    }


def as_json(dashboard: Mapping[str, Any]) -> str:
    """A dashboard as the text that is committed."""
    return json.dumps(dashboard, ensure_ascii=False, indent=2) + "\n"


def _as_yaml(content: Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True, width=120)
    return _GENERATED + text


def provider() -> dict[str, Any]:
    """Tells Grafana where the dashboards lie. What comes from files isn't changed in Grafana, but copied there."""
    return {
        "apiVersion": 1,
        "providers": [
            {
                "name": "bypuls",
                "folder": FOLDER_TITLE,
                "folderUid": FOLDER_UID,
                "type": "file",
                "disableDeletion": False,
                "allowUiUpdates": False,
                "updateIntervalSeconds": 60,
                "options": {"path": DASHBOARDS_PATH},
            }
        ],
    }


def files(buckets: Buckets | None = None, page_url: str = PAGE_URL, alerts_language: str = LANGUAGE) -> dict[str, str]:
    """Everything that `render` writes: path below the folder → text. Alert rules stand once, in one language."""
    alerts = provisioned(FOLDER_TITLE, alerts_language, buckets, page_url)
    return {
        **{f"provisioning/alerting/{name}.yaml": _as_yaml(found) for name, found in alerts.items()},
        **{f"dashboards/{name}.json": as_json(found) for name, found in dashboards(buckets, page_url).items()},
        "provisioning/datasources/bypuls.yaml": _as_yaml(provisioning()),
        "provisioning/dashboards/bypuls.yaml": _as_yaml(provider()),
    }


def render(
    folder: Path, buckets: Buckets | None = None, page_url: str = PAGE_URL, alerts_language: str = LANGUAGE
) -> list[Path]:
    """Writes the files below `folder` and gives their paths. Raises OSError, ValueError for a bad address."""
    written = []
    for name, text in files(buckets, page_url, alerts_language).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written
