import pytest

from stockbook import settings
from stockbook.domain.language import speak
from stockbook.workbook.builder import build
from tests.workbook.houses import ClosedHouse, LiveHouse

collect_ignore = ["uno_driver.py", "uno_editor.py"]  # runs under Debian's Python


@pytest.fixture(params=[ClosedHouse, LiveHouse])
def house(request, tmp_path):
    path = tmp_path / "店 铺=1.xlsm"
    with speak("zh"):
        build(path, book_id="b1", setting_rows=settings.setting_rows())
    return request.param(path)
