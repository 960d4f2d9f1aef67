# SPDX-License-Identifier: MIT
"""What must fail in a review: the rows of that chapter of THREATS.md, in its order."""
from defence import defence

VOTE = "src/store/review/review_vote.c"
TALLY = "src/core/policy/tally.c"
CONFIRM = "src/svc/confirm/confirm_service.c"
LINK = "src/crypto/confirm_link.c"
SITE = "src/wire/http1/site.c"
HTML = "web/src/parts/Html.tsx"
PAGE_SERVICE = "src/svc/page/page_service.c"

LOOK = "approval by a look"
LINKS = "links that are replayed or over"
BYTES = "a vote on other bytes"
OWN = "one's own request"
GUESSED = "guessed ids"
CROSS_SITE = "CSRF, clickjacking, DNS rebinding"
NAMES = "file names"
HIDDEN = "src/base/hidden.c"
SSRF = "SSRF by a webhook"
LINES = "lines of a log, a terminal's commands"
CLOCK = "a clock that is set back"
SCRIPT = "XSS"
STRANGERS = "Page.test_what_strangers_write_is_not_the_page"

ROWS = [
    defence("look-method", LOOK, "review_abuse", "Looks.test_a_look_decides_nothing_on_any_route",
            ("src/net/http_route.c", "return head || bytes_equal_cstr(method, route->method);",
             'return head || bytes_equal_cstr(method, "GET") || bytes_equal_cstr(method, route->method);')),
    defence("look-page-token", LOOK, "confirm", "Links.test_what_only_opens_a_link_decides_nothing",
            (CONFIRM, "if (!token || !confirm_link_page_holds(", "if (false && !confirm_link_page_holds(")),

    defence("links-signature", LINKS, "confirm", "Links.test_a_link_that_was_changed_is_none",
            (LINK, "    return sign(key, purpose, text, own) && secret_equal(bytes_of(own, sizeof own), mac);",
             "    return sign(key, purpose, text, own) && mac.size > 0;")),
    defence("links-end", LINKS, "confirm_link", "test_counts_for_its_time_and_key_only",
            (LINK, "if (now_s >= link.expires_s)", "if (false && now_s >= link.expires_s)")),
    defence("links-once", LINKS, "confirm", "Links.test_a_replayed_form_votes_once",
            (VOTE, "if (vote->once && has_voted(", "if (false && has_voted(")),
    defence("links-own-page", "confirm link → vote", "confirm", "Links.test_a_page_is_of_its_own_link",
            (LINK, "    buf_append_bytes(&text, token);\n    return buf_status(&text)",
             "    (void)token;\n    return buf_status(&text)"),
            (CONFIRM, "if (!manifest || strcmp(manifest, visit->link.manifest) != 0)", "if (!manifest)"),
            note="the page's token and the manifest in its form hold each other's line; both are out"),

    defence("bytes-manifest", BYTES, "review_model", "Model.test_a_vote_names_what_it_saw",
            (VOTE, "if (!hash_fits(vote->manifest_sha256, ", "if (false && !hash_fits(vote->manifest_sha256, ")),
    defence("bytes-link", BYTES, "confirm", "Links.test_another_manifest_is_told_and_not_voted_on",
            (VOTE, "if (!hash_fits(vote->manifest_sha256, ", "if (false && !hash_fits(vote->manifest_sha256, ")),

    defence("own-key", OWN, "people", "OnePerson.test_ones_own_request_by_a_second_key",
            (TALLY, "    return !own;", "    (void)own;\n    return true;")),
    defence("own-agent", OWN, "people", "OnePerson.test_neither_an_agent_nor_whom_it_works_for_approves",
            (TALLY, " ||\n               called(voter, bytes_trim(matter->on_behalf_of));", ";")),
    defence("own-two-keys", OWN, "people", "OnePerson.test_two_keys_of_one_person_are_one_vote",
            (TALLY, "return known ? bytes_equal(one->principal, other->principal) :", "return known ? false :")),
    defence("own-groups", OWN, "people", "OnePerson.test_a_change_of_groups_between_votes_makes_nobody_two",
            (TALLY, "return known ? bytes_equal(one->principal, other->principal) :", "return known ? false :")),

    defence("guessed-read", GUESSED, "people", "Sight.test_a_refusal_does_not_tell_whether_there_is_such_a_request",
            ("src/svc/app/requests_get.c", "if (book_exchange_sight(&own_of(exchange)->base) == REVIEW_HIDDEN)", "if (false)")),
    defence("guessed-vote", GUESSED, "people", "Sight.test_a_refusal_does_not_tell_whether_there_is_such_a_request",
            (VOTE, "return !vote->viewer || review_sight", "return true || review_sight")),

    defence("keys-line", "1,000 keys a second", "guess_line", "whoever_tries_many_stands_in_line",
            ("src/net/guess_line.c", "if (wait_ns > GUESS_WAIT_MAX_NS)", "if (wait_ns > 10 * GUESS_WAIT_MAX_NS)")),

    defence("site-origin", CROSS_SITE, "people", "Browser.test_a_change_wants_the_token_and_our_own_origin",
            (SITE, "if (request->origin.data && !origin_is_own(site, request))", "if (false && !origin_is_own(site, request))")),
    defence("site-host", CROSS_SITE, "web_page", "Bytes.test_other_host_names_are_misdirected",
            (SITE, "if (request->host.data && !site_knows(site, request->host))", "if (false)")),
    defence("site-fetch", "web page → local server", "web_page", "Bytes.test_requests_of_other_sites_are_refused",
            (SITE, "if (!request->fetch_site.data || fetch_site_is_own(request->fetch_site))",
             "if (true || fetch_site_is_own(request->fetch_site))")),
    defence("site-token", CROSS_SITE, "people", "Browser.test_a_change_wants_the_token_and_our_own_origin",
            ("src/svc/page/page_sign_in.c", "bool ours = shown->origin.size > 0 && secret_equal(shown->token, bytes_of_cstr(token_of(&found)));",
             "bool ours = shown->origin.size > 0;")),
    defence("site-frame", CROSS_SITE, "confirm", "Links.test_a_link_shows_and_its_form_decides",
            ("src/svc/confirm/confirm_visit.c", "\"frame-ancestors 'none'\"", "\"frame-ancestors *\"")),
    defence("site-frame-page", CROSS_SITE, "page_1", "Page.test_its_policy_lets_nothing_in",
            (PAGE_SERVICE, "frame-ancestors 'none'; ", "frame-ancestors *; ")),

    defence("names-above", NAMES, "files", "Files.test_names_that_lead_elsewhere_are_refused",
            ("src/core/pool/file_path.c", ' || bytes_equal_cstr(name, "..")', "")),
    defence("names-hidden", NAMES, "files", "Files.test_names_that_lead_elsewhere_are_refused",
            ("src/svc/app/inputs.c", "if (hidden_in(said))", "if (false && hidden_in(said))")),
    defence("names-nul", NAMES, "files", "Files.test_names_that_lead_elsewhere_are_refused",
            (HIDDEN, "    if (byte < 0x20 || byte == 0x7f)", "    if ((byte && byte < 0x20) || byte == 0x7f)"),
            ("src/core/pool/file_path.c", "if (name.data[i] < 0x20 ||", "if ((name.data[i] && name.data[i] < 0x20) ||"),
            note="the pool's names and those of a submission are looked at by themselves; both are out"),
    defence("output-nul", "code → reviewer's terminal", "review_view", "nothing_is_hidden_behind_a_nul_or_turned_round",
            (HIDDEN, "    if (byte < 0x20 || byte == 0x7f)", "    if ((byte && byte < 0x20) || byte == 0x7f)")),
    defence("names-absolute", NAMES, "files", "Files.test_names_that_lead_elsewhere_are_refused",
            ("src/svc/app/inputs.c", "if (absolute || !**ret_path)", "if ((false && absolute) || !**ret_path)")),
    defence("names-twice", NAMES, "files", "Files.test_rp54_what_code_makes_of_names_and_links",
            ("src/svc/pool/files/session_files.c", "return S_ISREG(st->st_mode) && st->st_nlink == 1;", "return S_ISREG(st->st_mode);")),

    defence("ssrf-address", SSRF, "webhooks", "Webhooks.test_rp_42_no_way_into_the_network",
            ("src/core/notice/place.c", "if (*ret_kind == NOTICE_ADDRESS_PUBLIC || notice_hosts_name(hosts, place))", "if (true)")),
    defence("ssrf-name", SSRF, "webhooks", "Webhooks.test_rp_42_a_name_that_leads_inside",
            ("src/core/notice/place.c", "if (*ret_kind == NOTICE_ADDRESS_PUBLIC || notice_hosts_name(hosts, place))", "if (true)")),
    defence("ssrf-redirect", "server → receiver of a webhook", "webhooks", "Webhooks.test_rp_42_a_redirect_is_not_followed",
            ("src/svc/webhook/sender.c", "CURLOPT_FOLLOWLOCATION, 0L", "CURLOPT_FOLLOWLOCATION, 1L")),

    defence("patterns-steps", "patterns that take for ever", "policy_condition", "test_bombs_are_bounded",
            ("src/core/policy/pattern.c", "if (work->left <= moved)", "if (false)"), hangs=True),
    defence("patterns-unknown", "patterns that take for ever", "policy_condition", "test_bombs_are_bounded",
            ("src/core/policy/pattern.c", "return found >= 0 ? POLICY_YES : POLICY_UNKNOWN;", "(void)found;\n    return POLICY_YES;")),

    defence("comments-end", "huge comments", "review_abuse", "Long.test_a_comment_has_an_end",
            ("src/svc/app/limit_values.h", "#define APP_COMMENT_SIZE_MAX 4000", "#define APP_COMMENT_SIZE_MAX 4001")),

    defence("ten-readers", "10,000 that wait", "review_abuse", "Ten.test_ten_thousand_wait_and_hundreds_do_not_listen",
            ("src/svc/app/limit_values.h", "#define APP_EVENTS_QUEUE_SIZE_MAX ((size_t)256 << 10)",
             "#define APP_EVENTS_QUEUE_SIZE_MAX ((size_t)4 << 20)"),
            note="not seen red yet"),
    defence("readers-queue", "readers that never read", "event_streams", "who_does_not_read_is_full_until_they_do",
            ("src/net/event_streams.c", "> stream->streams->limits.queue_size_max;", "> SIZE_MAX - 1;")),
    defence("readers-shared", "reader of a run → server, other readers", "output", "Output.test_rp61_two_hundred_readers_that_do_not_read_hold_up_nobody",
            ("src/net/event_streams.c", "> stream->streams->limits.queue_size_max;", "> SIZE_MAX - 1;"),
            note="not seen red yet"),

    defence("lines-log", LINES, "log_line", "what_cannot_be_seen_is_shown",
            ("src/cmd/log_line.c", "        else if (hidden)\n            put_code(", "        else if (hidden && text.size == SIZE_MAX)\n            put_code(")),
    defence("lines-terminal", LINES, "cli_print", "control_characters_do_not_reach_a_terminal",
            ("src/cmd/cli/print.c", "size_t control = hidden_size(text, at);", "size_t control = 0;")),

    defence("forged-foreign", "a forged report of effects", "runs", "Foreign.test_rp06_what_a_foreign_pool_does_not_give_is_not_reported",
            ("src/svc/app/pool_execute.c", "pool_answer_read(buf_peek(&drive.run.response), execution->operation != NULL, ret_run, err)",
             "pool_answer_read(buf_peek(&drive.run.response), true, ret_run, err)")),

    defence("race-decided", "50 clients that decide at once", "review_model", "Model.test_fifty_clients_race",
            (VOTE, "if (move.verdict == REVIEW_DECIDED)", "if (false)"),
            (VOTE, "if (move.verdict != REVIEW_MOVED)", "if (false)"),
            note="who comes late is refused as decided before, or else as too early; both are out"),

    defence("clock-key", CLOCK, "review_steered", "Clock.test_a_clock_that_is_set_back",
            ("src/svc/directory/key_end.c", "if (!key->expires_ns || now_ns < key->expires_ns || key->revoked_ns)",
             "if (now_ns || key->revoked_ns)")),
    defence("clock-link", CLOCK, "review_steered", "Clock.test_a_clock_that_is_set_back",
            ("src/os/clock.c", "return monotonic_ns + MAX(difference, known);", "return monotonic_ns + difference;")),

    defence("script-text", SCRIPT, "page_1", STRANGERS,
            (HTML, '<pre class="out" tabIndex={0} role="region" aria-label={`${name}, HTML`}>\n        {visible(html.slice(0, PREVIEW_MOST))}\n      </pre>',
             '<pre class="out" tabIndex={0} role="region" aria-label={`${name}, HTML`} dangerouslySetInnerHTML={{ __html: visible(html.slice(0, PREVIEW_MOST)) }} />'),
            only="nothing that strangers write runs or is a link, wherever it is shown",
            note="not seen red yet"),
    defence("script-hidden", SCRIPT, "page_1", STRANGERS,
            ("web/src/format/text.ts", "return text.replace(HIDDEN, (character) =>", "return text.replace(HIDDEN, (character) => character !== '' ? character :"),
            only="nothing that strangers write runs or is a link, wherever it is shown",
            note="not seen red yet"),
    defence("script-policy", SCRIPT, "page_1", "Page.test_its_policy_lets_nothing_in",
            (PAGE_SERVICE, "script-src 'self'; ", "script-src 'self' 'unsafe-inline'; ")),
    defence("script-sealed", SCRIPT, "page_1", STRANGERS,
            (HTML, ' sandbox="" src=', " src="),
            only="nothing that strangers write runs or is a link, wherever it is shown",
            note="not seen red yet"),

    defence("alike-frame", "a run that looks like our own page", "page_1", STRANGERS,
            (HTML, ' sandbox="" src=', " src="),
            only="a run that looks like the page is an output of a run, and decides nothing"),

    defence("entry-savepoint", "something without its entry", "review_entry", "each_kind_is_in_the_transaction_of_what_it_tells",
            ("src/db/sqlite.c", '"ROLLBACK TO part"', '"SAVEPOINT other"')),
]
