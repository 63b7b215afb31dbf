"""The shapes of scheduled reports, for OpenAPI."""

from __future__ import annotations

from pydantic import BaseModel, Field


class ReportFileModel(BaseModel):
    """A file that was made."""

    format: str = Field(description="pdf, xlsx, csv, html or json", examples=["pdf"])
    name: str = Field(examples=["maaloev-skole-energy-2026-10-01-2026-10-31-da.pdf"])
    media_type: str = Field(examples=["application/pdf"])
    bytes: int | None = Field(description="its size; null = it isn't in the folder of reports any more")
    href: str = Field(
        description="where it is had",
        examples=["/api/v1/reports/schedules/maaloev-skole-monthly/files/2026-10-01/pdf"],
    )


class ReportRunModel(BaseModel):
    """What became of one period's report."""

    first_day: str = Field(examples=["2026-10-01"])
    last_day: str | None = Field(description="null where no file was made", examples=["2026-10-31"])
    state: str = Field(
        description="waiting (to be tried again), sending (handed to the mail server), done, failed, or given-up (a "
        "newer period came before it could be made)",
        examples=["done"],
    )
    attempts: int
    t: str = Field(description="when it came into its state", examples=["2026-11-01T04:00:12Z"])
    detail: str = Field(description="what went wrong, or what else there is to say")
    files: list[ReportFileModel]


class ReportComingModel(BaseModel):
    """The next report."""

    first_day: str = Field(examples=["2026-11-01"])
    last_day: str = Field(examples=["2026-11-30"])
    t: str = Field(description="from when on it is made", examples=["2026-12-01T04:00:00Z"])
    state: str = Field(
        description="planned; due (t is over, and it wasn't tried yet); retry (it failed and is tried again)",
        examples=["planned"],
    )


class ReportScheduleModel(BaseModel):
    """A report that is made again and again."""

    id: str = Field(examples=["maaloev-skole-monthly"])
    report: str = Field(description="speed (of a site) or energy (of a building)", examples=["energy"])
    site: str | None
    building: str | None = Field(examples=["maaloev-skole"])
    name: str = Field(description="of the site or building", examples=["Måløv School"])
    every: str = Field(description="week or month", examples=["month"])
    weekday: int | None = Field(description="ISO weekday from which on a weekly report is made; null = Monday")
    day: int | None = Field(description="day of the month from which on a monthly report is made; null = the first")
    lang: str = Field(examples=["da"])
    formats: list[str] = Field(examples=[["pdf", "xlsx"]])
    recipients: int = Field(description="how many get it by mail; who says the registry")
    enabled: bool
    next: ReportComingModel | None = Field(description="null = switched off")
    last: ReportRunModel | None = Field(description="the newest period that was tried; null = none yet")


class ReportScheduleDetailModel(ReportScheduleModel):
    """A schedule with everything that it made."""

    runs: list[ReportRunModel] = Field(description="newest period first")
