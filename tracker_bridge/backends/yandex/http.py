"""Calls as Yandex Tracker wants them: a token of OAuth, and the organisation by the header that fits."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_bridge.backends import http
from tracker_bridge.backends.http import Keys
from tracker_bridge.backends.yandex.config import YandexConfig


class Calls(http.Calls):
    def __init__(self, config: YandexConfig, keys: Keys) -> None:
        organisation = "X-Cloud-Org-ID" if config.is_cloud else "X-Org-ID"

        def headers(token: str) -> Mapping[str, str]:
            return {"Authorization": f"OAuth {token}", organisation: config.organisation, "Accept-Language": "ru"}

        super().__init__(config.url, keys, headers)
