"""Hostile documents by the number of something, or by what they would cause."""

from collections.abc import Iterator

from tests.security.documents import (
    BY,
    COMPLEX,
    INPUT,
    INVALID,
    LONG,
    Case,
    customer,
    each,
    fragments,
    nested,
)

LISTED = "query($ids:[ID!]!){nodes(ids:$ids){id}}"
PAGES = 'query($n:Int){customer(by:{mobile:"1"}){promotions(first:$n){nodes{RICH}}}}'
ISSUES = "enrolments{issues{issueId issuedAt expiresAt eventLogId redemptions{kind max used}}}"


def width() -> Iterator[Case]:
    """Many of the same."""
    yield Case("10,000 aliases", "{" + each(10_000, "aN:__typename") + "}", COMPLEX)
    yield Case("600 aliases", customer(each(600, "aN:id")), COMPLEX)
    yield Case("31 aliases", customer(each(31, "aN:id")), COMPLEX)
    yield Case("21 root fields", "{" + each(21, "program(programId:N){id}") + "}", COMPLEX)
    yield Case("1,900 root fields", "{" + "__typename " * 1_900 + "}", COMPLEX)
    yield Case("5,000 unknown fields", customer(each(5_000, "xN")), COMPLEX)
    yield Case("1,900 unknown fields", customer(each(1_900, "xN")), INVALID)
    yield Case("1,900 nearly known fields", customer(each(1_900, "customerI")), COMPLEX)
    yield Case("600 unknown arguments", "{customer(" + each(600, "aN:1") + "){id}}", INVALID)
    yield Case("600 equal arguments", "{customer(" + "by:1 " * 600 + "){id}}", INVALID)
    yield Case("51 directives", "{__typename" + "@skip(if:true)" * 51 + "}", COMPLEX)
    yield Case("50 directives", "{__typename" + "@skip(if:true)" * 50 + "}", INVALID)
    yield Case("50 unknown directives", "{__typename" + each(50, "@aN") + "}", INVALID)
    yield Case("450 variables", "query(" + each(450, "$vN:Int") + "){__typename}", INVALID)
    yield Case("450 equal variables", "query(" + "$v:Int " * 450 + "){__typename}", INVALID)
    yield Case("450 unknown types", "query(" + each(450, "$vN:TN") + "){__typename}", INVALID)
    yield Case(
        "400 undefined variables",
        customer(each(25, f"aN:promotions(first:$v{'x' * 200}N){{totalCount}}")),
        INVALID,
    )
    yield Case("1,000 operations", each(1_000, "query QN{__typename}"), COMPLEX)
    yield Case("390 operations", each(390, "query QN{__typename}"), "BAD_REQUEST")
    yield Case("390 equal operations", "query Q{__typename}" * 390, INVALID)
    yield Case("390 nameless operations", "{__typename}" * 390, INVALID)
    yield Case("600 unknown inline types", "{" + each(390, "...on TN{x}") + "}", COMPLEX)
    yield Case("300 unknown types", customer(each(300, "...on TN{id}")), INVALID)
    yield Case("900 unknown spreads", customer(each(900, "...TN")), INVALID)
    yield Case("600 input fields", "{customer(by:{" + each(600, "aN:1") + "}){id}}", INPUT)
    yield Case("600 equal input fields", "{customer(by:{" + "mobile:1 " * 600 + "}){id}}", INVALID)
    yield Case("600 wrong items", "{customers(by:[" + "1 " * 600 + "]){id}}", INPUT)
    yield Case("21 customers", "{customers(by:[" + '{mobile:"1"}' * 21 + "]){id}}", LONG)
    yield Case("21 nodes", "{nodes(ids:[" + each(21, '"N"') + "]){id}}", LONG)
    yield Case("1,900 nodes", "{nodes(ids:[" + "1 " * 1_900 + "]){id}}", LONG)
    yield Case(
        "101 programs", customer(f"promotions(programIds:[{each(101, 'N')}]){{drift}}"), INPUT
    )
    yield Case("a long search", customer(f'promotions(search:"{"x" * 5_000}"){{drift}}'), INPUT)
    accents = "\u0301" * 256
    yield Case("256 accents", customer(f'promotions(search:"{accents}"){{drift}}'), INPUT)
    validity = "validity:[" + "CURRENT " * 50 + "]"
    tabs = " ".join(f"a{tab}:promotions({validity}){{drift}}" for tab in range(30))
    yield Case("30 pages of 50 values of validity", customer(tabs), None)


def variables() -> Iterator[Case]:
    """Many or strange variables."""
    yield Case("21 nodes by variable", LISTED, LONG, {"ids": ["a"] * 21})
    yield Case("100,000 nodes by variable", LISTED, COMPLEX, {"ids": ["a"] * 100_000})
    yield Case("1,900 wrong nodes", LISTED, INPUT, {"ids": [None] * 1_900})
    yield Case("2,001 variables", "{__typename}", COMPLEX, {f"v{i}": 1 for i in range(2_001)})
    yield Case("2,000 variables", "{__typename}", None, {f"v{i}": 1 for i in range(2_000)})
    yield Case("100,000 lists", "{__typename}", COMPLEX, {"v": [[]] * 100_000})
    yield Case("a long key", LISTED, INPUT, {"ids": [{"x" * 1_000_000: 1}]})
    yield Case("a long id", LISTED, INPUT, {"ids": ["x" * 1_000_000]})
    yield Case("400 digits", PAGES.replace("RICH", "id"), INPUT, {"n": 10**400})
    yield Case("below zero", PAGES.replace("RICH", "id"), INPUT, {"n": -1})
    yield Case("a page of 2^31-1", PAGES.replace("RICH", "id"), INPUT, {"n": 2**31 - 1})


def spreads() -> Iterator[Case]:
    """Fragments that multiply, and fragment cycles."""
    doubling = fragments(41, "...NEXT ...NEXT", "__typename")
    yield Case("40 fragments, each the next twice", "{...F0}" + doubling, None)
    yield Case(
        "40 fragments, each the next twice, aliased",
        "{...F0}" + fragments(41, "aN:__typename ...NEXT ...NEXT", "x"),
        COMPLEX,
    )
    twice = "edges{node{customer{promotions{...NEXT}}}} nodes{customer{promotions{...NEXT}}}"
    yield Case(
        "pages in pages",
        customer("promotions{...F0}")
        + fragments(5, twice, "totalCount", "CustomerPromotionConnection"),
        COMPLEX,
    )
    both = "...on Promotion{program{...NEXT}} ...on Program{id}"
    yield Case(
        "all types at each level",
        '{node(id:"a"){...F0}}' + fragments(40, both + "...{...NEXT}", "id", "Node"),
        COMPLEX,
    )
    yield Case(
        "a ring of 1,000 fragments", "{...F0}" + fragments(1_000, "...NEXT", "...F0"), COMPLEX
    )
    yield Case("a ring of 50 fragments", "{...F0}" + fragments(50, "...NEXT", "...F0"), INVALID)
    yield Case(
        "a ring of 50, each the next twice",
        "{...F0}" + fragments(50, "...NEXT ...NEXT", "...F0 ...F1"),
        INVALID,
    )
    yield Case(
        "a ring through fields",
        customer("...F0")
        + fragments(
            30,
            "promotions{nodes{customer{...NEXT}}}",
            "promotions{nodes{customer{...F0}}}",
            "Customer",
        ),
        INVALID,
    )
    yield Case("a fragment in itself", "{...F0}fragment F0 on Query{...F0}", INVALID)
    yield Case("a fragment in itself, not spread", "{x}fragment F on Query{a{...F}}", INVALID)
    knot = " ".join(f"...F{i}" for i in range(30))
    yield Case(
        "30 fragments, each in each",
        "{...F0}" + " ".join(f"fragment F{i} on Query{{{knot}}}" for i in range(30)),
        INVALID,
    )
    fan = [" ".join(f"...F{j}" for j in range(i + 1, 40)) for i in range(40)]
    yield Case(
        "40 fragments, each all later ones",
        "{...F0}"
        + " ".join(
            f"fragment F{i} on Query{{{later or '__typename'}}}" for i, later in enumerate(fan)
        ),
        COMPLEX,
    )
    yield Case("51 fragments", "{...F0}" + fragments(51, "...NEXT", "__typename"), COMPLEX)
    yield Case("50 fragments in a chain", "{...F0}" + fragments(50, "...NEXT", "__typename"), None)
    yield Case("50 fragments that nobody spreads", "{x}" + fragments(50, "x", "x"), INVALID)
    yield Case("50 fragments of one name", "{...F}" + "fragment F on Query{x}" * 50, INVALID)


def overlaps() -> Iterator[Case]:
    """Fields of one response key, which validation compares in pairs."""
    page = "promotions{nodes{promotion{program{id}}}} "
    yield Case("1,900 times id", customer("id " * 1_900), COMPLEX)
    yield Case("400 pages", customer("promotions{totalCount} " * 400), COMPLEX)
    yield Case("160 deep fields", customer(page * 160), COMPLEX)
    yield Case("390 inline fragments", customer("...on Customer{id}" * 390), COMPLEX)
    yield Case(
        "200 times other arguments",
        "{" + "customer(by:{mobile:1}){id}" + customer(each(200, "promotions(first:N){drift}"))[1:],
        COMPLEX,
    )
    same = "id " * 38
    yield Case(
        "45 fragments of 38 equal fields",
        customer(each(45, "...FN")) + each(45, f"fragment FN on Customer{{{same}}}"),
        COMPLEX,
    )
    yield Case(
        "20 fragments of deep fields",
        customer(each(20, "...FN")) + each(20, f"fragment FN on Customer{{{page * 5}}}"),
        COMPLEX,
    )
    other = "promotions(first:N){nodes{id}} "
    yield Case(
        "40 fragments that conflict",
        customer(each(40, "...FN")) + each(40, f"fragment FN on Customer{{{other}}}"),
        INVALID,
    )
    yield Case("under one alias", "{" + "a:__typename a:customer " * 9 + "}", INVALID)


def dear() -> Iterator[Case]:
    """Small documents with large results."""
    fields = each(30, "aN:fields{name type{name ofType{name}} args{name}}")
    yield Case("the schema 30 times over", f"{{__schema{{types{{{fields}}}}}}}", COMPLEX)
    yield Case("dear by its variable", PAGES.replace("RICH", ISSUES * 4), COMPLEX, {"n": 100})
    yield Case(
        "20 rich customers",
        "query($by:[CustomerIdentifier!]!){customers(by:$by)"
        f"{{promotions(first:100){{nodes{{{ISSUES}}}}}}}}}",
        COMPLEX,
        {"by": [{"mobile": "1"}] * 20},
    )
    yield Case(
        "pages below a page",
        customer(
            "promotions(first:100){nodes{customer{promotions("
            "first:100){nodes{id promotion{name description type event}}}}}}"
        ),
        COMPLEX,
    )
    yield Case(
        "a hundred rulesets",
        "{program(programId:1){promotions(first:100){nodes{definition"
        "{rulesets{rules{outcomes{actions{properties{name value}}}}}}}}}}",
        COMPLEX,
    )
    yield Case(
        "20 large pages",
        "{"
        + each(
            20,
            f"aN:customer({BY}){{promotions(first:100)"
            "{nodes{promotion{"
            + "id name type event startsAt endsAt " * 2
            + "isActive}"
            + "restrictions{measure scope limit{kind max used remaining}}"
            + "}}}",
        )
        + "}",
        COMPLEX,
    )
    yield Case(
        "edges and nodes in turns",
        customer(
            "promotions{"
            + nested("edges{node{customer{promotions(first:100){", "totalCount", "}}}}", 3)
            + "}"
        ),
        COMPLEX,
    )


def wide() -> Iterator[Case]:
    """Return all of them."""
    for kind in (width, variables, spreads, overlaps, dear):
        yield from kind()
