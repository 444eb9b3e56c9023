"""The workers of previews, behind every wall that there is on this machine."""

from tests.integration.sandbox.conftest import sandbox, walled

__all__ = ["sandbox", "walled"]
