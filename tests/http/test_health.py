"""Whether the process lives, and whether it can work."""

from sqlalchemy import text

from api.app import create_app
from api.settings import Settings
from tests.conftest import House, TurnedClock


async def test_a_process_with_its_database_is_ready(shared_house: House) -> None:
    async with shared_house.client() as anyone:
        assert (await anyone.get("/livez")).json() == {"status": "live"}
        assert (await anyone.get("/readyz")).json() == {"status": "ready"}


async def test_a_database_that_lacks_a_migration_makes_it_not_ready(house: House) -> None:
    async with house.database.write() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    async with house.client() as anyone:
        answer = await anyone.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert answer.json()["missing"] == ["migrations"]


async def test_a_database_without_tables_makes_it_not_ready(house: House) -> None:
    async with house.database.write() as session:
        await session.execute(text("DROP TABLE alembic_version"))
    async with house.client() as anyone:
        answer = await anyone.get("/readyz")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["migrations"])


async def test_without_a_database_it_lives_but_is_not_ready_and_tells_no_secrets(settings: Settings) -> None:
    url = "postgresql+psycopg://somebody:hidden@127.0.0.1:1/nowhere"
    gone = House(create_app(settings.model_copy(update={"database_url": url})), TurnedClock())
    async with gone.client() as anyone:
        assert (await anyone.get("/livez")).status_code == 200
        answer = await anyone.get("/readyz")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["database"])
    assert answer.headers["retry-after"]
    assert "somebody" not in answer.text
    await gone.database.close()
