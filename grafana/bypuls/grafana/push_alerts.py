"""Alert rules, contact points and routes into a running Grafana, without taking away what people changed there.

Each rule carries the hash of what was pushed in an annotation. Where a rule no longer says what its hash tells, a
person changed it: it is kept, and told, unless `force`. Contact points and routes are made where they are missing and
are the operator's from then on. What is pushed can be edited in Grafana (`X-Disable-Provenance`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from grafana_client.api import GrafanaApi

from bypuls.grafana.alerts import CONTACT, EMAIL_VARIABLE, GROUP, NO_DATA_CONTACT, contact_points, is_ours, routes
from bypuls.grafana.builders import Json
from bypuls.grafana.push import Change, Result, difference, or_none, told

HASH = "bypuls_hash"
_PLAIN = ("title", "condition", "noDataState", "execErrState", "for", "labels", "isPaused")


def rule_content(rule: Mapping[str, Any]) -> Json:
    """What a rule says, without what Grafana adds to it and without its hash."""
    found: Json = {name: rule.get(name) for name in _PLAIN}
    found["labels"] = dict(found["labels"] or {})
    found["isPaused"] = bool(found["isPaused"])
    found["annotations"] = {name: text for name, text in (rule.get("annotations") or {}).items() if name != HASH}
    found["data"] = [_query(one) for one in rule["data"]]
    return found


def _query(one: Mapping[str, Any]) -> Json:
    model = one["model"]
    kept: Json = {
        name: model[name] for name in ("refId", "query", "type", "expression", "reducer", "datasource") if name in model
    }
    source = kept.pop("datasource", None)
    if source:
        # Its type comes from Grafana's own list of sources.
        kept["datasource"] = {"uid": source["uid"]}
    return {
        "refId": one["refId"], "datasourceUid": one["datasourceUid"],
        "relativeTimeRange": dict(one["relativeTimeRange"]), "model": kept,
    }  # fmt: skip


def rule_hash(rule: Mapping[str, Any]) -> str:
    """A hash of what a rule says."""
    text = json.dumps(rule_content(rule), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def push_alerts(
    client: GrafanaApi,
    rules: Sequence[Json],
    folder_uid: str,
    *,
    email: str | None = None,
    language: str = "da",
    force: bool = False,
) -> list[Change]:
    """Brings rules to Grafana and, where an address is given, contact points and the routes to them.

    Doing it twice changes nothing the second time.  Raises Forbidden, Refused."""
    changes = []
    if email is not None:
        changes += [_push_contact(client, one, email) for one in contact_points(language)]
        changes.append(_push_routes(client))
    return changes + [_push_rule(client, rule, folder_uid, force=force) for rule in rules]


def diff_alerts(client: GrafanaApi, rules: Sequence[Json], *, force: bool = False) -> list[Change]:
    """What `push_alerts` would do to the rules, with the differences as text. Raises Forbidden, Refused."""
    found = []
    for rule in rules:
        there = _rule(client, rule["uid"])
        result, why = _verdict(rule, there, force=force)
        same = result == "unchanged"
        text = "" if same else difference(rule_content(there) if there else {}, rule_content(rule))
        found.append(Change("alert rule", rule["uid"], rule["title"], result, why, text))
    return found


def export_alerts(client: GrafanaApi, uids: Sequence[str]) -> dict[str, Json]:
    """The rules as they are in Grafana now, as its provisioning takes them; those it lacks are left out.

    Raises Forbidden, Refused."""
    found = ((uid, _rule(client, uid)) for uid in uids)
    return {uid: {"uid": uid, **rule_content(rule)} for uid, rule in found if rule is not None}


def _rule(client: GrafanaApi, uid: str) -> Json | None:
    with told(f"alert rule {uid}"):
        return or_none(client.alertingprovisioning.get_alertrule, uid)


def _verdict(rule: Json, there: Json | None, *, force: bool) -> tuple[Result, str]:
    if there is None:
        return "created", ""
    if there.get("provenance") == "file":
        return "kept", "it comes from a provisioning file"
    is_hash = rule_hash(there)
    if is_hash == rule_hash(rule):
        return "unchanged", ""
    if is_hash == (there.get("annotations") or {}).get(HASH) or force:
        return "changed", ""
    return "kept", "it was changed in Grafana"


def _push_rule(client: GrafanaApi, rule: Json, folder_uid: str, *, force: bool) -> Change:
    uid, title = rule["uid"], rule["title"]
    there = _rule(client, uid)
    result, why = _verdict(rule, there, force=force)
    if result in ("created", "changed"):
        annotations = {**rule["annotations"], HASH: rule_hash(rule)}
        # One that was moved stays where it is.
        where = {
            "folderUID": (there or {}).get("folderUID", folder_uid), "ruleGroup": (there or {}).get("ruleGroup", GROUP),
            "orgID": (there or {}).get("orgID", 1),
        }  # fmt: skip
        body = {**rule, **where, "annotations": annotations}
        with told(f"alert rule {uid}"):
            if there is None:
                client.alertingprovisioning.create_alertrule(body, disable_provenance=True)
            else:
                client.alertingprovisioning.update_alertrule(uid, body, disable_provenance=True)
    return Change("alert rule", uid, title, result, why)


def _push_contact(client: GrafanaApi, point: Json, email: str) -> Change:
    """Made where it is missing; then its addresses are the operator's."""
    name = point["name"]
    with told(f"contact point {name}"):
        there = client.alertingprovisioning.get_contactpoints(name)
        if any(one["name"] == name for one in there):
            return Change("contact point", name, name, "unchanged")
        for receiver in point["receivers"]:
            settings = {
                key: value.replace(f"${{{EMAIL_VARIABLE}}}", email) if isinstance(value, str) else value
                for key, value in receiver["settings"].items()
            }
            body = {"name": name, **receiver, "settings": settings}
            client.alertingprovisioning.create_contactpoint(body, disable_provenance=True)
    return Change("contact point", name, name, "created")


def _push_routes(client: GrafanaApi) -> Change:
    """Adds the routes to the tree of the organisation, which stays as it is otherwise."""
    title = f"{CONTACT}, {NO_DATA_CONTACT}"
    with told("notification policy"):
        tree = client.alertingprovisioning.get_notification_policy_tree()
        there = tree.get("routes") or []
        if any(is_ours(route) for route in there):
            return Change("notification policy", CONTACT, title, "unchanged")
        if tree.get("provenance") == "file":
            return Change("notification policy", CONTACT, title, "kept", "it comes from a provisioning file")
        body = {name: value for name, value in tree.items() if name != "provenance"}
        client.alertingprovisioning.set_notification_policy_tree(
            {**body, "routes": [*routes(), *there]}, disable_provenance=True
        )
    return Change("notification policy", CONTACT, title, "changed" if there else "created")
