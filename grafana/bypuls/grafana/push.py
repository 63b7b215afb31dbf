"""Dashboards into a running Grafana, without taking away what people changed there.

Every version that is pushed carries its content's hash in its message (`bypuls 3f…`). Where the newest version of a
dashboard carries none, a person saved it: it is kept, and told, unless `force`. The message is Grafana's own record
beside the dashboard; the dashboard itself may be rewritten by an upgrade of Grafana without looking like a change.

PushError (RuntimeError)
├── Forbidden   the token may not: the operator gives it the role
└── Refused     Grafana doesn't take it, or can't be reached
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaException
from niquests.exceptions import RequestException

from bypuls.grafana.builders import Json
from bypuls.grafana.rendering import FOLDER_TITLE, FOLDER_UID

Result = Literal["created", "changed", "unchanged", "kept"]

_MESSAGE = re.compile(r"bypuls ([0-9a-f]{16})")
# What Grafana gives and counts itself.
_OWN = ("id", "version")
_SHOWN_KEYS = ("name", "type", "access", "url", "jsonData")


class PushError(RuntimeError):
    """Grafana did not do what it was asked."""


class Forbidden(PushError):
    """The token may not do this."""


class Refused(PushError):
    """Grafana doesn't take it, or doesn't answer."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one thing, or would become of it; `why` where it was kept, `diff` where contents differ."""

    what: Literal["folder", "data source", "dashboard", "alert rule", "contact point", "notification policy"]
    uid: str
    title: str
    result: Result
    why: str = ""
    diff: str = ""


def connect(url: str, token: str, *, timeout_s: float = 10.0) -> GrafanaApi:
    """A client for the Grafana at `url`, a path below a host included, with a service account's token.

    Raises ValueError for a bad address or token.
    """
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ValueError(f"url: {url!r} — expected http://… or https://…")
    if not token or not token.isprintable():
        raise ValueError("token: expected a service account's token (its value is not shown)")
    client: GrafanaApi = GrafanaApi.from_url(url.rstrip("/") + "/", credential=token, timeout=timeout_s)
    return client


def push(
    client: GrafanaApi,
    dashboards: Sequence[Json],
    *,
    source: Json | None = None,
    folder: tuple[str, str] = (FOLDER_UID, FOLDER_TITLE),
    force: bool = False,
) -> list[Change]:
    """Brings folder, data source and dashboards to Grafana: doing it twice changes nothing the second time.

    source : the data source (`with_token` where Grafana shall get a token); None leaves it to whoever set it up.
    folder : uid and title; a dashboard that people moved stays where they moved it.
    force : people's changes to the dashboards are overwritten; Grafana's own history still holds them.
    Raises Forbidden, Refused.
    """
    changes = [_push_folder(client, *folder)]
    if source is not None:
        changes.append(_push_source(client, source, force=force))
    return changes + [_push_dashboard(client, one, folder[0], force=force) for one in dashboards]


def diff(client: GrafanaApi, dashboards: Sequence[Json], *, force: bool = False) -> list[Change]:
    """What `push` would do to the dashboards, with the differences as text. Raises Forbidden, Refused."""
    found = []
    for one in dashboards:
        there = _dashboard(client, one["uid"])
        result, why = _verdict(client, one, there, force=force)
        text = "" if result == "unchanged" else difference(there["dashboard"] if there else {}, one)
        found.append(Change("dashboard", one["uid"], one["title"], result, why, text))
    return found


def export(client: GrafanaApi, uids: Sequence[str]) -> dict[str, Json]:
    """The dashboards as they are in Grafana now, by uid, without Grafana's own numbers; those it lacks are left out.

    Raises Forbidden, Refused.
    """
    found = ((uid, _dashboard(client, uid)) for uid in uids)
    return {uid: _content(there["dashboard"]) for uid, there in found if there is not None}


def content_hash(dashboard: Mapping[str, Any]) -> str:
    """A hash of what a dashboard says, without the numbers that Grafana gives it."""
    text = json.dumps(_content(dashboard), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _content(dashboard: Mapping[str, Any]) -> Json:
    return {key: value for key, value in dashboard.items() if key not in _OWN}


def difference(there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    """A unified diff of the two as JSON with sorted keys."""
    before, after = (
        json.dumps(_content(one), sort_keys=True, ensure_ascii=False, indent=2).splitlines() if one else []
        for one in (there, here)
    )
    return "\n".join(difflib.unified_diff(before, after, "grafana", "bypuls", lineterm=""))


def _push_folder(client: GrafanaApi, uid: str, title: str) -> Change:
    with told(f"folder {uid}"):
        there = or_none(client.folder.get_folder, uid)
        if there is not None:
            # People may name it as they like: the uid is what counts.
            return Change("folder", uid, str(there["title"]), "unchanged")
        client.folder.create_folder(title, uid=uid)
    return Change("folder", uid, title, "created")


def _push_source(client: GrafanaApi, source: Json, *, force: bool) -> Change:
    """Grafana never shows a token: it is sent when the data source is made or changed, or by force."""
    uid, name = source["uid"], source["name"]
    with told(f"data source {uid}"):
        there = or_none(client.datasource.get_datasource_by_uid, uid)
        if there is None:
            client.datasource.create_datasource(source)
            return Change("data source", uid, name, "created")
        if there.get("readOnly"):
            return Change("data source", uid, name, "kept", "it comes from a provisioning file")
        lacks_token = "secureJsonData" in source and not there.get("secureJsonFields", {}).get("token")
        same = all(there.get(key) == source[key] for key in _SHOWN_KEYS)
        if same and not lacks_token and not (force and "secureJsonData" in source):
            return Change("data source", uid, name, "unchanged")
        client.datasource.update_datasource_by_uid(uid, source)
    return Change("data source", uid, name, "changed")


def _push_dashboard(client: GrafanaApi, dashboard: Json, folder_uid: str, *, force: bool) -> Change:
    uid, title = dashboard["uid"], dashboard["title"]
    there = _dashboard(client, uid)
    result, why = _verdict(client, dashboard, there, force=force)
    if result in ("created", "changed"):
        content = {**_content(dashboard), "id": None}
        where = folder_uid
        if there is not None:
            # With the version that was looked at: whoever saves in between wins, and is told of below.
            content |= {"id": there["dashboard"].get("id"), "version": there["dashboard"].get("version")}
            where = there.get("meta", {}).get("folderUid", folder_uid)
        message = f"bypuls {content_hash(dashboard)}"
        payload = {"dashboard": content, "folderUid": where, "message": message, "overwrite": False}
        with told(f"dashboard {uid}"):
            try:
                client.dashboard.update_dashboard(payload)
            except GrafanaClientError as error:
                if error.status_code != 412:
                    raise
                return Change("dashboard", uid, title, "kept", "somebody saved it just now")
    return Change("dashboard", uid, title, result, why)


def _verdict(client: GrafanaApi, dashboard: Json, there: Json | None, *, force: bool) -> tuple[Result, str]:
    """What to do with a dashboard, and why where it is kept."""
    if there is None:
        return "created", ""
    if there.get("meta", {}).get("provisioned"):
        return "kept", "it comes from a provisioning file"
    hashes = _pushed_hashes(client, dashboard["uid"])
    there_hash = content_hash(there["dashboard"])
    newest = hashes[0] if hashes else None
    if content_hash(dashboard) in (newest, there_hash):
        return "unchanged", ""
    # Ours too is what somebody brought back from Grafana's history.
    if newest is not None or there_hash in hashes or force:
        return "changed", ""
    return "kept", "it was changed in Grafana"


def _pushed_hashes(client: GrafanaApi, uid: str) -> list[str | None]:
    """The hashes that the versions were pushed with, the newest first; None for those that a person saved."""
    with told(f"versions of dashboard {uid}"):
        answer = client.dashboard_versions.get_dashboard_versions_by_uid(uid)
    # Grafana up to 11 gives a list, later ones an object with a list in it.
    versions: list[Json] = answer["versions"] if isinstance(answer, dict) else answer
    newest_first = sorted(versions, key=lambda one: int(one["version"]), reverse=True)
    found = [_MESSAGE.fullmatch(one.get("message") or "") for one in newest_first]
    return [match[1] if match else None for match in found]


def _dashboard(client: GrafanaApi, uid: str) -> Json | None:
    with told(f"dashboard {uid}"):
        return or_none(client.dashboard.get_dashboard, uid)


def or_none(get: Any, uid: str) -> Json | None:
    """What Grafana has under the uid; None where it says that it has nothing."""
    try:
        found: Json = get(uid)
    except GrafanaClientError as error:
        if error.status_code == 404:
            return None
        raise
    return found


@contextmanager
def told(what: str) -> Iterator[None]:
    """The client's errors as ours, naming what was done. None of them holds the token."""
    try:
        yield
    except GrafanaException as error:
        if error.status_code in (401, 403):
            raise Forbidden(f"{what}: Grafana says {error.status_code}: {error.message}") from None
        raise Refused(f"{what}: {error.message}") from None
    except RequestException as error:
        raise Refused(f"{what}: {type(error).__name__}: Grafana can't be reached") from None
