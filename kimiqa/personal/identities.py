"""Common identity numbers: how each is written, and who says whether one is valid.

A number whose check leaves too much to chance counts only where a word beside it says what it
is: one in ten of all numbers passes a single check digit, and filings are full of numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Protocol, cast

_NINO = re.compile(r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]")


@dataclass(frozen=True, slots=True)
class Identity:
    """A kind of identity number."""

    what: str
    module: str
    """The validator; empty for what is valid by its form."""
    form: str
    """How it is written."""
    words: str = ""
    """Where given, one of these words must stand before it, on its line or the one before."""

    def valid(self, written: str) -> bool:
        """Whether the check digits, the date and the parts of a number are right."""
        if not self.module:
            return bool(_NINO.fullmatch(re.sub(r"\s", "", written)))
        return _validator(self.module).is_valid(written.replace(" ", ""))


class _Validator(Protocol):
    """What each module of the library offers."""

    def is_valid(self, number: str) -> bool: ...


@cache
def _validator(name: str) -> _Validator:
    return cast(_Validator, import_module(f"stdnum.{name}"))


_TAX = r"steuer|idnr|\btin\b|tax\s+id"

IDENTITIES = (
    # What its form and its checks make all but certain.
    Identity("US social security number", "us.ssn", r"\d{3}-\d{2}-\d{4}"),
    Identity("UK national insurance number", "", r"[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]"),
    Identity("French NIR", "fr.nir", r"[12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}"),
    Identity("Chinese identity number", "cn.ric", r"\d{6} ?\d{8} ?\d{3}[\dXx]"),
    Identity("Indian PAN", "in_.pan", r"[A-Z]{5}\d{4}[A-Z]"),
    Identity("Spanish DNI", "es.dni", r"\d{8}-?[A-Z]"),
    Identity("Spanish NIE", "es.nie", r"[XYZ]-?\d{7}-?[A-Z]"),
    Identity(
        "Italian codice fiscale",
        "it.codicefiscale",
        r"[A-Z]{6} ?\d{2}[A-EHLMPR-T]\d{2} ?[A-Z]\d{3}[A-Z]",
    ),
    Identity("Swedish personnummer", "se.personnummer", r"(?:19|20)?\d{6}[-+]\d{4}"),
    Identity("Norwegian fødselsnummer", "no.fodselsnummer", r"\d{6} ?\d{5}"),
    Identity("Finnish HETU", "fi.hetu", r"\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]"),
    Identity("Swiss AHV number", "ch.ssn", r"756\.?\d{4}\.?\d{4}\.?\d{2}"),
    Identity("Brazilian CPF", "br.cpf", r"\d{3}\.\d{3}\.\d{3}-\d{2}"),
    Identity("Mexican CURP", "mx.curp", r"[A-Z]{4}\d{6}[HM][A-Z]{5}[0-9A-Z]\d"),
    Identity("Chilean RUT", "cl.rut", r"\d{1,2}\.\d{3}\.\d{3}-[\dKk]"),
    Identity("Korean resident number", "kr.rrn", r"\d{6}-[1-8]\d{6}"),
    Identity("Czech or Slovak birth number", "cz.rc", r"\d{6}/\d{3,4}"),
    Identity("Belgian national number", "be.nn", r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}"),
    Identity("German Steuer-ID", "de.idnr", r"\d{2} \d{3} \d{3} \d{3}", _TAX),
    # What chance passes too often: a word must stand by it.
    Identity(
        "US social security number", "us.ssn", r"\d{9}|\d{3} \d{2} \d{4}", r"\bssn\b|social sec"
    ),
    Identity("US taxpayer number", "us.itin", r"9\d{2}-?\d{2}-?\d{4}", r"\bitin\b|taxpayer"),
    Identity("German Steuer-ID", "de.idnr", r"\d{11}", _TAX),
    Identity("Indian Aadhaar", "in_.aadhaar", r"\d{4}[ -]?\d{4}[ -]?\d{4}", r"a+dha+r|uid|आधार"),
    Identity("UK NHS number", "gb.nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}", r"\bnhs\b"),
    Identity("Canadian SIN", "ca.sin", r"\d{3}[ -]?\d{3}[ -]?\d{3}", r"\bs\.?i\.?n\b|social ins"),
    Identity("Australian TFN", "au.tfn", r"\d{3} ?\d{3} ?\d{2,3}", r"\btfn\b|tax file"),
    Identity("Polish PESEL", "pl.pesel", r"\d{11}", r"pesel"),
    Identity("Dutch BSN", "nl.bsn", r"\d{4}\.?\d{2}\.?\d{3}", r"\bbsn\b|burgerservice|sofi"),
    Identity("Belgian national number", "be.nn", r"\d{11}", r"national|rijks|registre"),
    Identity("Danish CPR number", "dk.cpr", r"\d{6}-?\d{4}", r"\bcpr\b|personnummer"),
    Identity("Austrian insurance number", "at.vnr", r"\d{4} ?\d{6}", r"\bsv-?n|versicherungsn"),
    Identity(
        "Japanese My Number",
        "jp.in_",
        r"\d{4}[ -]?\d{4}[ -]?\d{4}",
        r"my number|マイナンバー|個人番号",
    ),
    Identity("South African identity number", "za.idnr", r"\d{13}", r"\bid\b|identity"),
    Identity("Turkish identity number", "tr.tckimlik", r"\d{11}", r"kimlik|\bt\.?c\.?"),
    Identity("Romanian CNP", "ro.cnp", r"[1-9]\d{12}", r"\bcnp\b|numeric"),
    Identity("Estonian or Lithuanian personal code", "ee.ik", r"[1-6]\d{10}", r"isikuk|asmens"),
    Identity("Croatian OIB", "hr.oib", r"\d{11}", r"\boib\b"),
    Identity("Bulgarian EGN", "bg.egn", r"\d{10}", r"\begn\b|егн"),
    Identity("Irish PPS number", "ie.pps", r"\d{7}[A-W][A-IW]?", r"\bpps"),
    Identity("Israeli identity number", "il.idnr", r"\d{9}", r"teudat|זהות"),
    Identity("Greek AMKA", "gr.amka", r"\d{11}", r"amka|αμκα"),
)
