"""CSV files as people write them, and what is refused with its line and column."""

import numpy as np
import pytest

from minimal_order.data.columns import in_words, read_csv


@pytest.fixture
def file(tmp_path):
    def write(text, encoding="utf-8"):
        (tmp_path / "table.csv").write_bytes(text.encode(encoding) if isinstance(text, str) else text)
        return tmp_path / "table.csv"

    return write


READ = {
    "commas": "a,b\n1,2\n3,4.5\n",
    "semicolons": "a;b\n1;2\n3;4.5\n",
    "tabs": "a\tb\n1\t2\n3\t4.5\n",
    "no last line feed": "a,b\n1,2\n3,4.5",
    "line feeds of Windows": "a,b\r\n1,2\r\n3,4.5\r\n",
    "blank lines": "\na,b\n\n1,2\n  \n3,4.5\n\n",
    "spaces": "a , b\n 1, 2\n3 ,4.5\n",
    "quotes": '"a","b"\n"1","2"\n3,4.5e0\n',
    "a mark at the start": "\ufeffa,b\n1,2\n3,4.5\n",
}


@pytest.mark.parametrize("how", READ)
def test_files_are_read_as_people_write_them(file, how):
    table = read_csv(file(READ[how]))
    assert table.names == ("a", "b")
    np.testing.assert_array_equal(table.values, [[1, 2], [3, 4.5]])


def test_without_names_columns_are_numbered(file):
    table = read_csv(file("1,2\n3,4\n"))
    assert table.names == ("x1", "x2") and table.values.tolist() == [[1, 2], [3, 4]]
    assert read_csv(file(",b\n3,4\n5,6\n")).names == ("column 1", "b")
    assert read_csv(file('"a,b"\n3\n5\n')).names == ("a,b",)


def test_names_of_several_lines_become_one_line(file):
    table = read_csv(file('"gross\r\nproduct","a \u2028 b"\n1,2\n3,4\n'))
    assert table.names == ("gross product", "a b") and table.values.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(ValueError, match="column 'b', line 4 = 'x'"):
        read_csv(file('"a\na",b\n1,2\n3,x\n'))


REFUSED = {
    r"column 'b', line 3 = 'x': expected a finite number": "a,b\n1,2\n3,x\n",
    r"column 'b', line 2 = missing": "a,b\n1,\n3,4\n",
    r"column 'a', line 4 = 'NA'": "a,b\n1,2\n3,4\nNA,5\n",
    r"column 'a', line 2 = 'inf'": "a,b\ninf,2\n3,4\n",
    r"column 'a', line 3 = 'nan'": "a,b\n1,2\nnan,4\n",
    r"cells of line 3 = 1: expected 2, as the first line has; separated by ','": "a,b\n1,2\n3\n",
    r"cells of line 2 = 3: expected 2": "a,b\n1,2,3\n3,4\n",
    r"column 'a b', line 2 = '1 2': expected a finite number": "a b\n1 2\n3 4\n",
    r"column 'b', line 2 = '2,5': expected a finite number: a point before the decimals": "a;b\n1;2,5\n3;4\n",
    r"column 'a', line 3 = '1,000': .*, nothing between the thousands": 'a,b\n1,2\n"1,000",4\n',
    r"column 'a', line 2 = '2019_01'": "a,b\n2019_01,2\n2019_02,4\n",
    r"names = 'a': expected names that differ": "a,a\n1,2\n3,4\n",
    r"lines of numbers = 1: expected at least 2": "a,b\n1,2\n",
    r"lines of numbers = 0": "a,b\n",
    r"table\.csv = an empty file": " \n",
    r"table\.csv: expected a CSV file in UTF-8": b"a,b\xff\n1,2\n3,4\n",
}


@pytest.mark.parametrize("message", REFUSED)
def test_bad_files_are_refused_with_line_and_column(file, message):
    with pytest.raises(ValueError, match=message):
        read_csv(file(REFUSED[message]))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(OSError, match=r"nowhere\.csv"):
        read_csv(tmp_path / "nowhere.csv")


def test_split_takes_the_target_out(file):
    table, y = read_csv(file("a,b,c\n1,2,3\n4,5,6\n")).split("b")
    assert table.names == ("a", "c") and table.values.tolist() == [[1, 3], [4, 6]] and y.tolist() == [2, 5]
    with pytest.raises(ValueError, match=r"target = 'd': expected one of the known names"):
        read_csv(file("a,b\n1,2\n4,5\n")).split("d")


def test_names_in_a_sentence():
    assert [in_words(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
