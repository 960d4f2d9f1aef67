# SPDX-License-Identifier: MIT
"""Whoever reaches a socket, with any bytes; and what people rely on."""
from defence import defence

HTTP1 = "src/wire/http1/http1.c"
H2 = "src/net/h2_budget.c"
DECODE = "src/wire/pb/pb_decode.c"
JSON = "src/wire/json/json_read.c"
TLS = "src/net/tls_server.c"
SLACK = "src/crypto/slack_signature.c"
ACCESS = "src/core/access/access.c"
SIGHT = "src/core/review/sight.c"

PARSER = "socket → HTTP/1.1 parser"
TWO_WAYS = "what_can_be_read_in_two_ways_is_refused"
SCOPES = "a right to write the directory or the control plane → more rights"

ROWS = [
    defence("access-closed", "caller → route, call", "access", "nobody_may_what_anyone_may",
            (ACCESS, "if (!principal->id || (principal->within.size > 0 && !holds_at(principal->within, place)))",
             "if (principal->within.size > 0 && !holds_at(principal->within, place))")),
    defence("access-place", "caller → route, call", "access", "a_grant_holds_at_its_place_and_below",
            (ACCESS, "        if (here && access_role_permits(grant->role, permission))\n",
             "        (void)here;\n        if (access_role_permits(grant->role, permission))\n")),
    defence("grant-narrow", SCOPES, "access", "a_key_for_less_hands_out_less", (ACCESS, "    if (!who.narrowed)\n", "    if (true)\n")),

    defence("parser-both", PARSER, "http1", TWO_WAYS,
            (HTTP1, "    if (head->have_coding)\n        return fault(head, 400, \"Transfer-Encoding is given more than once.\");\n", "")),
    defence("parser-number", PARSER, "http1", TWO_WAYS,
            (HTTP1, "        if (!ascii_digit(value.data[i]))\n            return fault(head, 400, \"Content-Length is not a number.\");\n",
             "        if (value.data[i] == 0)\n            return fault(head, 400, \"Content-Length is not a number.\");\n")),
    defence("parser-coding", PARSER, "http1", TWO_WAYS,
            (HTTP1, "    if (!bytes_equal_nocase(value, BYTES_LITERAL(\"chunked\")))\n", "    if (value.size == 0)\n")),
    defence("parser-name", PARSER, "http1", TWO_WAYS,
            (HTTP1, "    if (!http1_token_valid(name)) /* also", "    if (name.size == 0) /* also")),

    defence("frames-price", "socket → HTTP/2 frames", "h2_budget", "every_kind_of_frame_without_work_ends_the_connection",
            (H2, "[H2_FRAME_RST_STREAM] = {4, 0}", "[H2_FRAME_RST_STREAM] = {0, 0}")),
    defence("calls-size", "socket → gRPC", "grpc_wire", "the_prefix_is_judged_before_anything_is_stored",
            ("src/wire/grpc/grpc_message.c", "    return size_of(reader) > reader->message_size_max ? STATUS_TOO_LARGE : STATUS_OK;",
             "    return size_of(reader) > reader->message_size_max && !reader ? STATUS_TOO_LARGE : STATUS_OK;")),
    defence("decoder-text", "bytes → protobuf", "pb", "strings_have_to_be_utf8",
            (DECODE, "    if (!bytes_utf8_valid(in))\n", "    if (false)\n")),
    defence("decoder-depth", "bytes → protobuf", "pb", "nesting_has_a_limit",
            (DECODE, "    if (depth == 0)\n", "    if (depth == -1000)\n")),
    defence("json-twice", "bytes → JSON, forms", "json", "a_member_given_twice_is_refused_unless_asked_for",
            (JSON, "(limits->last_duplicate_wins ? 0 : JSON_REJECT_DUPLICATES)", "0")),
    defence("json-depth", "bytes → JSON, forms", "json", "every_limit_is_exact",
            (JSON, "            if (++depth > depth_max)\n", "            if (++depth > depth_max + 1)\n")),

    defence("list-empty", "peer → made scheduler", "allow_list", "nobody_comes_through_an_empty_list",
            ("src/net/allow_list.c", "            return true;\n    return false;\n}\n\nvoid allow_list_enforce",
             "            return true;\n    return list->count == 0;\n}\n\nvoid allow_list_enforce")),
    defence("list-bits", "peer → made scheduler", "allow_list", "networks_are_compared_by_their_bits",
            ("src/net/allow_list.c", "    return rest == 0 || (peer[whole] ^ entry->network[whole]) >> (8 - rest) == 0;", "    return rest <= 8;")),
    defence("slack-signature", "Slack → vote", "slack_signature", "test_nothing_else_holds",
            (SLACK, "    return secret_equal(bytes_of(own, sizeof own), signature);", "    return own[0] == 'v' && signature.size > 0;")),
    defence("slack-time", "Slack → vote", "slack_signature", "test_only_for_five_minutes",
            (SLACK, "    return age_s < SLACK_WINDOW_S && age_s > -SLACK_WINDOW_S;", "    return age_s > -SLACK_WINDOW_S;")),
    defence("tickets-share", "who reaches the port, or anybody who may sign in → directory", "tickets", "a_peer_has_a_share_and_all_have_an_end",
            ("src/svc/directory/tickets.c", "    if (own >= DEVICE_CODES_PEER_MAX)\n", "    if (own > DEVICE_CODES_MAX)\n")),
    defence("held-sight", "submitter → result that is held", "review_sight", "each_viewer_sees_what_is_theirs",
            (SIGHT, "    return is_theirs ? REVIEW_WHOLE : REVIEW_HELD;", "    return is_theirs || own ? REVIEW_WHOLE : REVIEW_HELD;")),
    defence("log-hidden", "names, causes → log", "log_line", "what_cannot_be_seen_is_shown",
            ("src/cmd/log_line.c", "        else if (hidden)\n            put_code(", "        else if (hidden && text.size == SIZE_MAX)\n            put_code(")),
    defence("terminal-clean", "code → reviewer's terminal", "cli_print", "control_characters_do_not_reach_a_terminal",
            ("src/cmd/cli/print.c", "size_t control = hidden_size(text, at);", "size_t control = 0;")),
]
