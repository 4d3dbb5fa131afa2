"""What is configured: the home folder, the settings, the keys, and where a model is reached."""

from kimiqa.settings.files import (
    Settings,
    home_folder,
    ledger_place,
    load_settings,
    save_key,
    save_settings,
    saved_keys,
    unknown_settings,
)
from kimiqa.settings.hosts import clean_url, host_of, is_loopback
from kimiqa.settings.limits import UNLIMITED, Limits, Tier, find_tier, limits_for, next_tier, tiers
from kimiqa.settings.providers import (
    Provider,
    local_provider,
    provider_at,
    provider_of,
    providers,
    url_at,
)
from kimiqa.settings.secrets import Secret, mask, secret
from kimiqa.settings.targets import (
    DEFAULT_MODEL,
    EMBEDDED,
    LOCAL_MODEL,
    Target,
    resolve,
    resolve_target,
)

__all__ = [
    "DEFAULT_MODEL",
    "EMBEDDED",
    "LOCAL_MODEL",
    "UNLIMITED",
    "Limits",
    "Provider",
    "Secret",
    "Settings",
    "Target",
    "Tier",
    "clean_url",
    "find_tier",
    "home_folder",
    "host_of",
    "is_loopback",
    "ledger_place",
    "limits_for",
    "load_settings",
    "local_provider",
    "mask",
    "next_tier",
    "provider_at",
    "provider_of",
    "providers",
    "resolve",
    "resolve_target",
    "save_key",
    "save_settings",
    "saved_keys",
    "secret",
    "tiers",
    "unknown_settings",
    "url_at",
]
