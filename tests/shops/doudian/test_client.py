"""The client against a stub platform over real HTTP: retries, tokens, windows, half answers."""

import itertools
import json
import threading
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from stockbook.domain.problems import ShopRefused, ShopUnavailable
from stockbook.shops.doudian.client import DoudianShop
from stockbook.shops.doudian.transport import Account

NOW = 1_796_868_600
SECRET = "the-secret-nobody-sees"
BUSY = {"code": 20000, "sub_code": "isp.service-error:20004", "sub_msg": "busy"}


class Stub:
    """A platform whose answers each test writes: method → function(params) → data or envelope."""

    def __init__(self):
        self.calls = []
        self.queue = []  # envelopes or raw bytes to send first, whatever is asked
        self.rows = []
        self.tokens = 0
        self.lock = threading.Lock()
        self.good = None

    def answer(self, query, params):
        method = query["method"][0]
        with self.lock:
            self.calls.append((method, params))
            if method.startswith("token."):
                self.tokens += 1
                self.good = f"t{self.tokens}"
                pair = {"access_token": self.good, "refresh_token": "r", "expires_in": 600_000}
                return ok(pair)
            if method == "product.listV2":
                return ok({"data": [], "total": 0})
            if self.queue:
                return self.queue.pop(0)
            if query.get("access_token") != [self.good]:
                return {"code": 40003, "sub_code": "isv.access-token-expired"}
            found = self.search(params)
            return 500 if found is None else ok(found)

    def search(self, params):
        start, end = params["update_time_start"], params["update_time_end"]
        found = [row for row in self.rows if start <= row["update_time"] < end]
        found.sort(key=lambda row: row["update_time"])
        page, size = params["page"], params["size"]
        return {
            "total": len(found),
            "shop_order_list": found[page * size : (page + 1) * size],
        }


def ok(data):
    return {"code": 10000, "msg": "success", "data": data}


def order(number, updated_at):
    line = {"order_id": str(9_000_000 + number), "sku_id": 5, "item_num": 1, "code": "A"}
    return {
        "order_id": str(1_000_000 + number),
        "order_status": 2,
        "update_time": updated_at,
        "create_time": updated_at,
        "pay_time": updated_at,
        "sku_order_list": [line],
    }


@contextmanager
def running(stub):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = stub.answer(parse_qs(urlsplit(self.path).query), json.loads(body))
            if answer == "drop":
                self.close_connection = True
                return
            status, raw = (answer, b"{}") if isinstance(answer, int) else (200, answer)
            raw = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
            self.send_response_only(status)
            self.send_header("Date", formatdate(NOW, usegmt=True))
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def stub():
    return Stub()


@pytest.fixture
def gateway(stub):
    with running(stub) as address:
        yield address


@pytest.fixture
def waits():
    return []


def client(gateway, waits, **more):
    account = Account(gateway, "7000000000000000001", SECRET, "46")
    return DoudianShop(account, clock=lambda: float(NOW), sleep=waits.append, **more)


def lines(windows):
    return sorted(line.order_id for window in windows for line in window.lines)


@pytest.mark.parametrize(
    "trouble",
    [
        BUSY,
        {"code": 60000, "sub_code": "isv.traffic-limited"},
        {"code": 20001, "sub_code": "isp.timeout"},
        {"code": 50002, "sub_code": "isv.business-failed:20005"},
        500,
        429,
        b'{"code": 10000, "data": {"total": 1, "shop_or',
        b"",
        "drop",
    ],
)
def test_what_may_pass_is_tried_again_after_a_wait(stub, gateway, waits, trouble):
    stub.rows = [order(1, NOW - 100)]
    stub.queue = [trouble, trouble]
    shop = client(gateway, waits)
    assert lines(shop.order_windows(NOW - 3600, NOW)) == ["1000001"]
    assert len(waits) == shop.stats.retries == 2
    assert sum(waits) <= 0.5 + 1.0


@pytest.mark.parametrize(
    "refusal",
    [
        {"code": 40004, "sub_code": "isv.parameter-invalid:20011", "sub_msg": "no time"},
        {"code": 40003, "sub_code": "isv.signature-invalid"},
        {"code": 30001, "sub_code": "isv.permission"},
        {"code": 70000, "sub_code": "isp.api-service-off"},
    ],
)
def test_what_will_not_pass_is_asked_once_and_explained(stub, gateway, waits, refusal):
    stub.queue = [refusal] * 9
    shop = client(gateway, waits)
    with pytest.raises(ShopRefused, match=str(refusal["code"])):
        list(shop.order_windows(NOW - 3600, NOW))
    assert waits == []
    assert len([c for c in stub.calls if c[0] == "order.searchList"]) == 1


def test_there_is_an_end_to_trying(stub, gateway, waits):
    stub.queue = [BUSY] * 99
    shop = client(gateway, waits)
    with pytest.raises(ShopUnavailable, match="20004"):
        list(shop.order_windows(NOW - 3600, NOW))
    assert len(stub.calls) <= 9
    assert sum(waits) <= 30


def test_a_dead_token_is_replaced_once_and_the_call_goes_through(stub, gateway, waits):
    shop = client(gateway, waits)
    list(shop.order_windows(NOW - 60, NOW))
    stub.good = "another"
    stub.rows = [order(1, NOW - 10)]
    assert lines(shop.order_windows(NOW - 60, NOW)) == ["1000001"]
    assert stub.tokens == 2


def test_eight_threads_with_a_dead_token_refresh_it_once(stub, gateway, waits, tmp_path):
    stub.rows = [order(1, NOW - 10)]
    shop = client(gateway, waits, token_file=tmp_path / "token.json")
    list(shop.order_windows(NOW - 60, NOW))
    stub.good = "expired meanwhile"
    found, together = [], threading.Barrier(8)

    def work():
        together.wait()
        found.append(lines(shop.order_windows(NOW - 60, NOW)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [["1000001"]] * 8
    assert stub.tokens == 2


def test_the_token_is_kept_for_the_next_start_and_only_for_its_owner(
    stub, gateway, waits, tmp_path
):
    file = tmp_path / "token.json"
    list(client(gateway, waits, token_file=file).order_windows(NOW - 60, NOW))
    list(client(gateway, waits, token_file=file).order_windows(NOW - 60, NOW))
    assert stub.tokens == 1
    assert file.stat().st_mode & 0o077 == 0


def test_windows_cover_the_time_without_a_gap_and_under_the_cap(stub, gateway, waits):
    stub.rows = [order(i, NOW - 20_000 + i * 7) for i in range(2500)]
    shop = client(gateway, waits, row_cap=400)
    windows = list(shop.order_windows(NOW - 86_400, NOW))
    assert windows[0].start == NOW - 86_400
    assert windows[-1].end == NOW
    assert all(a.end == b.start for a, b in itertools.pairwise(windows))
    assert lines(windows) == sorted(row["order_id"] for row in stub.rows)
    for method, params in stub.calls:
        if method == "order.searchList":
            assert (params["page"] + 1) * params["size"] <= 10_000
    assert max(window.orders for window in windows) <= 400


def test_a_second_with_more_rows_than_the_cap_is_said(stub, gateway, waits):
    stub.rows = [order(i, NOW - 50) for i in range(20)]
    shop = client(gateway, waits, row_cap=10)
    with pytest.raises(ShopUnavailable, match="10"):
        list(shop.order_windows(NOW - 60, NOW))


def test_after_a_look_at_the_first_the_last_page_is_read_first(stub, gateway, waits):
    stub.rows = [order(i, NOW - 500 + i) for i in range(250)]
    list(client(gateway, waits).order_windows(NOW - 600, NOW))
    pages = [p["page"] for m, p in stub.calls if m == "order.searchList"]
    assert pages == [0, 2, 1, 0]


def test_a_row_that_moves_out_while_paging_hides_no_other(stub, gateway, waits):
    """An order updated between two pages leaves the window; those behind it move forward."""
    stub.rows = [order(i, NOW - 500 + i) for i in range(250)]
    plain = stub.search

    def search(params):
        found = plain(params)
        if params["page"] == 2:  # the first page read: now an early order is updated
            stub.rows[3]["update_time"] = NOW + 5
        return found

    stub.search = search
    found = lines(client(gateway, waits).order_windows(NOW - 600, NOW))
    wanted = {row["order_id"] for row in stub.rows if row["update_time"] < NOW}
    assert wanted <= set(found)


def test_a_window_that_breaks_is_not_yielded(stub, gateway, waits):
    stub.rows = [order(i, NOW - 500 + i) for i in range(150)]
    shop = client(gateway, waits)
    windows = shop.order_windows(NOW - 600, NOW)
    stub.search = lambda params: (
        {"total": 150, "shop_order_list": []} if params["size"] == 1 else None
    )
    stub.queue = []
    with pytest.raises(ShopUnavailable):
        next(windows)


def test_nothing_older_than_the_platform_reaches_is_asked_for_and_it_is_said(stub, gateway, waits):
    windows = list(client(gateway, waits).order_windows(NOW - 200 * 86_400, NOW))
    asked = [p["update_time_start"] for m, p in stub.calls if m == "order.searchList"]
    assert min(asked) >= NOW - 90 * 86_400
    assert "90" in windows[0].problems[0].expected


def test_the_secret_and_the_token_are_in_no_message(stub, gateway, waits):
    stub.queue = [{"code": 40003, "sub_code": "isv.signature-invalid"}]
    shop = client(gateway, waits)
    with pytest.raises(ShopRefused) as caught:
        list(shop.order_windows(NOW - 60, NOW))
    said = str(caught.value) + repr(shop) + repr(Account("g", "k", SECRET, "1"))
    assert SECRET not in said
    unreachable = client("http://127.0.0.1:9", waits)
    with pytest.raises(ShopUnavailable) as caught:
        list(unreachable.order_windows(NOW - 60, NOW))
    assert "sign=" not in str(caught.value)
    assert SECRET not in str(caught.value)


def test_the_clock_is_the_platforms(stub, gateway, waits):
    account = Account(gateway, "7000000000000000001", SECRET, "46")
    shop = DoudianShop(account, clock=lambda: NOW - 4000.0, sleep=waits.append)
    list(shop.order_windows(NOW - 60, NOW))
    assert shop.clock() == NOW
