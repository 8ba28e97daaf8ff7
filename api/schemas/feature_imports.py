"""How a file of places or areas is meant."""

from typing import Annotated, Literal

from pydantic import Field

from api.domain.geo import Crs
from api.schemas.base import Input, PrintableText


class FeatureImportQuery(Input):
    """How a file of places or areas is meant."""

    crs: Crs = Field(description="The coordinate system of the file, as its sender knows it.")
    dry_run: bool = Field(
        default=False, description="Store nothing; tell what is wrong and what would change."
    )
    complete: bool = Field(
        default=False, description="The file has all of them: what it lacks is no longer in use."
    )
    layer: Annotated[str, Field(min_length=1, max_length=200), PrintableText] | None = Field(
        default=None, description="The layer of a GeoPackage that has several."
    )
    encoding: Literal["utf-8", "gb18030", "gbk"] | None = Field(
        default=None, description="Of the file's text, where it is not UTF-8 and the file does not say."
    )
