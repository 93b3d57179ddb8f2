import sys

import openpyxl
import pytest

from auxtask.data.readers import read_documents
from auxtask.errors import AuxtaskError


def write(path, *sheets):
    book = openpyxl.Workbook()
    for number, rows in enumerate(sheets):
        sheet = book.active if number == 0 else book.create_sheet()
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_cells_become_strings_and_empty_rows_are_left_out(tmp_path):
    rows = [["label", None, "text"], ["NA", 1, "a,\nb"], [], [3, None, 2024], [None, None, "x"], [None, "only"]]
    pairs, layout, _ = read_documents(write(tmp_path / "x.xlsx", rows))
    assert pairs == [("a,\nb", "NA"), ("2024", "3"), ("x", None), (None, None)]
    assert layout == "sheet 'Sheet'"


def test_the_first_of_several_sheets_is_read_and_said(tmp_path):
    path = write(tmp_path / "x.xlsx", [["text", "label"], ["a", "b"]], [["other"]])
    assert read_documents(path) == ([("a", "b")], "sheet 'Sheet', the first of several", None)


def test_a_value_beside_the_header_is_named(tmp_path):
    path = write(tmp_path / "x.xlsx", [["text", "label"], ["a", "b"], ["c", "d", "e"]])
    with pytest.raises(AuxtaskError, match=r"row 3 of .* right of the header's 2 columns"):
        read_documents(path)


def test_without_openpyxl_the_extra_is_named(tmp_path, monkeypatch):
    path = write(tmp_path / "x.xlsx", [["text", "label"], ["a", "b"]])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(AuxtaskError, match=r"pip install 'auxtask\[xlsx\]'"):
        read_documents(path)
