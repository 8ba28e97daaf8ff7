"""Frontage agreements on the wire; phones of signers are personal data and masked."""

from datetime import date
from typing import Annotated

from pydantic import Field

from api.domain.agreements import PHONE_AS_STORED, Agreement, AgreementKind
from api.domain.phones import masked_phone
from api.schemas.base import Code, Day, Input, Line, OneLine, Output

Name = Annotated[str, Field(min_length=1, max_length=100), OneLine]
Phone = Annotated[str, Field(max_length=40, pattern=r"^\+?[0-9][0-9 ()-]{2,38}$", examples=["13812345678"])]


class AgreementInput(Input):
    """An agreement (门前责任书) that somebody signed for a place."""

    kind: AgreementKind
    signer_name: Name
    signer_phone: Phone | None = Field(
        default=None, description="Leave it out to keep what is stored for this signing; null takes it away."
    )
    signer_unit: Code | None = Field(default=None, description="Code of a unit, when the signer is one.")
    categories: Annotated[list[Annotated[str, Field(pattern=r"^[PE][0-9]{0,4}$")]], Field(max_length=50)] = (
        Field(default=[], description="Class codes or their beginnings that it covers; none: all.")
    )
    duties: Annotated[list[Annotated[Line, Field(min_length=1), OneLine]], Field(max_length=20)] = Field(
        default=[], description="What the signer promised, one by one."
    )
    signed_on: Day
    until_on: Day | None = Field(default=None, description="The last day; null: until further notice.")

    def agreement(self) -> Agreement:
        """Return what is meant, not checked yet."""
        is_phone_sent = "signer_phone" in self.model_fields_set
        return Agreement(
            kind=self.kind,
            signer_name=self.signer_name,
            signer_phone=self.signer_phone if is_phone_sent else PHONE_AS_STORED,
            signer_unit=self.signer_unit,
            categories=tuple(self.categories),
            duties=tuple(self.duties),
            signed_on=self.signed_on,
            until_on=self.until_on,
        )


class AgreementShown(Output):
    """An agreement. To send it back, leave the masked phone out."""

    kind: AgreementKind
    signer_name: str
    signer_phone_masked: str | None = Field(description="Enough of the phone number to recognise it.")
    signer_unit: str | None
    categories: list[str]
    duties: list[str]
    signed_on: date
    until_on: date | None


class SignerShown(Output):
    """Whom to call; that you read it is kept."""

    kind: AgreementKind
    name: str
    phone: str | None
    unit: str | None
    signed_on: date
    until_on: date | None
    in_force: bool


class SignerList(Output):
    """Those who signed for a place, the latest last."""

    items: list[SignerShown]


def agreement_shown(agreement: Agreement) -> AgreementShown:
    """Show an agreement with its signer's phone masked."""
    return AgreementShown(
        kind=agreement.kind,
        signer_name=agreement.signer_name,
        signer_phone_masked=masked_phone(agreement.signer_phone),
        signer_unit=agreement.signer_unit,
        categories=list(agreement.categories),
        duties=list(agreement.duties),
        signed_on=agreement.signed_on,
        until_on=agreement.until_on,
    )


def signer_shown(agreement: Agreement, today: date) -> SignerShown:
    """Show a signer with the phone number."""
    return SignerShown(
        kind=agreement.kind,
        name=agreement.signer_name,
        phone=agreement.signer_phone,
        unit=agreement.signer_unit,
        signed_on=agreement.signed_on,
        until_on=agreement.until_on,
        in_force=agreement.is_in_force(today),
    )
