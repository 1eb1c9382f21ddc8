"""Yandex Tracker. Facts of its API are from its public documentation and its official client, version 2.10."""

from tracker_bridge.backends.yandex.backend import YandexBackend
from tracker_bridge.backends.yandex.config import YandexConfig

__all__ = ["YandexBackend", "YandexConfig"]
