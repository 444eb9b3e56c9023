"""Properties of a file: what it says, as short typed values with a name, and where that was read.

Owns their shapes on the wire and what each may hold; never looks at what is stored. The bounds
stand in the schema for those who read it, and are checked here, where what is wrong can be said in
words.

Source: ISO 8601 (calendar dates), ISO 4217 (codes of currencies), UAX 15 (NFC).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from hub.errors import BadRequest
from hub.wire import words

MAX_PROPERTIES: Final = 40
"""Of an attachment."""
MAX_KEY: Final = 40
MAX_REFERENCE: Final = 100
MAX_STATUS: Final = 60
MAX_TEXT: Final = 500
MAX_QUOTE: Final = 300
MAX_PAGE: Final = 100_000
MAX_DIGITS: Final = 15

_DATE: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_AMOUNT: Final = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,4})?$"


def _told(**schema: Any) -> Meta:
    """Said in the schema, checked by ``checked``."""
    return Meta(extra_json_schema=schema)


class Typed(Struct, tag_field="type", frozen=True, forbid_unknown_fields=True):
    pass


class DateProperty(Typed, frozen=True, tag="date"):
    """A day, ``YYYY-MM-DD``."""

    value: Annotated[str, _told(format="date", pattern=_DATE)]


class MoneyProperty(Typed, frozen=True, tag="money"):
    """``amount`` is a decimal number in a string, of at most 15 digits, 4 of them after the point;
    ``currency`` a code of ISO 4217."""

    amount: Annotated[str, _told(pattern=_AMOUNT)]
    currency: Annotated[str, _told(pattern="^[A-Z]{3}$")]


class ReferenceProperty(Typed, frozen=True, tag="reference"):
    """What something is called by others: a variable symbol, the number of an order."""

    value: Annotated[str, _told(minLength=1, maxLength=MAX_REFERENCE)]


class StatusProperty(Typed, frozen=True, tag="status"):
    value: Annotated[str, _told(minLength=1, maxLength=MAX_STATUS)]


class TextProperty(Typed, frozen=True, tag="text"):
    """The only one that may have several lines."""

    value: Annotated[str, _told(minLength=1, maxLength=MAX_TEXT)]


PropertyValue = DateProperty | MoneyProperty | ReferenceProperty | StatusProperty | TextProperty


class ReadFrom(Struct, tag_field="by", frozen=True, forbid_unknown_fields=True):
    pass


class PersonSource(ReadFrom, frozen=True, tag="person"):
    """Whoever set it says so."""


class DocumentSource(ReadFrom, frozen=True, tag="document", kw_only=True, omit_defaults=True):
    """Whoever set it read it in the file: in version ``number``, on ``page`` (from 1 on), in these
    words."""

    number: Annotated[int, Meta(ge=1, lt=2**31)] | None = None
    page: Annotated[int, _told(minimum=1, maximum=MAX_PAGE)] | None = None
    quote: Annotated[str, _told(minLength=1, maxLength=MAX_QUOTE)] | None = None


Source = PersonSource | DocumentSource
PropertyKey = Annotated[str, _told(minLength=1, maxLength=MAX_KEY)]


def key(given: str) -> str:
    """The name of a property: in one line, NFC.

    Raises:
        BadRequest: ``bad_property``.
    """
    return _line(given, MAX_KEY, "The key")


def folded(key: str) -> str:
    """What two keys of one property have in common."""
    return unicodedata.normalize("NFC", key.casefold())


def checked(given: PropertyValue) -> PropertyValue:
    """A value as it is stored: text in NFC, without space around it.

    Raises:
        BadRequest: ``bad_property``.
    """
    match given:
        case DateProperty(value):
            return DateProperty(_date(value))
        case MoneyProperty(amount, currency):
            return MoneyProperty(_amount(amount), _currency(currency))
        case ReferenceProperty(value):
            return ReferenceProperty(_line(value, MAX_REFERENCE, "A reference"))
        case StatusProperty(value):
            return StatusProperty(_line(value, MAX_STATUS, "A status"))
        case TextProperty(value):
            return TextProperty(_text(value, MAX_TEXT, "A text"))


def checked_source(given: Source | None) -> DocumentSource | None:
    """Where it was read; null when a person says so.

    Raises:
        BadRequest: ``bad_property``.
    """
    if not isinstance(given, DocumentSource):
        return None
    if given.page is not None and not 1 <= given.page <= MAX_PAGE:
        raise _bad(f"A page is a number from 1 to {MAX_PAGE}.")
    quote = None if given.quote is None else _line(_drawn(given.quote), MAX_QUOTE, "A quote")
    return msgspec.structs.replace(given, quote=quote)


def as_text(value: PropertyValue) -> str:
    """The words by which it is found."""
    if isinstance(value, MoneyProperty):
        return f"{value.amount} {value.currency}"
    return value.value


def meant(value: Any) -> Any:
    """What a value that was decoded from JSON stands for, to compare it with another."""
    return msgspec.to_builtins(checked(msgspec.convert(value, PropertyValue)))


def meant_source(value: Any) -> Any:
    """The same of a source; null is a person."""
    return msgspec.to_builtins(checked_source(msgspec.convert(value, Source)))


def _date(given: str) -> str:
    if len(given) == 10 and re.fullmatch(_DATE, given):
        try:
            date.fromisoformat(given)
        except ValueError:
            pass
        else:
            return given
    raise _bad("A date is a day of the calendar, as 2026-11-30.")


def _amount(given: str) -> str:
    found = len(given) <= MAX_DIGITS + 2 and re.fullmatch(_AMOUNT, given)
    if not found or sum(char.isdigit() for char in given) > MAX_DIGITS:
        raise _bad(
            "An amount is a number as -1234.50, of at most 15 digits, at most 4 of them after the"
            " point."
        )
    if given[0] == "-" and not given.strip("-0."):
        raise _bad("Nothing is not less than nothing: write 0.")
    return given


def _currency(given: str) -> str:
    if given not in _CURRENCIES:
        raise _bad("A currency is a code of ISO 4217 in capital letters, as EUR.")
    return given


def _line(given: str, most: int, what: str) -> str:
    """In one line, and all of it can be seen."""
    _require_short(given, most, what)
    return _seen(" ".join(unicodedata.normalize("NFC", given).split()), most, what)


def _text(given: str, most: int, what: str) -> str:
    """In lines."""
    _require_short(given, most, what)
    text = unicodedata.normalize("NFC", given).strip()
    lines = [" ".join(line.split()) for line in re.split(r"\r\n|[\n\r\u2028\u2029]", text)]
    return _seen("\n".join(lines), most, what)


def _require_short(given: str, most: int, what: str) -> None:
    # Long runs of combining marks are slow to normalise.
    if len(given) > 4 * most:
        raise _bad(f"{what} has at most {most} characters.")


def _seen(text: str, most: int, what: str) -> str:
    if not words.is_visible(text):
        raise _bad(f"{what} needs characters that can be seen.")
    if len(text) > most:
        raise _bad(f"{what} has at most {most} characters.")
    if (char := words.hidden(text.replace("\n", " "))) is not None:
        raise _bad(f"{what} cannot hold the hidden character U+{ord(char):04X}.")
    return text


def _drawn(quote: str) -> str:
    """A quote comes out of a program that reads files: what cannot be seen is left out."""
    return "".join(
        char
        for char in quote
        if char.isspace() or words.hidden(char) is None or unicodedata.category(char) == "Cs"
    )


def _bad(detail: str) -> BadRequest:
    return BadRequest(detail, code="bad_property")


# Those of today, of metals and funds, and those that files of the last decades speak of.
_CODES: Final = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP
BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB
EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY
KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR
MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB
RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD
TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XAG XAU XBA XBB XBC XBD XCD XCG XDR
XOF XPD XPF XPT XSU XUA YER ZAR ZMW ZWG
ATS BEF BYR CSD CYP DEM EEK ESP FIM FRF GRD HRK IEP ITL LTL LUF LVL MRO MTL NLG PTE ROL SIT
SKK SLL STD TRL VEF ZMK ZWL
"""
_CURRENCIES: Final = frozenset(_CODES.split())
