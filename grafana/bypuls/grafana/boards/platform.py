"""The platform itself: devices, outboxes, what arrives and what is silent."""

from __future__ import annotations

from bypuls.grafana.boards.frame import PAGE_URL, Ways, framed
from bypuls.grafana.builders import Json, Row
from bypuls.grafana.flux import Buckets
from bypuls.grafana.panels import devices, ledger, platform
from bypuls.grafana.texts import translator


def whole(language: str, buckets: Buckets | None = None, page_url: str = PAGE_URL) -> Json:
    """The platform. Raises ValueError for a language there is none of, or a bad address."""
    _ = translator(language)
    store, ways = buckets or Buckets(), Ways(language, page_url)
    rows = [
        Row(
            _("The platform now"),
            [
                devices.heard_now(_, store),
                platform.silent(_, store),
                devices.waiting_now(_, store),
                platform.refused(_, store),
                platform.behind(_, store),
                ledger.dead_letters(_, store),
                ledger.missing(_, store),
            ],
        ),
        Row(_("Silence and ingest"), [platform.by_silence(_, store, ways), platform.behind_by_kind(_, store)]),
        Row(
            _("Devices and outboxes"),
            [devices.devices(_, store), platform.waiting(_, store), platform.warmest(_, store)],
        ),
        Row(_("The ledger"), [ledger.devices(_, store), ledger.by_hour(_, store), ledger.over_time(_, store)]),
        Row(_("Alarms and figures"), [ledger.alarms(_, store, language), ledger.jobs(_, store)]),
        Row(_("What arrives"), [devices.arriving(_, store), devices.sensors_heard(_, store)]),
    ]
    return framed(
        _,
        ways,
        "platform",
        _("bypuls: platform"),
        _("Devices, their outboxes, the ledger, dead letters, what arrives and what is silent."),
        rows,
        buckets=store,
        page="/alarms",
    )
