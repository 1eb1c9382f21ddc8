"""Static files in production: hashed names, compressed beside the original."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """As WhiteNoise does it, but third-party files may name source maps that nobody ships."""

    # Django rewrites what these find and stops where the named file is missing.
    patterns = tuple(
        (files, tuple(rule for rule in rules if "sourceMappingURL" not in (rule if isinstance(rule, str) else rule[0])))
        for files, rules in CompressedManifestStaticFilesStorage.patterns
    )
