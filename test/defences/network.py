# SPDX-License-Identifier: MIT
"""Who comes over the network and says who they are: tokens, sign-in, rights, the control plane."""
from defence import defence

TOKEN = "src/store/directory/token.c"
JWT = "src/wire/jose/jwt.c"
JOSE = "src/crypto/jose.c"
ACCESS = "src/core/access/access.c"
DOOR = "src/svc/directory/door.c"
GRANT = "src/svc/directory/sign_in_token.c"
IDENTITY = "src/svc/directory/managed_identity.c"
HUBS = "src/svc/scheduler/scheduler_hub_admin.c"
RESOURCE = "src/core/resource/resource_id.c"

CREDENTIALS = "credentials → principal"
GUESSES = "who guesses → token service"
ENDS = "a role that ends → open stream"
IDENTITIES = "program → managed identity"
IDS = "caller → resource ids"
GRANTS = "caller → grants"
NARROWED = "who makes a narrowed key → a key that may everything"
DIRECTORY = "src/store/directory/directory.c"
SPENT = "    if (set->verbs[at] == DIRECTORY_REPLACE && there && is_spent(there))\n"
CODE_AGAIN = ("        tickets_end_family(&sign_in->ends, ticket->family);\n"
              "    if (!person || is_spent(sign_in, ticket) || !is_of_client(ticket, form) || !redirect ||")
ALGORITHM = "    if (!fits(key, jwt_header_text(jwt, \"alg\")))\n"
SIGNATURE = "    if (!jws || !cjose_jws_verify(jws, key->jwk, &cause))\n"

ROWS = [
    defence("key-mistyped", NARROWED, "openapi", "SignedIn.test_what_no_shape_allows_is_refused",
            ("src/svc/directory/people_request.c", "if (sound && people_check(request, root, fields))", "if (sound && (fields || people_check(request, root, fields)))")),
    defence("token-audience", CREDENTIALS, "sign_in", "Case.test_a_token_counts_at_its_audience_only",
            (ACCESS, "if (!principal->id || (principal->within.size > 0 && !holds_at(principal->within, place)))", "if (!principal->id)")),
    defence("token-tenant", CREDENTIALS, "token", "our_key_alone_is_not_enough",
            (TOKEN, 'if (!bytes_equal_cstr(jwt_text(jwt, "tid"), directory_tenant(keys->directory)->id) ||', "if (")),
    defence("token-issuer", CREDENTIALS, "token", "our_key_alone_is_not_enough",
            (TOKEN, '!is_own_issuer(keys, jwt_text(jwt, "iss")))', '(!is_own_issuer(keys, jwt_text(jwt, "iss")) && false))')),
    defence("token-none", CREDENTIALS, "jose", "the_token_does_not_choose_its_algorithm",
            (JOSE, SIGNATURE, "    if (!jws)\n"), (JOSE, ALGORITHM, "    if (!fits(key, jwt_header_text(jwt, \"alg\")) && !key)\n"),
            note="cjose refuses what is not of the key, too; both are out: alg none, HS256 with the public key"),
    defence("token-forged", CREDENTIALS, "sign_in", "Case.test_forged_tokens_are_nobodys",
            (JOSE, SIGNATURE, "    if (!jws)\n")),
    defence("token-key-id", CREDENTIALS, "sign_in", "Case.test_forged_tokens_are_nobodys",
            (TOKEN, "if (id.size > 0 && bytes_equal_cstr(id, jose_key_id(keys->at[i].key)))", "if (true || id.size > 0)"),
            (JOSE, SIGNATURE, "    if (!jws)\n"),
            note="a key id that points elsewhere finds no key; with any key the signature would not fit; both are out"),
    defence("token-critical", CREDENTIALS, "jwt", "what_two_readers_may_see_otherwise_is_refused",
            (JWT, ' || json_object_get(jwt.header, "crit"))', ")")),
    defence("token-over", CREDENTIALS, "token", "a_token_counts_at_its_place_for_an_hour",
            (JWT, "if (now_s >= seconds + leeway_s)", "if (false)")),
    defence("token-early", CREDENTIALS, "jwt", "a_token_says_what_it_says",
            (JWT, '(!jwt_seconds(jwt, "nbf", &seconds) || seconds > now_s + leeway_s))', '!jwt_seconds(jwt, "nbf", &seconds))')),
    defence("token-in-url", CREDENTIALS, "sign_in", "Case.test_credentials_in_a_url_are_none",
            ("src/net/http_read.c", '    struct bytes authorization = sole_header(request, "authorization");\n',
             '    struct bytes authorization = sole_header(request, "authorization");\n    if (!authorization.data)\n'
             '        authorization = bytes_slice(http_request_query_string(request), sizeof "authorization", SIZE_MAX);\n'),
            (DOOR, "    if (!bytes_starts_with_nocase(authorization, scheme))\n        return (struct bytes){0};\n",
             "    if (!bytes_starts_with_nocase(authorization, scheme))\n        return authorization;\n"),
            note="nothing reads the URL for credentials: what is put in does, without the word Bearer"),

    defence("secret-logged", "secrets → logs, files, processes", "sign_in", "Case.test_errors_repeat_no_secret_and_no_child_shows_one",
            (DOOR, "    char hash[SECRET_HASH_SIZE + 1];\n    secret_hash(credentials, hash);\n    struct door_entry *entry = map_get",
             "    char hash[SECRET_HASH_SIZE + 1];\n    log_info(AREA, \"shown %.*s\", BYTES_FMT(credentials));\n    secret_hash(credentials, hash);\n"
             "    struct door_entry *entry = map_get"),
            note="nothing logs what was shown: what is put in does"),
    defence("code-verifier", GUESSES, "sign_in", "Case.test_a_code_needs_its_verifier_and_counts_once",
            (GRANT, "    return secret_equal(buf_peek(&text), bytes_of_cstr(challenge));", "    return buf_peek(&text).size > 0;")),
    defence("code-once", GUESSES, "sign_in", "Case.test_a_code_needs_its_verifier_and_counts_once",
            (GRANT, CODE_AGAIN, "        (void)0;\n    if (!person || !is_of_client(ticket, form) || !redirect ||"), (DIRECTORY, SPENT, "    if (false && is_spent(there))\n"),
            note="a code that is shown again ends its family, and with it itself, and the directory uses no ticket twice; all are out"),
    defence("code-family", GUESSES, "sign_in", "Case.test_a_code_needs_its_verifier_and_counts_once",
            (GRANT, CODE_AGAIN, "        (void)0;\n    if (!person || is_spent(sign_in, ticket) || !is_of_client(ticket, form) || !redirect ||")),
    defence("ticket-once", GUESSES, "directory", "a_ticket_is_used_and_answered_once", (DIRECTORY, SPENT, "    if (false && is_spent(there))\n")),
    defence("ticket-at-once", GUESSES, "sign_in", "Case.test_of_those_who_show_a_code_or_a_token_at_once_one_has_tokens",
            (DIRECTORY, SPENT, "    if (false && is_spent(there))\n")),
    defence("family-at-once", GUESSES, "sign_in", "Case.test_of_those_who_show_a_code_or_a_token_at_once_one_has_tokens",
            (GRANT, "    if (status == STATUS_FAILED_PRECONDITION)\n", "    if (false)\n")),
    defence("family-whole", GUESSES, "tickets", "what_is_handed_out_while_a_family_ends_goes_with_it",
            ("src/svc/directory/tickets.c", "    if (!goes_on || !end_some(", "    if (true || !goes_on || !end_some(")),
    defence("code-redirect", GUESSES, "sign_in", "Case.test_a_code_needs_its_verifier_and_counts_once",
            (GRANT, "        strcmp(redirect, ticket->redirect) != 0 ||\n", "")),

    defence("role-stream", ENDS, "sign_in", "Case.test_a_role_that_is_taken_ends_a_workers_stream",
            (DOOR, "    if (door->options.on_change)\n", "    if (false)\n")),
    defence("key-stream", ENDS, "sign_in", "Case.test_a_key_that_is_revoked_ends_its_streams",
            (DOOR, "    if (door->options.on_change)\n", "    if (false)\n")),

    defence("name-taken", "who makes people → grants meant for others", "sign_in", "Case.test_nobody_is_found_in_somebody_elses_place",
            ("src/svc/directory/people_request.c", "    if (!name || !people_find(directory, bytes_of_cstr(name), &other))\n", "    if (true || !people_find(directory, bytes_of_cstr(name), &other))\n")),
    defence("name-hidden", "who makes people → grants meant for others", "sign_in", "Case.test_nobody_is_found_in_somebody_elses_place",
            ("src/svc/directory/people_request.c", " && !hidden_in(text) &&", " &&")),
    defence("taken-seat", "a right to write the directory or the control plane → more rights", "sign_in", "Case.test_nobody_rises_by_writing_the_directory",
            ("src/svc/directory/people_groups.c", "        !people_may_grant(context, request, BYTES_LITERAL(\"/\"))) /* as whoever adds one */\n", "        false)\n")),
    defence("taken-roles", "a right to write the directory or the control plane → more rights", "sign_in", "Case.test_nobody_rises_by_writing_the_directory",
            ("src/svc/directory/people.c", "        !may_end(directory, request, &found))\n", "        (false && !may_end(directory, request, &found)))\n")),
    defence("certificate-over", CREDENTIALS, "sign_in", "Case.test_a_certificate_that_is_over_signs_nobody_in",
            ("src/svc/directory/sign_in_client.c", "prints.end_s > clock_unix_ns() / NS_PER_S && names_certificate(jwt, &prints)", "names_certificate(jwt, &prints)")),
    defence("local-key-channel", "other user of this machine → commands", "local_key", "LocalKey.test_it_goes_to_the_servers_own_user_only",
            ("src/sdk/channel/stream.c", "if (guard->trusts && !guard->trusts(", "if (false && !guard->trusts(")),
    defence("local-key-fetch", "other user of this machine → commands", "local_key", "LocalKey.test_it_goes_to_the_servers_own_user_only",
            ("src/cmd/cli/fetch.c", "    if (session->local.text.size > 0)\n", "    if (false)\n")),

    defence("identity-deputy", IDENTITIES, "managed_identity", "Served.test_nobody_is_somebody_else",
            (IDENTITY, "if (wanted.data && !bytes_equal_nocase(wanted, bytes_of_cstr(selectors[i].value(application))))", "if (wanted.data && false)")),
    defence("identity-header", IDENTITIES, "managed_identity", "Served.test_without_the_header_nothing_is_said",
            (IDENTITY, "if (program->name[0] && secret_equal(bytes_of_cstr(program->hash), bytes_of_cstr(hash)))", "if (program->name[0])")),

    defence("grants-of-a-clients-hub", GRANTS, "control_auth", "Signed.test_a_hub_that_a_client_deletes_leaves_none_of_its_grants",
            (HUBS, "if (options->on_hub_leaves && !call->asker.operates)", "if (false)")),

    defence("ids-sound", IDS, "resource_id", "ids_that_mean_two_things_are_refused",
            (RESOURCE, "if (byte <= ' ' || byte > '~' || memchr(wrong.data, byte, wrong.size))", "if (byte <= ' ' || (byte > '~' && wrong.size))")),
    defence("ids-dots", IDS, "resource_id", "ids_that_mean_two_things_are_refused",
            (RESOURCE, "segment.size > RESOURCE_ID_SEGMENT_MAX || dots)", "(segment.size > RESOURCE_ID_SEGMENT_MAX && dots))")),
    defence("ids-abuse", IDS, "control", "Shape.test_abuse_ids_that_mean_two_things_reach_nothing",
            (RESOURCE, "if (byte <= ' ' || byte > '~' || memchr(wrong.data, byte, wrong.size))", "if (byte <= ' ' || (byte > '~' && wrong.size))")),
    defence("puts-line", "callers at once → one resource", "control", "Shape.test_two_puts_at_once_make_one_resource",
            ("src/svc/control/control.c", "if (control->current || !(link = list_pop_front(&control->waiting)))",
             "if (!(link = list_pop_front(&control->waiting)))")),
    defence("ids-case", IDS, "control", "Shape.test_ids_have_no_case_and_stay_as_first_written",
            (RESOURCE, "key[i] = ascii_lower(text[i]);", "key[i] = text[i];")),
]
