"""Phone numbers of people, which are personal data."""

SHOWN_HEAD, SHOWN_TAIL = 3, 4

PHONE_PATTERN, PHONE_MAX = r"^\+?[0-9][0-9 ()-]{2,38}$", 40
"""What a phone number looks like, and its characters at most."""


def masked_phone(phone: str | None) -> str | None:
    """Hide the middle: 13812345678 becomes 138****5678. A third of a short number stays hidden as well."""
    if phone is None:
        return None
    head, tail = min(SHOWN_HEAD, len(phone) // 3), min(SHOWN_TAIL, (len(phone) + 1) // 3)
    return phone[:head] + "*" * (len(phone) - head - tail) + phone[len(phone) - tail :]
