"""What every table shares: names of constraints, columns of a kind, and how a table gets its name."""

from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import DateTime, Enum, Integer, MetaData, String, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import declared_attr
from sqlalchemy.types import UserDefinedType
from sqlmodel import SQLModel

SQLModel.metadata.naming_convention = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}
metadata: MetaData = SQLModel.metadata


class Table(SQLModel):
    """A table named by `table_name`. It stores what services decided; it validates nothing."""

    table_name: ClassVar[str]

    # SQLModel declares `__tablename__` as a string or a declared_attr; the type checker can't see the second.
    @declared_attr.directive
    def __tablename__(cls) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]  # noqa: N805
        return cls.table_name


# SQLModel types `sa_type` as a class although it takes instances too; hence Any here, once, instead of an
# ignore at every column.
def enum_type(kind: type[StrEnum], name: str) -> Any:  # noqa: ANN401
    """Return a text column type that holds an enum's values, guarded by a CHECK called `name`."""
    return Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=_values,
    )


def _values(kind: type[StrEnum]) -> list[str]:
    return [member.value for member in kind]


INSTANT: Any = DateTime(timezone=True)
JSON: Any = JSONB(none_as_null=True)
STRINGS: Any = ARRAY(String(40))
TEXTS: Any = ARRAY(String(200))
NUMBERS: Any = ARRAY(Integer)
UUIDS: Any = ARRAY(Uuid(as_uuid=True))

# Columns that came with a later release have defaults in the database, so that the release before can go on writing
# while the new one starts.
FIRST_VERSION = {"server_default": text("1")}
NONE_YET = {"server_default": text("0")}
NOT_YET = {"server_default": text("false")}
IN_USE = {"server_default": text("true")}
EMPTY = {"server_default": text("'{}'")}
NO_ENTRIES = {"server_default": text("'[]'")}


class XactId(UserDefinedType[str]):
    """PostgreSQL's xid8: the transaction that wrote a row, by which readers tell what is settled."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the type's name in DDL."""
        return "xid8"
