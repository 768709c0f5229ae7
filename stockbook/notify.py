"""Messages to the phone through group robots: Feishu, DingTalk, WeCom.

`Sender.send` gives a text to every webhook and says whether one took it for certain, when to try
again, and what people have to mend. Addresses and secrets show nowhere: answers are masked, and no
exception of the HTTP library, whose text holds the address, leaves this module.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from stockbook.domain.language import say
from stockbook.domain.robots import Answer, RobotRequest, Verdict, read_answer, request_for
from stockbook.domain.webhook import LOCAL, Webhook

TIMEOUT = (5, 10)  # [s] to connect, until the next byte of the answer
LIMIT = 20.0  # [s] one sending takes at most, even where the answer trickles
LONGEST_ANSWER = 65_536  # bytes
FIRST_WAIT, FIRST_WAIT_BUSY, LONGEST_WAIT = 5, 60, 300  # [s] doubled each time up to the last
REFUSED_WAIT = 1_800  # [s] until a webhook that refused for good is asked again
logging.getLogger("urllib3").setLevel(logging.ERROR)  # its debug lines hold the addresses


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one message.

    Attributes:
        definite_ok: At least one webhook took it, for certain: it is told.
        retry_at: When a webhook that failed may be asked again [Unix s]; None where none failed.
        refused: The robots that refuse for good until somebody mends something.
        said: What is new about the webhooks, in sentences: each failure once, and its end.
    """

    definite_ok: bool
    retry_at: int | None = None
    refused: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


@dataclass
class _Line:
    """One webhook and how it went so far."""

    webhook: Webhook
    failures: int = 0
    retry_at: float = 0.0
    refused: bool = False
    troubles: set[str] = field(default_factory=set)  # what was said of it since it last worked
    hung: threading.Thread | None = None  # a sending that was given up and may still be going on

    @property
    def name(self) -> str:
        return str(self.webhook.kind.label)

    def waits(self, now: float) -> bool:
        """Whether it is not to be asked yet; a clock that was set back makes no long wait."""
        return now < self.retry_at <= now + REFUSED_WAIT

    def fails(self, answer: Answer, now: float) -> tuple[str, ...]:
        """Note a failure; return what to say of it, nothing if that was said before."""
        self.failures += 1
        self.refused = answer.verdict == Verdict.REFUSED
        self.retry_at = now + self._wait(answer)
        trouble = f"{answer.code}" if self.refused else answer.verdict.value
        if trouble in self.troubles:
            return ()
        self.troubles.add(trouble)
        return (self._sentence(answer),)

    def _wait(self, answer: Answer) -> int:
        if self.refused:
            return REFUSED_WAIT
        first = FIRST_WAIT_BUSY if answer.verdict == Verdict.BUSY else FIRST_WAIT
        grown: int = first * 2 ** min(self.failures - 1, 10)
        return min(max(grown, answer.wait_seconds), LONGEST_WAIT)

    def _sentence(self, answer: Answer) -> str:
        if self.refused:
            return say(
                f"{self.name}机器人不收消息：{answer.reason}。{answer.cure}",
                f"The {self.name} robot refuses: {answer.reason}. {answer.cure}",
            )
        return say(
            f"{self.name}机器人暂时收不到消息（{answer.reason}），会自动再试",
            f"The {self.name} robot gets no messages ({answer.reason}); it is tried again",
        )

    def works(self) -> tuple[str, ...]:
        """Note that it took a message; return what to say where it had failed before."""
        had = bool(self.troubles)
        self.troubles.clear()
        self.failures, self.retry_at, self.refused = 0, 0.0, False
        if not had:
            return ()
        return (say(f"{self.name}机器人恢复了", f"The {self.name} robot works again"),)


@dataclass
class Sender:
    """Every webhook that is set up; `clock` tells Unix s."""

    webhooks: Sequence[Webhook]
    clock: Callable[[], float]
    timeout: tuple[float, float] = TIMEOUT
    limit: float = LIMIT
    _lines: list[_Line] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._lines = [_Line(webhook) for webhook in self.webhooks]

    def retry_at(self) -> int | None:
        """Return when the first webhook may be asked [Unix s]; None where all may be now."""
        now = self.clock()
        if not all(line.waits(now) for line in self._lines):
            return None
        return min((_whole(line.retry_at) for line in self._lines), default=None)

    def ready(self) -> tuple[int, ...]:
        """Return the webhooks that may be asked now, by their places."""
        now = self.clock()
        return tuple(i for i, line in enumerate(self._lines) if not line.waits(now))

    def send(self, text: str) -> Sent:
        """Give a text to each webhook that may be asked now.

        A failure of the network, a busy robot and what nobody knows is tried again after growing
        waits of at most five minutes; a refusal after half an hour. Nothing is raised: the message
        is told when `definite_ok`, and otherwise stays with the caller.
        """
        said, ok = list[str](), False
        for place in self.ready():
            took, words = self.give(place, text)
            ok = ok or took
            said += words
        waits = [line.retry_at for line in self._lines if line.troubles]
        return Sent(
            ok,
            _whole(min(waits)) if waits else None,
            tuple(line.name for line in self._lines if line.refused),
            tuple(said),
        )

    def give(self, place: int, text: str) -> tuple[bool, tuple[str, ...]]:
        """Give a text to one webhook; return whether it took it, and what is new to say of it."""
        line = self._lines[place]
        answer = self._post(line, text)
        if answer.verdict == Verdict.TAKEN:
            return True, line.works()
        return False, line.fails(answer, self.clock())

    def _post(self, line: _Line, text: str) -> Answer:
        """Send once; whatever happens becomes an answer without secrets."""
        request = request_for(line.webhook, text, self.clock())
        try:
            status, body, wait = self._in_time(line, request)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            return Answer(Verdict.LATER, _broken(error))
        kind = line.webhook.kind
        return read_answer(kind, status, body, retry_after=wait, secrets=request.secrets)

    def _in_time(self, line: _Line, request: RobotRequest) -> tuple[int, bytes, str]:
        """Exchange in a thread that is left alone after `limit`: each byte restarts a timeout.

        Raises:
            requests.Timeout: It took too long, or the one that did so before is still going on.
        """
        if line.hung and line.hung.is_alive():
            raise requests.Timeout
        found: list[tuple[int, bytes, str]] = []
        failed: list[Exception] = []

        def work() -> None:
            try:
                found.append(self._exchange(request))
            except Exception as error:  # noqa: BLE001 - raised below
                failed.append(error)

        line.hung = threading.Thread(target=work, daemon=True)
        line.hung.start()
        line.hung.join(self.limit)
        if failed:
            raise failed[0]
        if not found:
            raise requests.Timeout
        return found[0]

    def _exchange(self, request: RobotRequest) -> tuple[int, bytes, str]:
        """Return status, body and `Retry-After` of one answer."""
        with requests.Session() as session:
            session.trust_env = urlsplit(request.url).hostname not in LOCAL
            response = session.post(
                request.url,
                data=request.body,
                headers={"Content-Type": "application/json; charset=utf-8"},
                timeout=self.timeout,
                allow_redirects=False,  # else the message follows to wherever the answer says
                stream=True,
            )
            with response:
                body, ends = b"", time.monotonic() + self.limit
                while part := response.raw.read1(4_096, decode_content=True):
                    body += part
                    if len(body) > LONGEST_ANSWER or time.monotonic() > ends:
                        break
            return response.status_code, body, response.headers.get("Retry-After", "")


def _broken(error: Exception) -> str:
    """Say how the connection failed; the exception's own text holds the address."""
    if isinstance(error, requests.Timeout):
        return say("超时没有答复", "no answer in time")
    if isinstance(error, requests.exceptions.SSLError):
        return say(
            "安全连接建立不了，请检查电脑时间和代理",
            "no secure connection; check the PC's clock and proxy",
        )
    if isinstance(error, requests.ConnectionError):
        return say("连接不上", "no connection")
    return say("网络中断", "the network broke off") + f" {type(error).__name__}"


def _whole(at: float) -> int:
    """Return the first whole second not before an instant."""
    return -int(-at // 1)
