"""The Korean edition in the page: it runs, axe finds nothing, and both languages share one progress."""

from playwright.sync_api import expect
from solving import write

AVERAGE = '@exercise("0.2")'


def test_week_0_in_korean(lab):
    lab.open("ko/00_start_here.ipynb")
    lab.run_all()
    write(lab, AVERAGE, "0.2", change=("mean", "sum"), says="")
    assert (lab.server.root / "my_course" / "progress.json").is_file()
    assert not (lab.server.root / "ko" / "my_course").exists()
    expect(lab.card('"0-average"')).to_contain_text("화살표 하나와 견주면 어떨까요?")
    assert lab.widget_errors() == []
    assert lab.console_errors == []
    assert lab.accessibility_problems() == []
