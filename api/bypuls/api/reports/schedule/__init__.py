"""Reports that are made again and again: which are due, made into files, sent by mail, none of them twice."""

from bypuls.api.reports.schedule.mail import Mailer, MailRefused, MailSettings
from bypuls.api.reports.schedule.runner import Runner, RunnerSettings

__all__ = ["MailRefused", "MailSettings", "Mailer", "Runner", "RunnerSettings"]
