"""A report by mail: SMTP with STARTTLS. The connection and its clock are the standard library's."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

PERMANENT = 500


class MailRefused(OSError):
    """The mail server won't ever take this mail: address, size, sender. Trying again is of no use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """How mail leaves.

    tls : `starttls` (the connection is refused where the server doesn't offer it), `tls` from the first byte, or
        `none`, for a relay on this machine alone.
    username, password : None = the server asks for none.  timeout_s : [s].
    Raises ValueError naming the field, its value and what was expected.
    """

    host: str
    port: int = 587
    sender: str
    tls: str = "starttls"
    username: str | None = None
    password: str | None = None
    timeout_s: float = 30.0

    def __post_init__(self) -> None:
        if self.tls not in ("starttls", "tls", "none"):
            raise ValueError(f"tls: {self.tls!r} — expected starttls, tls or none")
        if self.tls == "none" and (self.password is not None or self.host not in ("127.0.0.1", "::1", "localhost")):
            raise ValueError(f"tls: 'none' with host {self.host!r} — expected starttls, or a relay on this machine "
                             "without a password")  # fmt: skip
        if "@" not in self.sender:
            raise ValueError(f"sender: {self.sender!r} — expected an e-mail address")

    def __repr__(self) -> str:
        return f"MailSettings(host={self.host!r}, port={self.port}, sender={self.sender!r}, tls={self.tls!r})"


class Mailer:
    """Sends mails. context : checks the server's certificate; the machine's authorities by default."""

    def __init__(
        self, settings: MailSettings, *, context: Callable[[], ssl.SSLContext] = ssl.create_default_context
    ) -> None:
        self._settings, self._context = settings, context

    def message(
        self,
        *,
        to: Sequence[str],
        subject: str,
        text: str,
        files: Mapping[str, tuple[str, bytes]],
        at: datetime,
        id: str,
    ) -> EmailMessage:
        """A mail with its files by name: (media type, bytes). `id` makes the Message-ID: the same again for the same
        mail, so that a server may drop a second one."""
        made = EmailMessage(policy=SMTP)
        made["From"], made["To"], made["Subject"] = self._settings.sender, ", ".join(to), subject
        made["Date"] = format_datetime(at)
        made["Message-ID"] = f"<{id}@{self._settings.sender.rpartition('@')[2]}>"
        made["Auto-Submitted"] = "auto-generated"
        made.set_content(text)
        for name, (media, body) in files.items():
            main, _, sub = media.partition(";")[0].partition("/")
            made.add_attachment(body, maintype=main, subtype=sub, filename=name)
        return made

    def send(self, message: EmailMessage) -> tuple[str, ...]:
        """Hands the mail to the server; the addresses that it refused, while it took the others.

        Raises MailRefused where it never will take it; OSError, smtplib.SMTPException: try again later."""
        settings = self._settings
        try:
            with self._connected() as server:
                if settings.username is not None and settings.password is not None:
                    server.login(settings.username, settings.password)
                return tuple(sorted(server.send_message(message)))
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            if codes and all(code >= PERMANENT for code in codes):
                raise MailRefused(f"every recipient was refused: {', '.join(sorted(error.recipients))}") from error
            raise
        except smtplib.SMTPResponseException as error:
            if error.smtp_code >= PERMANENT:
                raise MailRefused(f"the mail server says {error.smtp_code} {_text(error.smtp_error)}") from error
            raise

    def _connected(self) -> smtplib.SMTP:
        settings = self._settings
        if settings.tls == "tls":
            return smtplib.SMTP_SSL(settings.host, settings.port, timeout=settings.timeout_s, context=self._context())
        server = smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout_s)
        if settings.tls == "starttls":
            try:
                server.starttls(context=self._context())
            except BaseException:
                server.close()
                raise
        return server


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
