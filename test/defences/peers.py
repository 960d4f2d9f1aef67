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
    defence("frames-fields", "socket → HTTP/2 frames", "h2_budget", "indexed_headers_are_paid_for_as_they_unfold",
            (H2, "    return field_size / FIELD_UNIT_SIZE;", "    return field_size / FIELD_UNIT_SIZE / 10;")),
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

    defence("tls-versions", "peer → TLS", "scenario/tls", "Agreed.test_old_versions_are_refused",
            (TLS, "    SSL_CTX_set_security_level(tls, SECURITY_LEVEL);\n", "    SSL_CTX_set_security_level(tls, 0);\n"),
            ("src/net/tls_client.c", "SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION)", "SSL_CTX_set_min_proto_version(tls, TLS1_VERSION)"),
            note="OpenSSL's level of security refuses old versions, too; both are out"),
    defence("tls-ciphers", "peer → TLS", "scenario/tls", "Agreed.test_weak_ciphers_are_refused",
            (TLS, '"ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK"', '"ALL"')),
    defence("list-empty", "peer → made scheduler", "allow_list", "nobody_comes_through_an_empty_list",
            ("src/net/allow_list.c", "            return true;\n    return false;\n}\n\nvoid allow_list_enforce",
             "            return true;\n    return list->count == 0;\n}\n\nvoid allow_list_enforce")),
    defence("list-bits", "peer → made scheduler", "allow_list", "networks_are_compared_by_their_bits",
            ("src/net/allow_list.c", "    return rest == 0 || (peer[whole] ^ entry->network[whole]) >> (8 - rest) == 0;", "    return rest <= 8;")),
    defence("port-owner", "other user of this machine → commands", "port_owner", "test_all_who_could_answer_are_trusted_or_nobody_is",
            ("src/net/port_owner.c", "    return user == 0;\n", "    return user == 0 || user != UINT64_MAX;\n")),
    defence("port-listener", "other user of this machine → commands", "port_owner", "test_all_who_could_answer_are_trusted_or_nobody_is",
            ("src/net/port_owner.c", "if ((listens || is_peer) && !is_trusted(", "if (is_peer && !is_trusted(")),
    defence("template-steps", "caller → deployment templates", "unit/template", "values_that_double_are_held_up",
            ("src/core/template/scope.c", "    scope->budget->steps--;\n", ""),
            ("src/core/template/scope.c", "        return template_spend(scope, weight);\n", "        return true;\n"),
            note="steps and bytes are spent from one budget; both are out"),
    defence("slack-signature", "Slack → vote", "slack_signature", "test_nothing_else_holds",
            (SLACK, "    return secret_equal(bytes_of(own, sizeof own), signature);", "    return own[0] == 'v' && signature.size > 0;")),
    defence("slack-time", "Slack → vote", "slack_signature", "test_only_for_five_minutes",
            (SLACK, "    return age_s < SLACK_WINDOW_S && age_s > -SLACK_WINDOW_S;", "    return age_s > -SLACK_WINDOW_S;")),
    defence("tickets-share", "who reaches the port, or anybody who may sign in → directory", "tickets", "a_peer_has_a_share_and_all_have_an_end",
            ("src/svc/directory/tickets.c", "    if (own >= DEVICE_CODES_PEER_MAX)\n", "    if (own > DEVICE_CODES_MAX)\n")),
    defence("held-sight", "submitter → result that is held", "review_sight", "each_viewer_sees_what_is_theirs",
            (SIGHT, "    return is_theirs ? REVIEW_WHOLE : REVIEW_HELD;", "    return is_theirs || own ? REVIEW_WHOLE : REVIEW_HELD;")),
    defence("decision-shown", "decision → reviewer", "decision", "what_is_admitted",
            ("src/svc/app/decision.c", "    return fits ? DECISION_ADMITTED : DECISION_MISFIT;", "    (void)fits;\n    return DECISION_ADMITTED;")),
    defence("redirect-machine", "redirect of a sign-in → the page's policy", "sign_in", "Case.test_a_code_needs_its_verifier_and_counts_once",
            ("src/svc/directory/sign_in_pages.c", "    if (!sign_in_redirect_valid(redirect))", "    if (!redirect)")),
    defence("messages-hidden", "request's texts → messages", "notice_format", "test_text_of_others_is_visible_and_cut",
            ("src/core/notice/format/words.c", "} else if (hidden_size(text, at) > 0) {", "} else if (hidden_size(text, at) > 9) {")),
    defence("agent-approved", "agent → `/mcp`", "mcp_message", "output_is_given_out_after_an_approval_only",
            ("src/svc/mcp/mcp_tools.c", "bool approved = mcp_request_approved(request);", "bool approved = mcp_request_approved(request) || request;")),
    defence("agent-names", "agent → `/mcp`", "mcp_message", "a_uri_cannot_leave_its_place",
            ("src/svc/mcp/mcp_resources.c", "    percent_encode(&exchange->target, id, NULL);", "    buf_append_bytes(&exchange->target, id);")),
    defence("listener-loopback", "listener → network", "command", "Commands.test_addresses_that_others_can_reach_need_a_yes",
            ("src/cmd/part_port.c", 'setting_flag(server->settings, "auth") || setting_flag(server->settings, "insecure-no-auth"),', "true,"),
            note="not seen red yet"),
    defence("result-number", "session → who reads its result", "result_check", "values_are_scalars_or_images",
            ("src/svc/pool/session/result_check.c", "        if (!number_is_safe(value.json))\n", "        if (!number_is_safe(value.json) && false)\n")),
    defence("crash-synced", "crash → durable state", "power_cut", "test_each_set_is_synced_before_it_is_reported",
            ("src/db/sqlite.c", 'options->sync_off ? "OFF" : "FULL"', 'options->sync_off ? "OFF" : "NORMAL"')),
]
