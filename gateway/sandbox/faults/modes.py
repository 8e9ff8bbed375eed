"""The table of all modes of faults, with their parameters."""

from gateway.sandbox.calls import ENDPOINTS, Endpoint
from gateway.sandbox.faults import inconsistent, payload, wire
from gateway.sandbox.faults.mode import Mode, Parameter, fraction, text, whole, word

_PAGES: tuple[Endpoint, ...] = ("promotionData", "promotionsV2", "promotionsV3")
_AUTHENTICATED = tuple(endpoint for endpoint in ENDPOINTS if endpoint != "token")
_ITEM = whole("item", 0, 99, None)
_KEY = "the name of a key"
_COUNT = whole("totals", -(10**12), 10**12)


def _total(text: str) -> int | str:
    if text in {"null", "missing"}:
        return text
    count: int = _COUNT.read(text)
    return count


_WIRE = (
    Mode(
        "status",
        "answers with this HTTP status in the endpoint's place",
        wire.status,
        ENDPOINTS,
        whole("status", 200, 599),
        (
            word("body", "none", "documented", "html", default="none"),
            whole("code", 0, 999_999, None),
            text("retry_after", "seconds, an HTTP date, or date+<seconds> for the date then", None),
            text("location", "a URL; an origin gets the call's path and query", None),
        ),
    ),
    Mode("reset", "resets the connection before a byte", wire.reset, ENDPOINTS),
    Mode("disconnect", "ends the connection before a byte", wire.disconnect, ENDPOINTS),
    Mode(
        "truncate",
        "ends the connection within the body",
        wire.truncate,
        ENDPOINTS,
        None,
        (word("framing", "length", "chunked", default="length"), fraction("at", 0.5)),
    ),
    Mode("hang", "never answers", wire.hang, ENDPOINTS),
    Mode(
        "lost_answer",
        "does what is asked, and loses the answer",
        wire.lost_answer,
        ENDPOINTS,
        word("lost_answer", "disconnect", "reset", "hang", "gateway", default="disconnect"),
    ),
    Mode(
        "slow",
        "waits so many milliseconds before the answer",
        wire.slow,
        ENDPOINTS,
        whole("slow", 0, 600_000),
    ),
    Mode(
        "drip",
        "sends the body a few bytes at a time",
        wire.drip,
        ENDPOINTS,
        None,
        (whole("bytes_per_s", 1, 100_000_000, 100),),
    ),
    Mode(
        "huge",
        "puts so many bytes of blanks before the body",
        wire.huge,
        ENDPOINTS,
        whole("huge", 1, wire.MAX_PADDING, 20_000_000),
    ),
    Mode(
        "gzip_bomb",
        "sends a small gzip body that inflates to so many bytes",
        wire.gzip_bomb,
        ENDPOINTS,
        whole("gzip_bomb", 1, wire.MAX_PADDING, 100_000_000),
    ),
)
_PAYLOAD = (
    Mode(
        "cut_json", "cuts the JSON short", payload.cut_json, ENDPOINTS, None, (fraction("at", 0.5),)
    ),
    Mode("array", "answers with a list that holds the object", payload.array, ENDPOINTS),
    Mode(
        "missing", "leaves a key out", payload.missing, ENDPOINTS, text("missing", _KEY), (_ITEM,)
    ),
    Mode("null", "makes a key null", payload.null, ENDPOINTS, text("null", _KEY), (_ITEM,)),
    Mode(
        "retype",
        "gives a key's value another type",
        payload.retype,
        ENDPOINTS,
        text("retype", _KEY),
        (word("as", *payload.TYPES, default="object"), _ITEM),
    ),
    Mode(
        "unknown_enum",
        "puts an unknown word in an enum's place, or in all enums'",
        payload.unknown_enum,
        (*_PAGES, "promotionById", "promotionV3"),
        text("unknown_enum", _KEY, None),
        (_ITEM,),
    ),
    Mode(
        "id_words",
        "writes ids that are numbers as text, or as a word",
        payload.id_words,
        ENDPOINTS,
        text("id_words", _KEY, payload.ALL),
        (word("as", "text", "word", default="text"), _ITEM),
    ),
    Mode(
        "duplicate_keys",
        "writes a key twice, or all of them",
        payload.duplicate_keys,
        ENDPOINTS,
        text("duplicate_keys", _KEY, payload.ALL),
    ),
    Mode(
        "deep",
        "nests a key's value so deep",
        payload.deep,
        ENDPOINTS,
        whole("deep", 1, 1_000_000, 100_000),
        (text("key", _KEY, "pageDetails"),),
    ),
    Mode(
        "digits",
        "makes a key's value an integer of so many digits",
        payload.digits,
        ENDPOINTS,
        whole("digits", 1, 1_000_000, 5_000),
        (text("key", _KEY, "totalEntries"),),
    ),
    Mode(
        "surrogate",
        "ends a key's texts with half a surrogate pair",
        payload.surrogate,
        ENDPOINTS,
        text("surrogate", _KEY, "description"),
    ),
    Mode(
        "invalid_utf8",
        "puts bytes that are no UTF-8 in a key's text",
        payload.invalid_utf8,
        ENDPOINTS,
        text("invalid_utf8", _KEY, "description"),
    ),
)
_INCONSISTENT = (
    Mode(
        "other_customer",
        "answers with another customer's page, or with another customerId",
        inconsistent.other_customer,
        ("promotionData",),
        text("other_customer", "another customer's externalId", "C-EVERYWHERE"),
        (word("part", "whole", "id", default="whole"),),
    ),
    Mode(
        "totals",
        "tells a wrong total",
        inconsistent.totals,
        _PAGES,
        Parameter("totals", f"{_COUNT.allowed}, null or missing", _total),
    ),
    Mode(
        "duplicates", "repeats the page before's last item first", inconsistent.duplicates, _PAGES
    ),
    Mode(
        "ignore_limit",
        "answers with pages of this size, whatever is asked",
        inconsistent.ignore_limit,
        _PAGES,
        whole("ignore_limit", 1, 100, 100),
    ),
    Mode(
        "short_pages",
        "answers with so few items, whatever is asked",
        inconsistent.short_pages,
        _PAGES,
        whole("short_pages", 0, 99, 1),
    ),
    Mode(
        "short_token",
        "hands out a token that lives so many seconds, whatever it says",
        inconsistent.short_token,
        ("token",),
        whole("short_token", 0, 86_400, 0),
    ),
    Mode(
        "revoke_token",
        "forgets the call's token, and answers 401",
        inconsistent.revoke_token,
        _AUTHENTICATED,
    ),
)
MODES = {mode.name: mode for mode in (*_WIRE, *_PAYLOAD, *_INCONSISTENT)}
