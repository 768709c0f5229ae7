"""What may be sold of each platform SKU: never more together than there is."""

from hypothesis import given, settings
from hypothesis import strategies as st

from stockbook.domain.records import UNMAPPED, ShopStock
from stockbook.domain.sellable import (
    ELSEWHERE,
    NO_CODE,
    STEPPED,
    UNCOUNTED,
    UNTOLD,
    Facts,
    allowed,
    largest_remainder,
    offers,
    share_out,
    spread,
)

CODES, LISTINGS = ("A", "B", "C"), tuple("12345")
UNITS = st.integers(-20, 60)
MADE_OF = st.dictionaries(
    st.sampled_from(LISTINGS),
    st.dictionaries(st.sampled_from(CODES), st.integers(1, 3), min_size=1).map(
        lambda d: tuple(sorted(d.items()))
    ),
    min_size=1,
)
STOCK = st.tuples(st.integers(0, 60), st.integers(0, 20))


def shown(key, spot, activity=0, **more):
    return ShopStock(key, f"9{key}", spot=spot, activity=activity, **more)


@st.composite
def shops(draw):
    free = {(code, ""): draw(UNITS) for code in CODES if draw(st.integers(0, 9))}
    facts = Facts(
        free,
        draw(MADE_OF),
        {key: draw(st.integers(0, 50)) for key in LISTINGS},
        {code: draw(st.integers(0, 9)) for code in CODES if draw(st.booleans())},
        draw(st.integers(0, 5)),
        draw(st.sampled_from((0.0, 0.1, 0.5))),
    )
    stocks = [shown(key, *draw(STOCK)) for key in LISTINGS]
    return stocks, facts


def promised(found, facts, extra):
    """Units of each component that buyers could order, if `extra` says what is shown."""
    total = dict.fromkeys(facts.free, 0)
    for offer in found:
        for part, n in offer.parts:
            if part in total:
                total[part] += n * (offer.activity + extra(offer))
    return total


@given(shops())
@settings(max_examples=400)
def test_together_they_promise_no_more_than_is_sellable(shop):
    stocks, facts = shop
    found = offers(stocks, facts)
    target = promised(found, facts, lambda o: o.spot if o.alone else o.target)
    beyond = promised(found, facts, lambda o: o.spot if o.alone else 0)
    for part, units in target.items():
        assert units <= max(facts.sellable(part), beyond[part])


@given(shops())
def test_what_was_never_counted_or_has_no_code_is_left_alone(shop):
    stocks, facts = shop
    for offer in offers(stocks, facts):
        parts = [part for part, _ in offer.parts]
        known = parts and all(part in facts.free for part in parts)
        assert (offer.target is None) == (not known)
        assert offer.step == 0 or known


@given(shops(), st.data())
@settings(max_examples=400)
def test_whatever_decrease_is_refused_no_increase_promises_a_unit_twice(shop, data):
    stocks, facts = shop
    found = offers(stocks, facts)
    done = [o for o in found if o.step < 0 and data.draw(st.booleans())]
    now = {o.pool: o.spot for o in found} | {o.pool: o.target for o in done}
    rises = allowed(found, facts, {o.pool: o.target for o in done})
    after = promised(found, facts, lambda o: now[o.pool] + rises.get(o.pool, 0))
    before = promised(found, facts, lambda o: now[o.pool])
    for part, units in after.items():
        assert units <= max(facts.sellable(part), before[part])
    assert all(n >= 0 for n in rises.values())
    assert all(now[o.pool] + rises.get(o.pool, 0) <= max(o.target, now[o.pool])
               for o in found if o.target is not None)  # fmt: skip


@given(shops(), st.integers(1, 20))
def test_one_listing_alone_shows_more_when_there_is_more(shop, more):
    stocks, facts = shop
    one = [stocks[0]]
    richer = Facts({part: n + more for part, n in facts.free.items()}, facts.made_of, facts.sales,
                   facts.buffer, facts.buffer_units, facts.buffer_share)  # fmt: skip
    ((before,), (after,)) = offers(one, facts), offers(one, richer)
    assert before.target is None or after.target >= before.target


@given(st.integers(0, 500), st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_every_unit_is_shared_and_the_total_rises_with_what_there_is(units, weights):
    by = {(str(i), ""): w for i, w in enumerate(weights)}
    shares = largest_remainder(units, by)
    assert sum(shares.values()) == units
    exact = {key: units * w / sum(weights) for key, w in by.items()}
    assert all(abs(shares[key] - exact[key]) < 1 for key in by)


@given(shops())
def test_nothing_that_someone_could_use_is_left_over(shop):
    _, facts = shop
    users = {(key, ""): {(c, ""): n for c, n in parts} for key, parts in facts.made_of.items()
             if all((c, "") in facts.free for c, _ in parts)}  # fmt: skip
    units = {part: facts.sellable(part) for part in facts.free}
    got = share_out(units, users, dict.fromkeys(users, 1))
    left = {part: n - sum(got[u] * users[u].get(part, 0) for u in users)
            for part, n in units.items()}  # fmt: skip
    assert all(n >= 0 for n in left.values())
    assert not any(all(left[p] >= n for p, n in takes.items()) for takes in users.values())


def one(stock, facts):
    (offer,) = offers([stock], facts)
    return offer


def test_an_activity_is_promised_already():
    facts = Facts({("A", ""): 10}, {"1": (("A", 1),)})
    assert one(shown("1", 10, 4), facts).target == 6
    assert one(shown("1", 3, 12), facts).target == 0


def test_the_larger_buffer_counts_and_an_own_one_wins():
    facts = Facts({("A", ""): 40}, {"1": (("A", 1),)}, buffer_units=3, buffer_share=0.2)
    assert one(shown("1", 0), facts).target == 32
    own = Facts({("A", ""): 40}, {"1": (("A", 1),)}, {}, {"A": 0}, 3, 0.2)
    assert one(shown("1", 0), own).target == 40


def test_listings_of_one_code_share_by_what_they_sold():
    facts = Facts({("A", ""): 10}, dict.fromkeys("12", (("A", 1),)), {"1": 8, "2": 0})
    first, second = offers([shown("1", 0), shown("2", 0)], facts)
    assert (first.target, second.target) == (9, 1)


def test_a_kit_leaves_to_others_what_its_scarce_part_keeps_it_from_using():
    facts = Facts({("A", ""): 20, ("B", ""): 1}, {"1": (("A", 1),), "2": (("A", 2), ("B", 1))})
    single, kit = offers([shown("1", 0), shown("2", 0)], facts)
    assert (single.target, kit.target) == (18, 1)


def test_each_warehouse_has_its_own_and_others_are_the_main_one():
    facts = Facts({("A", ""): 9, ("A", "GZ"): 2}, {"1": (("A", 1),)}, apart=frozenset({"GZ"}))
    stock = shown("1", 12, by_warehouse=True, houses=(("GZ", 5), ("X1", 3), ("X2", 4)))
    found = {o.house: o for o in offers([stock], facts)}
    assert {house: (o.spot, o.target) for house, o in found.items()} == {"GZ": (5, 2), "": (7, 9)}
    assert spread(found[""], 2) == [("X2", 2)]
    assert spread(found[""], -6) == [("X2", -4), ("X1", -2)]
    assert spread(found["GZ"], -3) == [("GZ", -3)]


def test_reasons_for_leaving_alone_are_told_apart():
    facts = Facts(
        {("A", ""): 9, ("B", "GZ"): 2, ("B", "SZ"): 2},
        {"1": (("A", 1),), "2": (("Z", 1),), "3": ((UNMAPPED + "3", 1),), "4": (("B", 1),)},
        apart=frozenset({"GZ", "SZ"}),
    )
    assert one(shown("1", None, missing=("stock_num",)), facts).alone == UNTOLD
    assert one(shown("1", 4, missing=("prehold_stock_num",)), facts).alone == ""
    assert one(shown("1", 0, stepped=True), facts).alone == STEPPED
    assert one(shown("2", 4), facts).alone == UNCOUNTED
    assert one(shown("3", 4), facts).alone == NO_CODE
    assert one(shown("4", 4), facts).alone == ELSEWHERE
    assert one(shown("5", 4), facts).alone == NO_CODE


def test_nothing_rises_beside_a_listing_whose_stock_is_not_told():
    facts = Facts({("A", ""): 10}, dict.fromkeys("12", (("A", 1),)))
    found = offers([shown("1", 0), shown("2", None, missing=("stock_num",))], facts)
    assert found[0].step > 0
    assert allowed(found, facts, {}) == {found[0].pool: 0}
