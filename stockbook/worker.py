"""What a click does, in a process of its own: attach, lock, run the action, tell the result.

`python -m stockbook.worker ACTION FULLNAME NAME HWND`, started by `addin`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from stockbook import actions, publish_actions, running, settings, watch
from stockbook.domain.language import say, speak
from stockbook.domain.problems import StockBookError
from stockbook.running import NAMES, BusyError, only_one
from stockbook.workbook.live.excel import attach
from stockbook.workbook.live_book import LiveBook

Tell = Callable[[str], None]


def main(arguments: Sequence[str]) -> None:
    """Do one click's work; what goes wrong is told in the workbook or, failing that, logged."""
    action, fullname, name, hwnd = arguments
    try:
        book = LiveBook(attach(fullname, name, hwnd))
        with speak(book.language()):
            book.tell(click(action, book))
    except Exception as error:  # noqa: BLE001 - there is no workbook to tell
        settings.log_error(error)


def click(action: str, book: LiveBook) -> str:
    """Run an action on an open workbook; return what to tell."""
    label = NAMES[action]
    try:
        with only_one(action, book.book_id()):
            book.tell(say(f"正在{label} …", f"{label} …"))
            if action == "watch":
                return watch.toggle(book.path, book.book_id())
            return outcome(action, book)
    except BusyError as busy:
        return str(busy)
    except StockBookError as error:
        return say(f"✗ {label}没有完成：{error}", f"✗ {label} did not finish: {error}")
    except Exception as error:  # noqa: BLE001 - a person sees a sentence, the log the rest
        settings.log_error(error)
        log = settings.log_file()
        return say(
            f"✗ {label}遇到意外错误（{type(error).__name__}），详情在 {log}",
            f"✗ {label} met an unexpected {type(error).__name__}; details are in {log}",
        )


def outcome(action: str, book: LiveBook) -> str:
    """Run the action itself and return its result in one line."""
    label = NAMES[action]
    if action == "audit":
        found = actions.audit(book)
        if not found:
            return say("✓ 自检通过：账目与流水一致", "✓ audit clean: every figure equals its moves")
        return say(f"✗ 自检发现 {len(found)} 处不符：{found[0]}",
                   f"✗ the audit found {len(found)} differences: {found[0]}")  # fmt: skip
    if action == "undo":
        return actions.told(actions.undo(book))
    run = running.Run(int(time.time()), time.time, book.tell)
    if action in ("preview", "publish"):
        do = publish_actions.apply if action == "publish" else publish_actions.preview
        return "；".join(publish_actions.summary(do(book, run)))
    report = {
        "refresh": actions.refresh,
        "pull": actions.pull,
        "recompute": actions.recompute,
        "colour": actions.colour,
        "import": actions.import_picked,
        "trace": actions.trace_sheet,
    }[action](book, run)
    notes = "；".join(report.notes)
    if action == "trace":
        return f"✓ {notes}"
    problems = len(report.problems)
    wrong = say(f"，{problems} 个问题见 问题 表", f", {problems} problems") if problems else ""
    return say(
        f"✓ {label}完成：{report.orders:,} 单，{report.cells:,} 格{wrong}{notes and '；' + notes}",
        f"✓ {label}: {report.orders:,} orders, {report.cells:,} cells{wrong}"
        f"{notes and '; ' + notes}",
    )


if __name__ == "__main__":
    main(sys.argv[1:])
