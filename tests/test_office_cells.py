"""What no reader of a workbook would see is found, and honest looks are not.

The workbooks are made by a library whose writing the detectors do not use.
"""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.formatting.rule import CellIsRule, ColorScaleRule, FormulaRule, Rule
from openpyxl.styles import Font, PatternFill
from openpyxl.styles.colors import Color
from openpyxl.styles.differential import DifferentialStyle, NumberFormat
from openpyxl.worksheet.table import Table, TableStyleInfo
from test_office import hidden, opened, saved, zipped
from test_office_hidden import SECRET, SEEN, left_out

from kimiqa.reading.office.formats import is_blank
from kimiqa.reading.office.looks import Looks
from kimiqa.reading.office.package import Package

Worksheet = openpyxl.worksheet.worksheet.Worksheet
SHEET = "xl/worksheets/sheet1.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "application/vnd.openxmlformats-officedocument"


def workbook(dress: Callable[[openpyxl.worksheet.worksheet.Worksheet], object]) -> bytes:
    """A sheet with a word that is seen, and the secret in C3, as `dress` dresses it."""
    file = openpyxl.Workbook()
    sheet = file.active
    assert sheet is not None
    sheet["A1"], sheet["C3"] = SEEN, SECRET
    dress(sheet)
    return saved(file)


def font(**how: object) -> Callable[[openpyxl.worksheet.worksheet.Worksheet], None]:
    def dress(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        sheet["C3"].font = Font(**how)

    return dress


def attribute(name: str, value: object) -> Callable[[openpyxl.worksheet.worksheet.Worksheet], None]:
    def dress(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        setattr(sheet["C3"], name, value)

    return dress


def black(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
    sheet["C3"].fill = PatternFill("solid", fgColor="FF000000")


HIDING_CELLS = {
    "white letters": (font(color="FFFFFFFF"), "white on white"),
    "letters nearly white": (font(color="FFFAFAFA"), "white on white"),
    "the theme's white": (font(color=Color(theme=0)), "white on white"),
    "black letters on black": (black, "the colour of its ground"),
    "one point": (font(size=1), "too small"),
    "white by the format": (attribute("number_format", "[White]@"), "white on white"),
    "a format that shows another word": (
        attribute("number_format", ';;;"as agreed"'),
        "hidden by its format",
    ),
    "a format that shows nothing": (attribute("number_format", ";;;"), "hidden by its format"),
    "a column like a hair": (
        lambda sheet: setattr(sheet.column_dimensions["C"], "width", 0.1),
        "hidden column",
    ),
    "a row like a hair": (
        lambda sheet: setattr(sheet.row_dimensions[3], "height", 0.1),
        "hidden row",
    ),
}


@pytest.mark.parametrize("case", HIDING_CELLS)
def test_a_cell_that_shows_nothing_is_left_out(case: str, home: Path) -> None:
    dress, why = HIDING_CELLS[case]

    found = left_out(opened(workbook(dress), "a.xlsx", home))

    assert [(text, reason) for text, reason in found.items() if SECRET in text] == [
        (next(text for text in found if SECRET in text), why)
    ]


def test_a_column_of_no_width_is_left_out(home: Path) -> None:
    content = workbook(lambda sheet: setattr(sheet.column_dimensions["C"], "width", 0.1))
    held, made = io.BytesIO(), zipfile.ZipFile(io.BytesIO(content))
    with zipfile.ZipFile(held, "w") as archive:
        for name in made.namelist():
            archive.writestr(name, made.read(name).replace(b'width="0.1"', b'width="0"'))

    assert left_out(opened(held.getvalue(), "a.xlsx", home))


def test_honest_cells_stay(home: Path) -> None:
    file = openpyxl.Workbook()
    sheet = file.active
    assert sheet is not None
    sheet.append(["Head"])
    sheet["A1"].font, sheet["A1"].fill = (
        Font(color="FFFFFFFF"),
        PatternFill("solid", fgColor="1F4E78"),
    )
    sheet["A2"], sheet["A3"], sheet["A4"], sheet["A5"] = 0, -5, 0.5, "a word"
    sheet["A2"].number_format = '_(* #,##0_);_(* (#,##0);_(* "-"??_);_(@_)'
    sheet["A3"].number_format = "0;-0;"
    sheet["A4"].number_format, sheet["A5"].number_format = "0.0%", "0;-0;;@"
    sheet["C1"], sheet["C2"] = "Banded", "row"
    sheet["C1"].font = Font(color="FFFFFFFF")
    styled = TableStyleInfo(name="TableStyleMedium9", showRowStripes=True)
    sheet.add_table(Table(displayName="Banded", ref="C1:C2", tableStyleInfo=styled))
    sheet["E1"] = "by a rule"
    sheet["E1"].font = Font(color="FFFFFFFF")
    rule = FormulaRule(formula=["TRUE"], fill=PatternFill("solid", bgColor="FFC00000"))
    sheet.conditional_formatting.add("E1:E9", rule)

    document = opened(saved(file), "a.xlsx", home)

    assert hidden(document) == []
    assert all(each in document.pages[0].text for each in ("Head", "-5", "Banded", "by a rule"))


def test_a_nought_that_a_format_keeps_silent_is_no_passage(home: Path) -> None:
    content = workbook(lambda sheet: sheet.delete_rows(3))
    file = openpyxl.load_workbook(io.BytesIO(content))
    file.active["B1"], file.active["C1"] = 0, 7
    file.active["B1"].number_format = "0;-0;;@"

    document = opened(saved(file), "a.xlsx", home)

    assert document.pages[0].text.splitlines()[1] == f"1 | {SEEN} |  | 7"
    assert hidden(document) == []


# Number formats ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "number_format", "blank"),
    [
        (1250, '[Red][<0]"";#,##0', False),
        (-1250, '[Red][<0]"";#,##0', True),
        (1250, '[Color 5] [>=1000]"";0', True),
        (12, '[Color 5] [>=1000]"";0', False),
        (1250, '[=0]"";General', False),
        (1250, "[$-409][<0];[$€-407]#,##0", False),
        (3, '[=1]"";[=2]"";0', False),
        (2, '[=1]"";[=2]"";""', True),
        (datetime.timedelta(hours=30), "[h]:mm", False),
        (datetime.timedelta(hours=30), "[h];;", False),
        (datetime.timedelta(hours=30), "[ss];", False),
        (datetime.timedelta(hours=-30), "[h];;", True),
        (0, "0;-0;", True),
        (True, ";;;", True),
        ("word", "0;-0;[Red]", False),
        ("word", ';;;"-"', True),
        ("word", "0;0;0;General", False),
        ("word", '0;0;0;"see "@', False),
        (7, '"";""', True),
        (7, '"say; this"', False),
        (10**400, "[>5];0", True),
    ],
)
def test_a_format_hides_only_what_it_shows_nothing_of(
    value: object, number_format: str, blank: bool
) -> None:
    assert is_blank(value, number_format) is blank


def test_amounts_and_times_in_conditional_formats_stay(home: Path) -> None:
    def dress(sheet: Worksheet) -> None:
        sheet["A2"], sheet["B2"] = 1250, datetime.timedelta(hours=30, minutes=5)
        sheet["A2"].number_format = '[Red][<0]"";#,##0'
        sheet["B2"].number_format = "[h]:mm;;"
        sheet["C3"].number_format = ";;;"

    document = opened(workbook(dress), "a.xlsx", home)

    assert list(left_out(document)) == [SECRET]
    assert "1250" in document.pages[0].text
    assert "6:05" in document.pages[0].text


# Runs of several looks --------------------------------------------------------------------------


def rich(*pieces: object) -> Callable[[Worksheet], None]:
    def dress(sheet: Worksheet) -> None:
        sheet["C3"] = CellRichText(*pieces)

    return dress


def shared(content: bytes) -> bytes:
    """The same workbook with the text of C3 in a store of texts, as Excel writes it."""
    made = zipfile.ZipFile(io.BytesIO(content))
    parts = {name: made.read(name) for name in made.namelist()}
    sheet = parts[SHEET].decode()
    text = re.findall(r"<is>(.*?)</is>", sheet)[-1]
    parts[SHEET] = re.sub(r'<c r="C3".*?</c>', '<c r="C3" t="s"><v>0</v></c>', sheet).encode()
    parts["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}"><si>{text}</si></sst>'.encode()
    kind = f"{OFFICE}.spreadsheetml.sharedStrings+xml"
    types = parts["[Content_Types].xml"].decode()
    override = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    parts["[Content_Types].xml"] = types.replace("</Types>", override).encode()
    return zipped(**parts)


WHITE_RUN = InlineFont(color="FFFFFFFF")
RED_RUN = InlineFont(color="FFFF0000")


@pytest.mark.parametrize("inside", [True, False], ids=["in the cell", "shared"])
@pytest.mark.parametrize(
    ("run", "why"),
    [(WHITE_RUN, "white on white"), (InlineFont(sz=1), "too small")],
    ids=["white", "tiny"],
)
def test_a_run_that_nobody_sees_is_left_out_alone(
    run: InlineFont, why: str, inside: bool, home: Path
) -> None:
    content = workbook(rich("Terms: ", TextBlock(run, SECRET), TextBlock(RED_RUN, " net 30")))

    document = opened(content if inside else shared(content), "a.xlsx", home)

    assert left_out(document) == {SECRET: why}
    assert "Terms: " in document.pages[0].text
    assert "net 30" in document.pages[0].text


def test_runs_in_colours_that_are_seen_stay(home: Path) -> None:
    def dress(sheet: Worksheet) -> None:
        rich(TextBlock(RED_RUN, "Due"), TextBlock(WHITE_RUN, " now"), " or later")(sheet)
        sheet["C3"].font = Font(color="FFFFFFFF")
        sheet["C3"].fill = PatternFill("solid", fgColor="FF000080")

    document = opened(workbook(dress), "a.xlsx", home)

    assert hidden(document) == []
    assert "Due now or later" in document.pages[0].text


# Rules and tables -------------------------------------------------------------------------------

WHITE = Font(color="FFFFFFFF")
UNSHOWN = DifferentialStyle(numFmt=NumberFormat(numFmtId=200, formatCode=";;;"))
FILLED = DifferentialStyle(font=WHITE)


def ruled(*rules: Rule) -> Callable[[Worksheet], None]:
    def dress(sheet: Worksheet) -> None:
        for rule in rules:
            sheet.conditional_formatting.add("C3:D9", rule)

    return dress


HIDING_RULES = {
    "that is true": (ruled(FormulaRule(formula=["TRUE"], font=WHITE)), "white on white"),
    "one is one": (ruled(FormulaRule(formula=["1 = 1"], font=WHITE)), "white on white"),
    "whatever is there": (ruled(FormulaRule(formula=["LEN(C3)>0"], font=WHITE)), "white on white"),
    "no blanks": (ruled(Rule("notContainsBlanks", dxf=FILLED)), "white on white"),
    "not empty": (ruled(CellIsRule("notEqual", ['""'], font=WHITE)), "white on white"),
    "a format": (ruled(Rule("expression", formula=["1"], dxf=UNSHOWN)), "hidden by its format"),
    "black on black": (
        ruled(FormulaRule(formula=["TRUE"], fill=PatternFill("solid", bgColor="FF000000"))),
        "the colour of its ground",
    ),
}


@pytest.mark.parametrize("case", HIDING_RULES)
def test_a_cell_that_a_rule_whitens_whatever_it_holds_is_left_out(case: str, home: Path) -> None:
    dress, why = HIDING_RULES[case]

    assert left_out(opened(workbook(dress), "a.xlsx", home)) == {SECRET: why}


HONEST_RULES = {
    "that may hold": ruled(FormulaRule(formula=["$A$1>5"], font=WHITE)),
    "that asks another cell": ruled(FormulaRule(formula=["LEN(A1)>0"], font=WHITE)),
    "under one that fills": ruled(
        FormulaRule(formula=["TRUE"], fill=PatternFill("solid", bgColor="FFC00000")),
        FormulaRule(formula=["TRUE"], font=WHITE),
    ),
    "after one that stops": ruled(
        FormulaRule(formula=["TRUE"], font=Font(color="FF00B050"), stopIfTrue=True),
        FormulaRule(formula=["TRUE"], font=WHITE),
    ),
    "under a scale of colours": ruled(
        ColorScaleRule(start_type="min", start_color="FF0000", end_type="max", end_color="000000"),
        FormulaRule(formula=["TRUE"], font=WHITE),
    ),
}


@pytest.mark.parametrize("case", HONEST_RULES)
def test_a_rule_that_may_leave_a_cell_to_be_seen_hides_nothing(case: str, home: Path) -> None:
    document = opened(workbook(HONEST_RULES[case]), "a.xlsx", home)

    assert hidden(document) == []
    assert SECRET in document.pages[0].text


@pytest.mark.parametrize("style", [None, "TableStyleLight9", "TableStyleMedium2"])
def test_white_letters_in_the_light_body_of_a_table_are_left_out(
    style: str | None, home: Path
) -> None:
    def dress(sheet: Worksheet) -> None:
        sheet["C2"] = "Head"
        sheet["C2"].font = WHITE if style else Font()
        sheet["C3"].font = WHITE
        look = TableStyleInfo(name=style, showRowStripes=True) if style else None
        sheet.add_table(Table(displayName="T", ref="C2:C4", tableStyleInfo=look))

    document = opened(workbook(dress), "a.xlsx", home)

    assert left_out(document) == {SECRET: "white on white"}
    assert "Head" in document.pages[0].text


# The file itself --------------------------------------------------------------------------------


def rewritten(content: bytes, part: str, old: str, new: str) -> bytes:
    made = zipfile.ZipFile(io.BytesIO(content))
    parts = {name: made.read(name) for name in made.namelist()}
    assert old in parts[part].decode()
    parts[part] = parts[part].decode().replace(old, new).encode()
    return zipped(**parts)


@pytest.mark.parametrize(
    "row",
    [
        "<row hidden='1' r='3'>",
        '<row spans="&gt;" customFormat=">" hidden="&#49;" r="3">',
        '<row><c r="A2"/></row><row hidden="true">',
    ],
    ids=["single quotes", "a bracket and an entity", "no number"],
)
def test_a_hidden_row_is_left_out_however_it_is_written(row: str, home: Path) -> None:
    content = rewritten(workbook(lambda _: None), SHEET, '<row r="3">', row)

    assert left_out(opened(content, "a.xlsx", home))


@pytest.mark.parametrize("number", ["²", "9" * 5_000, "-1", "x", "1e3"])
def test_a_number_that_is_none_stops_no_reader_of_styles(number: str, tmp_path: Path) -> None:
    content = workbook(font(color="FFFFFFFF", size=7))
    styles = "xl/styles.xml"
    for name in ("fontId", "fillId", "numFmtId"):
        content = rewritten(content, styles, f'{name}="0"', f'{name}="{number}"')
    content = rewritten(content, styles, 'sz val="7"', f'sz val="{number}"')
    path = tmp_path / "a.xlsx"
    path.write_bytes(rewritten(content, styles, 'theme="1"', f'theme="{number}" tint="{number}"'))

    looks = Looks.of(Package(str(path)), "xl/workbook.xml")

    assert looks.styles[0] == (0, 0, 0)
