"""The account as PDF: A4, tagged and fit for the archive, inside the frame that all reports share."""

from __future__ import annotations

from bypuls.api.reports.accounts.content import Document
from bypuls.api.reports.accounts.words import Words
from bypuls.api.reports.layout import pdf

TEMPLATE = "account.typ"


def render(shown: Document, words: Words) -> bytes:
    """The document as PDF, dated by the year's last day, so that the same account gives the same bytes."""
    return pdf.set_document(pdf.template_of(__package__, TEMPLATE), shown, words, headline=shown.headline)
