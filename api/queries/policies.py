"""The office's policies as they are stored."""

from sqlalchemy import select

from api.db import ReadSession
from api.domain.policies import Policies
from api.models import Policy


async def load_policies(session: ReadSession) -> Policies:
    """Return the policies; what is not stored has its default."""
    rows = (await session.execute(select(Policy))).scalars()
    return Policies.from_mapping({row.key: row.value for row in rows})
