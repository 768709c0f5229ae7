"""What each table of the analysis says, in one sentence: the answer, or what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from stockbook.domain.analysis_tables import Analysis
from stockbook.domain.channels import Channel
from stockbook.domain.language import Label, say

WEEKDAYS = (
    Label("周一", "Mon"), Label("周二", "Tue"), Label("周三", "Wed"), Label("周四", "Thu"),
    Label("周五", "Fri"), Label("周六", "Sat"), Label("周日", "Sun"),
)  # fmt: skip
STEADY = 0.05  # a change below it is none
MOST_LETTERS = 14  # of a name in a sentence


def told(found: Analysis, names: Mapping[str, str]) -> Analysis:
    """Return the analysis with its sentences."""
    sentences: dict[str, Callable[[Analysis], str]] = {
        "daily": _daily, "weekly": _weekly, "hourly": _hourly, "weekdays": _weekdays,
        "channels": _channels, "hosts": _hosts, "ranking": _ranking, "matrix": _matrix,
        "prices": _prices, "refunds": _refunds, "newcomers": _newcomers,
        "refund_skus": _refund_skus, "ramp": _ramp, "conversion": _conversion,
        "provinces": _provinces, "visits": _visits, "audience": _audience, "uplift": _uplift,
    }  # fmt: skip
    said = {key: sentence(found) for key, sentence in sentences.items()}
    said |= {"split": _split(found, names.get(found.chosen) or found.chosen)}
    said |= {"season": _season(found)}
    return replace(found, said={key: text[:1].upper() + text[1:] for key, text in said.items()})


def brief(name: str) -> str:
    """Return a name short enough for a sentence.

    Example:
        >>> brief("每日坚果礼盒 新国风 两袋装 加大版")
        '每日坚果礼盒 新国风 两袋…'
    """
    return name if len(name) <= MOST_LETTERS else name[: MOST_LETTERS - 1] + "…"


def share(value: float) -> str:
    """Return a share in words.

    Example:
        >>> share(0.4), share(0.004), share(0.0)
        ('40%', '0.4%', '0%')
    """
    return f"{value:.1%}" if 0 < abs(value) < 0.01 else f"{value:.0%}"  # noqa: PLR2004


def yuan(value: float) -> str:
    """Return an amount in words.

    Example:
        >>> yuan(123456), yuan(980)
        ('12.3万元', '980元')
    """
    large = 10_000
    if abs(value) >= large:
        return say(f"{value / large:.1f}万元", f"CNY {value / 1000:,.0f}k")
    return say(f"{value:,.0f}元", f"CNY {value:,.0f}")


def _moved(now: float, before: float) -> str:
    if np.isnan(before) or before <= 0:
        return ""
    change = now / before - 1
    if abs(change) < STEADY:
        return say("，和前 28 天差不多", ", about as in the 28 before")
    up = change > 0
    return say(
        f"，比前 28 天{'多' if up else '少'} {share(abs(change))}",
        f", {share(abs(change))} {'more' if up else 'less'} than the 28 before",
    )


def _none() -> str:
    return say("还没有已付款的订单：先拉取或导入订单", "no paid orders yet: pull or import orders")


def _daily(a: Analysis) -> str:
    if a.daily["revenue_yuan"].dropna().empty:
        return _none()
    best = a.daily.tail(28).dropna(subset="revenue_yuan").sort_values("revenue_yuan").iloc[-1]
    day, f = best["date"], a.figures
    text = say(
        f"近 28 天卖了 {yuan(f.revenue_yuan)}{_moved(f.revenue_yuan, f.revenue_before)}；"
        f"最高是 {day.month}月{day.day}日，{yuan(best['revenue_yuan'])}",
        f"{yuan(f.revenue_yuan)} in 28 days{_moved(f.revenue_yuan, f.revenue_before)}; "
        f"best: {day:%d %b}, {yuan(best['revenue_yuan'])}",
    )
    if f.days >= 14:  # noqa: PLR2004 - two weeks
        return text
    return text + say(f"（只有 {f.days} 天数据）", f" (only {f.days} days known)")


def _weekly(a: Analysis) -> str:
    if len(a.weekly) < 2:  # noqa: PLR2004
        return say("满两个整周后显示", "needs two whole weeks of sales")
    last, before = a.weekly["revenue_yuan"].iloc[-1], a.weekly["revenue_yuan"].iloc[-2]
    change = last / before - 1 if before > 0 else 0.0
    return say(
        f"上周 {yuan(last)}，比前一周 {change:+.0%}",
        f"{yuan(last)} last week, {change:+.0%} on the week before",
    )


def _hourly(a: Analysis) -> str:
    if a.hourly.empty:
        return _none()
    top = a.hourly.sort_values("units", ascending=False, kind="stable").head(3)
    hours = sorted(top["hour"])
    listed = "、".join(str(h) for h in hours), ", ".join(str(h) for h in hours)
    part = share(top["share"].sum())
    return say(
        f"{listed[0]} 点卖得最多，这三个小时占全天的 {part}",
        f"most is sold at {listed[1]} o'clock: {part} of the day in these three hours",
    )


def _weekdays(a: Analysis) -> str:
    if a.weekdays.empty:
        return say("满两周后显示", "needs two weeks of sales")
    revenue = a.weekdays["revenue_yuan"].to_numpy()
    days = a.weekdays["weekday"].to_numpy()
    best, worst = int(days[revenue.argmax()]), int(days[revenue.argmin()])
    top, low = float(revenue.max()), float(revenue.min())
    more = top / low - 1 if low > 0 else 0.0
    return say(
        f"{WEEKDAYS[best]}最好，比最淡的{WEEKDAYS[worst]}多 {share(more)}",
        f"{WEEKDAYS[best]} is best, {share(more)} above {WEEKDAYS[worst]}",
    )


def _channels(a: Analysis) -> str:
    known = a.channels[a.channels["channel"] != ""]
    if known.empty:
        return say(
            "订单里没有来源：导出订单时勾选 流量体裁、流量来源、达人昵称 再导入一次",
            "orders tell no channel: export 流量体裁, 流量来源, 达人昵称, too, and import again",
        )
    top = known.iloc[0]
    label = Channel(top["channel"]).label
    told_of = share(top["share"])
    return say(f"{label}最多，占 {told_of}", f"{label} brings most: {told_of}") + say(
        "（按买家实付）", " (of what buyers paid)"
    )


def _hosts(a: Analysis) -> str:
    if a.hosts.empty:
        return say("近 28 天的订单里没有达人", "no hosts in the orders of 28 days")
    top = a.hosts.iloc[0]
    return say(
        f"{len(a.hosts)} 位达人；{brief(top['author'])} 带来 {share(top['share'])} 的销售额",
        f"{len(a.hosts)} hosts; {brief(top['author'])} brings {share(top['share'])} of all revenue",
    )


def _ranking(a: Analysis) -> str:
    if a.ranking.empty:
        return _none()
    n = int((a.ranking["abc"] == "A").sum())
    part = a.ranking["cumulative"].iloc[n - 1]
    return say(
        f"{len(a.ranking)} 个商品里，前 {n} 个带来 {share(part)} 的销售额（近 91 天）",
        f"of {len(a.ranking)} SKUs the first {n} bring {share(part)} of the revenue (91 days)",
    )


def _matrix(a: Analysis) -> str:
    if a.ranking.empty:
        return _none()
    n = int(((a.ranking["abc"] == "A") & (a.ranking["xyz"] == "X")).sum())
    z = int(((a.ranking["abc"] == "A") & (a.ranking["xyz"] == "Z")).sum())
    return say(
        f"{n} 个卖得多又稳（AX）：少备勤补；{z} 个卖得多但忽高忽低（AZ）：多留缓冲",
        f"{n} sell much and evenly (AX): order often; {z} sell much but unevenly (AZ): buffer",
    )


def _prices(a: Analysis) -> str:
    if a.prices.empty:
        return say(
            "没有哪个商品的实付价变动够大、卖得够久（至少 42 天有销量、价差 5%）：算不出价格影响",
            "no SKU's price moved enough for long enough (42 days with sales, 5 % spread) to tell",
        )
    sure = a.prices[a.prices["high"] < 0]
    if sure.empty:
        return say(
            f"看了 {len(a.prices)} 个商品，降价能不能多卖都说不准",
            f"{len(a.prices)} SKUs: none shows surely that a lower price sells more",
        )
    effect = (0.9 ** sure["elasticity"].median()) - 1
    return say(
        f"{len(sure)} 个商品降价确实多卖：便宜 10%，销量大约 {effect:+.0%}（中位数）",
        f"{len(sure)} SKUs surely sell more when cheaper: 10 % off, about {effect:+.0%} units",
    )


def _refunds(a: Analysis) -> str:
    f = a.figures
    if np.isnan(f.refund_rate):
        return _none()
    text = say(
        f"近 91 天退款率 {share(f.refund_rate)}，其中发货前 {share(f.refund_before_shipping)}",
        f"{share(f.refund_rate)} of units refunded in 91 days, "
        f"{share(f.refund_before_shipping)} before shipping",
    )
    if a.refunds.empty:
        return text + say("；单个商品都不足 20 件", "; no SKU has 20 units yet")
    top = a.refunds.iloc[0]
    return text + say(
        f"；最高 {brief(top['name'])} {share(top['rate'])}",
        f"; highest: {brief(top['name'])} {share(top['rate'])}",
    )


def _newcomers(a: Analysis) -> str:
    if a.newcomers.empty:
        return say("近 60 天没有新品（或数据还不够长）", "nothing new in 60 days (or too few days)")
    grown = int((a.newcomers["last_week"] > a.newcomers["first_week"] * (1 + STEADY)).sum())
    return say(
        f"{len(a.newcomers)} 个新品，{grown} 个最近一周比第一周卖得好",
        f"{len(a.newcomers)} new SKUs; {grown} sell better now than in their first week",
    )


def _refund_skus(a: Analysis) -> str:
    if a.refunds.empty:
        return say("每个商品付款满 20 件后显示", "needs 20 units paid of a SKU")
    return say("只列付款 20 件以上的商品", "SKUs of which 20 units or more were paid")


def _ramp(a: Analysis) -> str:
    if a.ramp.empty:
        return ""
    n, first, now = len(a.newcomers), a.ramp["units"].iloc[0], a.ramp["units"].iloc[-1]
    return say(
        f"{n} 个新品平均：第 1 天 {first:.1f} 件，第 {len(a.ramp)} 天 {now:.1f} 件",
        f"mean of {n}: {first:.1f} on day 1, {now:.1f} on day {len(a.ramp)}",
    )


def _conversion(a: Analysis) -> str:
    if a.conversion.empty:
        return ""
    return say("缺货的时间不算，看商品本身的吸引力", "without the hours in which it was sold out")


def _provinces(a: Analysis) -> str:
    named = a.provinces[a.provinces["province"] != ""]
    if named.empty:
        return say(
            "订单里没有省份：导出订单时勾选 省 再导入一次（只保留省）",
            "orders tell no province: tick 省 when exporting (the province alone is kept)",
        )
    top = "、".join(named["province"].head(3))
    return say(
        f"{top} 最多，合计 {share(named['share'].head(3).sum())}（近 91 天）",
        f"{top} bring {share(named['share'].head(3).sum())} (91 days)",
    )


def _visits(a: Analysis) -> str:
    if a.visits.empty:
        return say(
            "还没有流量数据：从 电商罗盘 导出商品流量，用 导入订单文件 导入",
            "no traffic yet: export product traffic from 电商罗盘 and import the file",
        )
    known = a.visits.dropna(subset=["conversion"])
    if known.empty:
        return say(
            "流量文件里没有成交人数：算不出转化率", "the files tell no buyers: no conversion"
        )
    rate = (known["conversion"] * known["visitors"]).sum() / known["visitors"].sum()
    text = say(f"每 100 个访客 {rate * 100:.1f} 个下单", f"{rate * 100:.1f} of 100 visitors buy")
    short = a.conversion[a.conversion["sellable"] < 0.9]  # noqa: PLR2004 - a tenth of the hours
    if short.empty:
        return text
    worst = short.sort_values("sellable").iloc[0]
    return text + say(
        f"；{brief(worst['name'])} 有 {share(1 - worst['sellable'])} 的访客来时缺货，"
        f"有货时转化 {share(worst['conversion_in_stock'])}",
        f"; {share(1 - worst['sellable'])} of those of {brief(worst['name'])} found it sold out",
    )


def _audience(a: Analysis) -> str:
    if a.audience.empty:
        return say(
            "还没有买家画像：从 电商罗盘 导出（性别、年龄、城市等级、省份的占比）再导入",
            "no buyer profile yet: export shares by sex, age, city tier from 电商罗盘, import",
        )
    tops = a.audience.sort_values("share", ascending=False).drop_duplicates("kind").head(3)
    return "、".join(f"{segment} {share(s)}" for segment, s in
                    zip(tops["segment"], tops["share"], strict=True))  # fmt: skip


def _uplift(a: Analysis) -> str:
    if a.uplift.empty:
        return say(
            "过一次大促或活动后，这里比较各类活动多卖了多少",
            "after a first festival or promotion its uplift stands here",
        )
    top = a.uplift.sort_values("factor", ascending=False).iloc[0]
    return say(
        f"{top['event']} 最猛：销量是平日的 {top['factor']:.1f} 倍",
        f"{top['event']} is strongest: {top['factor']:.1f} times a usual day",
    )


def _split(a: Analysis, name: str) -> str:
    trend, name = a.split["trend"].dropna(), brief(name)
    if len(trend) < 8:  # noqa: PLR2004 - a week and a day
        text = say("有销量满三周后显示", "needs three weeks of sales")
        return f"{name}　{text}" if name else text
    now, before = trend.iloc[-1], trend.iloc[-min(29, len(trend))]
    span = min(28, len(trend) - 1)
    change = now / before - 1 if before > 0 else 0.0
    moved = (
        say("基本持平", "steady")
        if abs(change) < STEADY
        else say(f"{'涨' if change > 0 else '跌'}了 {share(abs(change))}", f"{change:+.0%}")
    )
    bursts = int((a.split["units"] > a.split["shown"]).tail(91).sum())
    apart = int((a.split["counted"] == 0).tail(91).sum())
    notes = []
    if bursts:
        notes.append(say(f"{bursts} 个爆单日只画到平日的 4 倍", f"{bursts} bursts are cut"))
    if apart:
        notes.append(say(f"{apart} 天大促或缺货不算趋势", f"{apart} event or empty days apart"))
    cut = say(f"（{'，'.join(notes)}）", f" ({', '.join(notes)})") if notes else ""
    return say(
        f"{name}　每天约 {now:.1f} 件，{span} 天来{moved}{cut}",
        f"{name}: about {now:.1f} a day, {moved} in {span} days{cut}",
    )


def _season(a: Analysis) -> str:
    if a.season.empty:
        return say("有销量满三周后显示", "needs three weeks of sales")
    best = int(a.season["change"].to_numpy().argmax())
    return say(
        f"{WEEKDAYS[best]}最旺，比平常{a.season['change'].max():+.0%}",
        f"{WEEKDAYS[best]} is strongest: {a.season['change'].max():+.0%}",
    )
