"""The API under /api/v1/ and the web page: what the platform knows, for people and for programs."""

from bypuls.api.app import create_app
from bypuls.api.context import ApiContext
from bypuls.api.settings import ApiSettings

__all__ = ["ApiContext", "ApiSettings", "create_app"]
