"""Every fault that can be played, by the stage of the exchange that it spoils."""

from __future__ import annotations

# Answers that any stage can be given instead of its own.
ANYWHERE = {
    "bad_gateway": "502 as an HTML page",
    "unavailable": "503 as an HTML page",
    "gateway_timeout": "504 as an HTML page",
    "server_error": "500 as JSON",
    "rate_limited": "429 with x-rate-limit-reset-at-utc `seconds` ahead (default 1)",
    "reset": "the connection is reset, nothing is sent",
    "not_found": "404; `times` gives how often",
    "unauthorized": "401, as after a rotated key",
    "slow": "the right answer, after `seconds`",
    "truncated": "half of the right answer, then the connection ends",
}
KINDS: dict[str, dict[str, str]] = {
    "submit": {  # those of ANYWHERE that are errors accept nothing here
        **ANYWHERE,
        "bad_request": "400",
        "no_credits": "402, or `status` 406",
        "answer_lost": "accepted, then the connection is closed without an answer",
        "bad_gateway_accepted": "accepted, but 502 as an HTML page",
        "gateway_timeout_accepted": "accepted, but 504 as an HTML page",
        "no_request_id": "accepted, but the 200 carries no request_id",
        "failed": "accepted, then FAILED at once for a `reason` (REASONS below), or with `text`",
        "failed_late": "the same, but only after the whole time that a generation takes",
        "cost_differs": "accepted, and billed `usd` instead of the price; with `failed`, a failure that is billed",
    },
    "sync": ANYWHERE,  # v1: errors accept nothing, `slow` and `truncated` are billed; the 504 by itself is a setting
    "poll": {
        **ANYWHERE,
        "json_list": "200 with a JSON list",
        "unknown_status": "200 with a status word nobody knows (`text`)",
        "never_finishes": "this generation stays PROCESSING and is never billed",
        "record_expired": "this request is forgotten already, the history still knows it",
        "failed_as_200": "this generation's FAILED comes with 200 instead of 422",
    },
    "result": {
        **ANYWHERE,
        "no_url": "COMPLETED without any url",
        "output_list": "`output` is a list and there is no `video`",
        "output_object": "`output` is an object and there is no `video`",
        "elsewhere": "the address is `location` (default: the same file under another host name)",
    },
    "legacy": ANYWHERE,
    "download": {
        **ANYWHERE,
        "forbidden": "403",
        "cut_short": "half of the file under the full Content-Length",
        "cut_short_undeclared": "half of the file, no Content-Length, a clean end",
        "html": "200 with an HTML page",
        "empty": "200 with no bytes",
        "corrupt": "as many bytes as the file has, but noise",
        "overlong": "the file ten times over under the Content-Length of one",
        "repeated": "the file ten times over, no Content-Length",
        "mistyped": "the file, called text/html",
        "gzip": "the file, with content-encoding: gzip",
        "redirect": "302 to `location` (default: the same file under another host name)",
        "slow_drip": "the file in small pieces, `seconds` apart",
        "no_range": "a Range request gets the whole file with 200",
    },
    "history": {
        **ANYWHERE,
        "late": "this generation's row lands `seconds` later than usual",
        "never": "this generation has no row",
        "body_as_string": "request_body is a JSON string",
        "query_stripped": "request_body's video_url has lost its query",
        "prompt_cut": "request_body's prompt is cut to 20 characters",
        "duplicated": "the row comes twice",
        "null_cost": "credits_deduction stays null",
    },
    "credits": {
        **ANYWHERE,
        "drops": "the balance is `usd` lower, without a row or a generation",
    },
    "upload": ANYWHERE,  # errors store nothing
}
# These stay with a generation: bound to the next one submitted, or at once to the ones that `match` names.
STAYING = {
    "submit": {"failed", "failed_late", "cost_differs"},
    "poll": {"never_finishes", "record_expired", "failed_as_200"},
    "history": set(KINDS["history"]) - set(ANYWHERE),
}
REASONS = {
    "input_invalid": "Validation error: video duration must be between 3 and 10 seconds.",
    "media_unreachable": "Reference media rejected: could not download the video (HTTP 403).",
    "moderation": "The request was rejected: failure to pass the content risk control of the platform (1301).",
    "capacity": "Upstream error 1303: parallel task over resource pack limit, please try again later.",
    "unknown": "Something went wrong.",
}
