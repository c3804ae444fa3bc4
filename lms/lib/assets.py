"""How static files are stored: with a hash in each name, compressed, and with the imports of script modules rewritten to match."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class AssetStorage(CompressedManifestStaticFilesStorage):
    """The manifest storage of WhiteNoise that also follows ``import ... from "./other.js"``."""

    support_js_module_import_aggregation = True
