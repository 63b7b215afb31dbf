"""What the mails of alarms say: those that have just opened, and the day's digest."""

from __future__ import annotations

from collections.abc import Sequence

from bypuls.api.alarms.telling import by_urgency, subject_name
from bypuls.api.alarms.words import AlarmWords
from bypuls.api.directory import Directory
from bypuls.store.book import Alarm

_MOST = 40


def opened_mail(alarms: Sequence[Alarm], directory: Directory, words: AlarmWords, page: str | None) -> tuple[str, str]:
    """Subject and text of alarms that opened. page : address of the web page; None = no links."""
    found = by_urgency(list(alarms))
    first = _headline(found[0], directory, words)
    subject = first if len(found) == 1 else words("{n} alarms, first: {first}", n=words.num(len(found)), first=first)
    text = "\n".join(_paragraph(one, directory, words, page) for one in found[:_MOST])
    return f"[bypuls] {subject}", text + _more(len(found), words)


def digest_mail(
    living: Sequence[Alarm], closed: Sequence[Alarm], directory: Directory, words: AlarmWords, page: str | None
) -> tuple[str, str] | None:
    """Subject and text of a day's digest; None where there is nothing to tell. closed : since the last one."""
    if not living and not closed:
        return None
    parts = []
    for state, title in (
        ("open", words("Open: {n}", n=_count(living, "open", words))),
        ("unknown", words("Unknown, since their data are missing: {n}", n=_count(living, "unknown", words))),
        ("acknowledged", words("Acknowledged: {n}", n=_count(living, "acknowledged", words))),
    ):
        found = by_urgency([one for one in living if one.state == state and one.part_of is None])
        if found:
            lines = "\n".join(_paragraph(one, directory, words, page) for one in found[:_MOST])
            parts.append(f"{title}\n\n{lines}{_more(len(found), words)}")
    if closed:
        lines = "\n".join(f"- {_headline(one, directory, words)}" for one in closed[:_MOST])
        title = words("Closed in the last day: {n}", n=words.num(len(closed)))
        parts.append(f"{title}\n\n{lines}\n{_more(len(closed), words)}")
    known = [one.cost["dkk_per_day"] for one in living if one.cost.get("dkk_per_day") is not None]
    if known:
        parts.append(words("What is known of their cost: {kr} kr a day.", kr=words.num(sum(known))))
    subject = words("Alarms today: {open} open, {unknown} unknown", open=_count(living, "open", words),
                    unknown=_count(living, "unknown", words))  # fmt: skip
    return f"[bypuls] {subject}", "\n".join(parts) + "\n"


def _count(alarms: Sequence[Alarm], state: str, words: AlarmWords) -> str:
    return words.num(sum(one.state == state and one.part_of is None for one in alarms))


def _headline(one: Alarm, directory: Directory, words: AlarmWords) -> str:
    severity = words.word(one.severity)
    return f"{severity}: {words.kind(one.kind)} – {subject_name(one, directory, words)}"


def _paragraph(one: Alarm, directory: Directory, words: AlarmWords, page: str | None) -> str:
    lines = [_headline(one, directory, words), f"  {words.sentence(one)}"]
    cost = words.costs(one.cost)
    if cost:
        lines.append(f"  {cost}. {words.how(one.cost)}".rstrip())
    if page is not None:
        lines.append(f"  {page.rstrip('/')}/alarms/{one.id}")
    return "\n".join(lines) + "\n"


def _more(count: int, words: AlarmWords) -> str:
    return "" if count <= _MOST else words("and {n} more", n=words.num(count - _MOST)) + "\n"
