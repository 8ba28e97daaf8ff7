"""Settings for ODK Collect, as its QR code carries them: JSON, compressed with zlib, in Base64."""

import base64
import json
import zlib


def collect_settings(server_url: str, username: str, token: str) -> str:
    """Return the text of the QR code that sets Collect up for this server and person.

    Collect then keeps the forms as the server has them, and sends what is finished by itself. What the code does not
    name is set to Collect's default.
    """
    settings = {
        "general": {
            "protocol": "odk_default",
            "server_url": server_url,
            "username": username,
            "password": token,
            "form_update_mode": "match_exactly",
            "periodic_form_updates_check": "every_fifteen_minutes",
            "autosend": "wifi_and_cellular",
        },
        "admin": {},
        "project": {"name": "网格巡查", "icon": "网", "color": "#1f6f54"},
    }
    content = json.dumps(settings, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.b64encode(zlib.compress(content, level=9)).decode()
