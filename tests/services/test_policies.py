"""Policies of an office that is just beginning."""

from datetime import UTC, datetime

import pytest

from api.db import Database
from api.domain.errors import FieldWrong
from api.domain.policies import Policies
from api.services.policies import put_policies

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def test_an_office_without_calendars_stores_what_it_read_and_names_no_calendar_that_is_not_there(
    database: Database,
) -> None:
    values = Policies().as_json()
    async with database.write() as session:
        assert (await put_policies(session, values, NOW, None)).changed == ()
        changed = values | {"reopen_max_days": 5}
        assert (await put_policies(session, changed, NOW, None)).changed == ("reopen_max_days",)
        with pytest.raises(FieldWrong) as refused:
            await put_policies(
                session, changed | {"intake_limit": {"minutes": 5, "calendar": "nobodys"}}, NOW, None
            )
    assert (refused.value.pointer, refused.value.field_code) == ("/intake_limit/calendar", "calendar_unknown")
