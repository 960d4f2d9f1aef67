/* SPDX-License-Identifier: MIT */
/* limit_rows.c — the rows of all limits, by part. A value is written once, in a header beside the code that obeys it. */
#include "cmd/limit_rows.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/log_rate.h"
#include "base/log_share.h"
#include "base/metric.h"
#include "cmd/addresses.h"
#include "cmd/host_names.h"
#include "cmd/limit_values.h"
#include "cmd/option.h"
#include "cmd/option_secret.h"
#include "core/notice/attempt.h"
#include "core/notice/format/format.h"
#include "core/notice/place.h"
#include "core/policy/policy.h"
#include "core/pool/comeback.h"
#include "core/pool/file_path.h"
#include "core/pool/pool_policy.h"
#include "core/review/effects.h"
#include "core/review/syntax.h"
#include "core/task/entity_name.h"
#include "core/task/limits.h"
#include "core/task/retention.h"
#include "core/task/span.h"
#include "core/task/start_policy.h"
#include "core/template/template.h"
#include "credential/token_answer.h"
#include "crypto/confirm_link.h"
#include "crypto/notice_signature.h"
#include "db/limit_values.h"
#include "jail/elf_needs.h"
#include "jail/limit_values.h"
#include "jail/root.h"
#include "jail/template.h"
#include "jail/usage.h"
#include "net/certificate.h"
#include "net/grpc_server.h"
#include "net/guess_line.h"
#include "net/h2_budget.h"
#include "net/handshake_gate.h"
#include "net/http_metrics.h"
#include "net/http_server.h"
#include "net/http_server_internal.h"
#include "net/limit_values.h"
#include "net/listener_internal.h"
#include "store/audit/audit_export.h"
#include "store/directory/assignments.h"
#include "store/directory/object.h"
#include "store/directory/recorder.h"
#include "store/limit_values.h"
#include "store/page_token.h"
#include "store/resources/resource_store.h"
#include "store/review/absence_book.h"
#include "store/review/review_store.h"
#include "store/review/webhook_book.h"
#include "svc/app/limit_values.h"
#include "svc/confirm/limit_values.h"
#include "svc/confirm/slack_service.h"
#include "svc/control/limit_values.h"
#include "svc/directory/bearer.h"
#include "svc/directory/door.h"
#include "svc/directory/limit_values.h"
#include "svc/directory/witness.h"
#include "svc/keeper/limit_values.h"
#include "svc/keeper/slot.h"
#include "svc/launcher/engine_command.h"
#include "svc/launcher/limit_values.h"
#include "svc/mcp/limit_values.h"
#include "svc/page/limit_values.h"
#include "svc/pool/execution.h"
#include "svc/pool/files/limit_values.h"
#include "svc/pool/files/session_files.h"
#include "svc/pool/limit_values.h"
#include "svc/pool/session/limit_values.h"
#include "svc/pool/session/result_check.h"
#include "svc/pool/session/result_frame.h"
#include "svc/pool/session/session_channel.h"
#include "svc/pool/session/stock.h"
#include "svc/pool/session/stock_trial.h"
#include "svc/scheduler/http/entity_wish.h"
#include "svc/scheduler/http/feed_ring.h"
#include "svc/scheduler/http/search.h"
#include "svc/scheduler/http/search_body.h"
#include "svc/scheduler/limit_values.h"
#include "svc/scheduler/retry_delay.h"
#include "svc/trace/limit_values.h"
#include "svc/trace/otlp_exporter.h"
#include "svc/webhook/limit_values.h"
#include "svc/webhook/webhook_target.h"
#include "wire/frame.h"
#include "wire/http1/http1.h"
#include "wire/http1/multipart.h"
#include "wire/jose/jwt.h"
#include "wire/json/jmespath.h"
#include "wire/json/json.h"
#include "wire/keeper_message.h"
#include "wire/launch_environment.h"
#include "wire/limit_values.h"
#include "wire/pb/pb.h"
#include "wire/tar/tar.h"

#define ROW(part, limit, unit, what, source)                                                                 \
    {                                                                                                        \
        part, #limit, (int64_t)(limit), unit, what, source                                                   \
    }

/* Sources: DT is the Durable Task protocol, SP the session pool's API. */
// clang-format off
const struct limit_row limits_table[] = {
    /* --- program --- */
    ROW("program", HOST_NAMES_MAX, LIMIT_COUNT, "Names of the setting host-names", ""),
    ROW("program", TASK_HUBS_NAMED_MAX, LIMIT_COUNT, "Names of the setting task-hubs", ""),
    ROW("program", OPTION_FILE_SIZE_MAX, LIMIT_BYTES, "The file of --config", ""),
    ROW("program", OPTION_POSITIONALS_MAX, LIMIT_COUNT, "Arguments of one command line", ""),
    ROW("program", OPTION_SECRET_SIZE_MAX, LIMIT_BYTES, "A file with a secret", ""),
    ROW("program", OPTION_SECRETS_MAX, LIMIT_COUNT, "Secrets of one command that stand in files", ""),
    ROW("program", OPTION_REPEATED_MAX, LIMIT_COUNT, "Values of settings that one command line gives several times", ""),
    ROW("program", MCP_MESSAGES_MAX, LIMIT_COUNT, "Messages that `mcp` has handed over at one time", ""),
    ROW("program", REVIEW_CODE_SIZE_MAX, LIMIT_BYTES, "A file that `submit` reads", ""),
    ROW("program", REVIEW_FILE_SIZE_MAX, LIMIT_BYTES, "An input file that `submit` reads", ""),
    ROW("program", TAR_PATH_SIZE_MAX, LIMIT_BYTES, "A path in an export of a request; a longer one stands there by its hash", ""),
    ROW("program", TAR_FILE_SIZE_MAX, LIMIT_BYTES, "A file in an export of a request", ""),
    ROW("program", AUDIT_EXPORT_LIST_MAX, LIMIT_BYTES, "The list of files that `audit check` reads of an export", ""),
    ROW("program", POOL_NAME_SIZE_MAX, LIMIT_BYTES, "The setting pool-name", ""),
    ROW("program", CLI_ANSWER_SIZE_MAX, LIMIT_BYTES, "An answer that a command of the program reads", ""),
    ROW("program", CLI_FOLLOW_TRIES_MAX, LIMIT_COUNT, "Connections of logs --follow that bring nothing, one after the other", ""),
    ROW("program", CLI_TAGS_MAX, LIMIT_COUNT, "Tags of one instance start", ""),
    /* --- network --- */
    ROW("network", HTTP_HEAD_SIZE_MAX, LIMIT_BYTES, "A request line and its headers", ""),
    ROW("network", HTTP_HEADER_COUNT_MAX, LIMIT_COUNT, "Header lines of one request", ""),
    ROW("network", HTTP_BODY_SIZE_MAX, LIMIT_BYTES, "A body, where its route has no limit of its own", ""),
    ROW("network", HTTP_CONNECTIONS_MAX, LIMIT_COUNT, "HTTP/1.1 connections; the idlest makes room for one more", ""),
    ROW("network", HTTP_HEAD_TIMEOUT_NS, LIMIT_NS, "For the head of a request", ""),
    ROW("network", HTTP_BODY_TIMEOUT_NS, LIMIT_NS, "For the next bytes of a body", ""),
    ROW("network", HTTP_IDLE_TIMEOUT_NS, LIMIT_NS, "For the next request on an open connection", ""),
    ROW("network", HTTP_WRITE_TIMEOUT_NS, LIMIT_NS, "For a client to take bytes of its answer", ""),
    ROW("network", HTTP_RATE_MIN, LIMIT_PER_SECOND, "Bytes that a slow body or reader has to move", ""),
    ROW("network", HTTP_BODIES_SIZE_MAX, LIMIT_BYTES, "Bodies of all connections in memory, where the setting bodies-memory does not say", ""),
    ROW("network", HTTP_TARGET_MAX, LIMIT_BYTES, "A request target", ""),
    ROW("network", HTTP_RESPONSE_HEAD_MAX, LIMIT_BYTES, "The headers of an answer", ""),
    ROW("network", HTTP_REQUESTS_PER_TURN, LIMIT_COUNT, "Requests of one connection before others have their turn", ""),
    ROW("network", HTTP_LINGER_NS, LIMIT_NS, "For a refused client to stop sending", ""),
    ROW("network", HTTP_STREAM_QUEUE_MAX, LIMIT_BYTES, "A streamed answer that waits for its reader", ""),
    ROW("network", HTTP_FORWARDS_MAX, LIMIT_COUNT, "Requests at once that are carried to container apps by their host name", ""),
    ROW("network", HTTP_FORWARD_UNREAD_MAX, LIMIT_BYTES, "Of an app's answer that its reader leaves unread before no more is taken from the app", ""),
    ROW("network", HTTP_FORWARD_SILENCE_NS, LIMIT_NS, "For an app to send the next bytes of its answer", ""),
    ROW("network", HTTP_METRICS_MAX, LIMIT_COUNT, "Pairs of route and status that are counted apart", ""),
    ROW("network", GRPC_REQUEST_SIZE_MAX, LIMIT_BYTES, "One message from a client", ""),
    ROW("network", GRPC_CONNECTION_MEMORY_MAX, LIMIT_BYTES, "Messages of one connection in memory", ""),
    ROW("network", GRPC_MEMORY_MAX, LIMIT_BYTES, "Messages of all connections in memory", ""),
    ROW("network", GRPC_CONNECTIONS_MAX, LIMIT_COUNT, "HTTP/2 connections; the idlest makes room for one more", ""),
    ROW("network", GRPC_STREAMS_MAX, LIMIT_COUNT, "Calls that one connection has open", "RFC 9113 6.5.2"),
    ROW("network", GRPC_HEADER_LIST_SIZE_MAX, LIMIT_BYTES, "The headers of one call", "RFC 9113 6.5.2"),
    ROW("network", GRPC_RATE_MIN, LIMIT_PER_SECOND, "Bytes of a message that a slow client has to send", ""),
    ROW("network", GRPC_RATE_GRACE_NS, LIMIT_NS, "Before that rate is asked for", ""),
    ROW("network", GRPC_RESET_BURST, LIMIT_COUNT, "Calls that a client cancels at once", "CVE-2023-44487"),
    ROW("network", GRPC_RESET_PER_SECOND, LIMIT_PER_SECOND, "Calls that it cancels after that", ""),
    ROW("network", GRPC_ACKS_QUEUED_MAX, LIMIT_COUNT, "Acknowledgements that wait for the peer to read", ""),
    ROW("network", GRPC_STATUS_TEXT_MAX, LIMIT_BYTES, "The text of a call's status", ""),
    ROW("network", GRPC_STREAM_QUEUE_HIGH, LIMIT_BYTES, "Of a stream's messages that wait for the peer before its sender pauses", ""),
    ROW("network", GRPC_FRAMES_QUEUED_MAX, LIMIT_COUNT, "Answers to a peer that sends and does not read", ""),
    ROW("network", H2_BUDGET_BURST, LIMIT_COUNT, "Points of work that frames without a call may cost at once", ""),
    ROW("network", H2_BUDGET_PER_SECOND, LIMIT_PER_SECOND, "Points that time gives back", ""),
    ROW("network", HANDSHAKES_PEER_MAX, LIMIT_COUNT, "TLS handshakes of one peer under way", ""),
    ROW("network", HANDSHAKES_MAX, LIMIT_COUNT, "TLS handshakes of all peers under way", ""),
    ROW("network", REQUEST_RATES_MAX, LIMIT_COUNT, "Keys whose requests of a minute are counted; the one that asked longest ago is forgotten", ""),
    ROW("network", GUESS_BURST, LIMIT_COUNT, "Answers to a peer's credentials that do not count, at once", ""),
    ROW("network", GUESS_PER_SECOND, LIMIT_PER_SECOND, "Answers to a peer's credentials that do not count, behind those", ""),
    ROW("network", GUESS_WAIT_MAX_NS, LIMIT_NS, "For such an answer to wait; more of them are refused", ""),
    ROW("network", EVENT_STREAM_HEARTBEAT_NS, LIMIT_NS, "Between two comments to readers of events", ""),
    ROW("network", LISTENER_FIRST_BYTE_TIMEOUT_NS, LIMIT_NS, "For a new connection's first byte, and again for its TLS handshake", ""),
    ROW("network", UNSETTLED_MAX, LIMIT_COUNT, "Connections that have sent nothing yet; the oldest makes room", ""),
    ROW("network", LISTENER_DEAD_PEER_TIMEOUT_MS, LIMIT_MS, "For a peer to acknowledge bytes before its connection ends", "tcp(7), TCP_USER_TIMEOUT"),
    ROW("network", TLS_CLIENT_CHAIN_SIZE_MAX, LIMIT_BYTES, "The certificates that a client shows", ""),
    ROW("network", TLS_FILE_SIZE_MAX, LIMIT_BYTES, "A file of certificates or keys", ""),
    ROW("network", CERTIFICATE_SERVER_DAYS, LIMIT_DAYS, "Life of a certificate of the own authority", "CA/Browser Forum 6.3.2"),
    ROW("network", CERTIFICATE_AUTHORITY_DAYS, LIMIT_DAYS, "Life of the own authority", ""),
    /* --- sign-in --- */
    ROW("sign-in", PEOPLE_PAGE_MAX, LIMIT_COUNT, "People, groups, applications, keys or assignments of a page, if a number is asked for", ""),
    ROW("sign-in", DIRECTORY_OBJECTS_MAX, LIMIT_COUNT, "Objects of one kind in the directory: people, groups, services, keys", ""),
    ROW("sign-in", DIRECTORY_UNTOLD_MAX, LIMIT_COUNT, "Changes of the directory that are not in the audit log yet; further ones are refused", ""),
    ROW("sign-in", SUBJECTS_MAX, LIMIT_COUNT, "Somebody and the groups they are in; roles of further groups do not count", ""),
    ROW("sign-in", SUBJECT_GRANTS_MAX, LIMIT_COUNT, "Roles of somebody and their groups, each at a place; further ones do not count", ""),
    ROW("sign-in", DIRECTORY_TEXT_MAX, LIMIT_BYTES, "One text of such an object", ""),
    ROW("sign-in", JWT_SIZE_MAX, LIMIT_BYTES, "One token that is shown", ""),
    ROW("sign-in", TOKEN_ANSWER_SIZE_MAX, LIMIT_BYTES, "The answer of a token server", ""),
    ROW("sign-in", DOOR_BEARERS_MAX, LIMIT_COUNT, "Tokens whose check is remembered", ""),
    ROW("sign-in", DOOR_LOAN_S, LIMIT_COUNT, "Seconds in which a request of the server in the name of a link's person must be made", ""),
    ROW("sign-in", WITNESS_KINDS_MAX, LIMIT_COUNT, "Kinds of sign-ins and refusals that one period has entries of its own for in the audit log", ""),
    ROW("sign-in", WITNESS_PERIOD_NS, LIMIT_NS, "For how long more of the same kind are counted, not written", ""),
    ROW("sign-in", DEVICE_CODES_MAX, LIMIT_COUNT, "Codes for devices that may still be confirmed", ""),
    ROW("sign-in", DEVICE_CODES_PEER_MAX, LIMIT_COUNT, "Of these, how many one peer may have asked for", ""),
    ROW("sign-in", TICKETS_EACH_MAX, LIMIT_COUNT, "Codes and refresh tokens of one person; the next one ends the oldest", ""),
    ROW("sign-in", SCOPE_SIZE_MAX, LIMIT_BYTES, "The scope that a device or a browser asks for", ""),
    ROW("sign-in", NONCE_SIZE_MAX, LIMIT_BYTES, "The nonce that an application's id token repeats", ""),
    ROW("sign-in", BEARER_GROUPS_MAX, LIMIT_COUNT, "Groups that an outside token may name", ""),

    /* --- app --- */
    ROW("app", APP_NAME_SIZE_MAX, LIMIT_BYTES, "A person's name: submittedBy and by", ""),
    ROW("app", APP_COMMENT_SIZE_MAX, LIMIT_BYTES, "The comment of a decision", ""),
    ROW("app", APP_WAIT_MS_MAX, LIMIT_MS, "A request's own approval and run time-outs", ""),
    ROW("app", APP_RESULT_SIZE_MAX, LIMIT_BYTES, "The JSON text of a result that can be shown and decided about; a longer one is cut", "DT 2.6"),
    ROW("app", APP_POLL_NS_MAX, LIMIT_NS, "One ?wait=; shorter than most proxies keep a silent request", ""),
    ROW("app", APP_PAGE_SIZE_DEFAULT, LIMIT_COUNT, "Requests of a page, if no number is asked for", ""),
    ROW("app", APP_PURPOSE_SIZE_MAX, LIMIT_BYTES, "Length of a purpose", ""),
    ROW("app", APP_SESSION_SIZE_MAX, LIMIT_BYTES, "Length of the name of a session that a request asks for", ""),
    ROW("app", APP_STEP_INPUT_SIZE_MAX, LIMIT_BYTES, "Input of an orchestration of another that becomes a request", ""),
    ROW("app", APP_THEN_NAME_SIZE_MAX, LIMIT_BYTES, "Length of the name or the version of an orchestration that follows an approval", ""),
    ROW("app", APP_THEN_HUB_SIZE_MAX, LIMIT_BYTES, "Length of the name of its task hub", ""),
    ROW("app", APP_LABELS_MAX, LIMIT_COUNT, "Labels of a request", ""),
    ROW("app", APP_LABEL_KEY_SIZE_MAX, LIMIT_BYTES, "Length of a label's key", ""),
    ROW("app", APP_LABEL_VALUE_SIZE_MAX, LIMIT_BYTES, "Length of a label's value", ""),
    ROW("app", APP_KEY_SIZE_MAX, LIMIT_BYTES, "Length of an Idempotency-Key", ""),
    ROW("app", APP_INPUTS_MAX, LIMIT_COUNT, "Input files of a request", ""),
    ROW("app", APP_INPUT_SIZE_MAX, LIMIT_BYTES, "One input file", "413"),
    ROW("app", APP_INPUT_NAMES_SIZE_MAX, LIMIT_BYTES, "The paths of all input files of a request", ""),
    ROW("app", APP_INPUTS_HELD_MAX, LIMIT_BYTES, "Input files of all submissions that are not written yet", "503"),
    ROW("app", APP_FILES_MAX, LIMIT_COUNT, "Files of a run that are named; the others are counted", ""),
    ROW("app", APP_FILE_SIZE_MAX, LIMIT_BYTES, "A file of a run that is kept; larger ones are named", ""),
    ROW("app", APP_FILE_NAMES_SIZE_MAX, LIMIT_BYTES, "The paths of all files of a run that are named", ""),
    ROW("app", APP_FILE_PIECE_SIZE, LIMIT_BYTES, "Read at once of a file that is sent, and left unread by its reader before it gets more", ""),
    ROW("app", APP_EVENT_STREAMS_MAX, LIMIT_COUNT, "Streams of events open at once", "503"),
    ROW("app", APP_EVENTS_QUEUE_SIZE_MAX, LIMIT_BYTES, "What a stream of events may leave unread; it then reads on from the book", ""),
    ROW("app", APP_REHEARSED_MAX, LIMIT_COUNT, "Requests that one rehearsal of a policy looks at", "400"),
    ROW("app", APP_REHEARSED_DEFAULT, LIMIT_COUNT, "The same, if no number is asked for", ""),
    ROW("app", APP_REHEARSALS_MAX, LIMIT_COUNT, "Rehearsals at one time", "503"),
    ROW("app", APP_PAGE_SIZE_MAX, LIMIT_COUNT, "Requests of a page", ""),
    ROW("app", APP_PAGE_QUERIES_MAX, LIMIT_COUNT, "Answers of the scheduler that are read to fill one page", ""),
    ROW("app", APP_PAGE_WALKS_MAX, LIMIT_COUNT, "Looks at the book, of 1,000 requests each, to fill one page", ""),
    ROW("app", APP_CALL_TIMEOUT_MS, LIMIT_MS, "For a scheduler that cannot be reached, before 503", ""),
    ROW("app", MCP_ANSWER_SIZE_MAX, LIMIT_BYTES, "An answer of the API that a tool of `/mcp` hands on", ""),
    ROW("app", MCP_DEPTH_MAX, LIMIT_COUNT, "Nested values of a message to `/mcp`", ""),
    ROW("app", MCP_FILE_SIZE_MAX, LIMIT_BYTES, "A file that a tool of `/mcp` hands on", ""),
    ROW("app", MCP_LIST_MAX, LIMIT_COUNT, "Requests that a tool of `/mcp` lists", ""),
    ROW("app", MCP_BODY_SIZE_SLACK, LIMIT_BYTES, "A message to `/mcp` besides its code and its files", ""),
    ROW("app", MCP_WAIT_MAX_S, LIMIT_COUNT, "Seconds for which a tool of `/mcp` waits for a decision", ""),
    ROW("app", CONFIRM_ANSWER_SIZE_MAX, LIMIT_BYTES, "An answer of the API that the page of a confirm link shows", ""),
    ROW("app", CONFIRM_TEXT_SIZE_MAX, LIMIT_BYTES, "One text that this page shows; what is more is said", ""),
    ROW("app", CONFIRM_PICTURES_SIZE_MAX, LIMIT_BYTES, "Pictures of this page, in base64", ""),
    ROW("app", CONFIRM_FILES_MAX, LIMIT_COUNT, "Files of one list that this page names", ""),
    ROW("app", CONFIRM_BODY_SIZE_MAX, LIMIT_BYTES, "The form that this page sends", ""),
    ROW("app", FORMAT_TITLE_SIZE_MAX, LIMIT_BYTES, "What a request is for, in a message; a longer one is cut, as are the next two", ""),
    ROW("app", FORMAT_VALUE_SIZE_MAX, LIMIT_BYTES, "A name, the labels or the words of a policy in a message", ""),
    ROW("app", FORMAT_EXCERPT_SIZE_MAX, LIMIT_BYTES, "A comment in a message", ""),
    ROW("app", FORMAT_LINK_SIZE_MAX, LIMIT_BYTES, "The link of a message", ""),
    ROW("app", FORMAT_ADDRESS_MAX, LIMIT_BYTES, "A mail address", "RFC 5321 4.5.3.1.3"),
    ROW("app", SLACK_BODY_SIZE_MAX, LIMIT_BYTES, "What Slack tells of a button that was pressed", ""),
    ROW("app", SLACK_REPLIES_MAX, LIMIT_COUNT, "Messages in Slack that retire when somebody else decides; the oldest is forgotten", ""),
    ROW("app", SLACK_REPLY_NS, LIMIT_NS, "For which such a message is remembered after its last press", "Slack"),
    ROW("app", SLACK_PRESSES_MAX, LIMIT_COUNT, "Presses within ten minutes, each of which is remembered for so long", "503"),
    ROW("app", SLACK_WINDOW_S, LIMIT_COUNT, "Seconds for which a signature of Slack counts", ""),
    ROW("app", CONFIRM_LINK_SIZE_MAX, LIMIT_BYTES, "The token of a confirm link", ""),
    ROW("app", CONFIRM_LINK_PAGE_S, LIMIT_COUNT, "Seconds for which the form of this page counts", ""),
    ROW("app", CONFIRM_LINK_LEEWAY_S, LIMIT_COUNT, "Seconds by which the clock may be set back before links end", ""),
    ROW("app", APP_BODY_SIZE_SLACK, LIMIT_BYTES, "A body besides its code", ""),
    ROW("app", APP_DECIDED_MAX, LIMIT_COUNT, "Decisions that are remembered for late second ones", ""),
    ROW("app", APP_SHOW_PATIENCE_NS, LIMIT_NS, "For the orchestrator to take a decision, before the answer goes out", ""),
    ROW("app", APP_RUN_ATTEMPTS_MAX, LIMIT_COUNT, "Times that a run is tried while the pool is full or cannot be reached", ""),
    ROW("app", APP_RUN_RETRY_FIRST_MS, LIMIT_MS, "Before the second try", ""),
    ROW("app", APP_RUN_RETRY_INTERVAL_MS, LIMIT_MS, "Before each later one", ""),
    ROW("app", APP_POOL_FILES_MAX, LIMIT_COUNT, "Files of a session in the list of a pool", ""),
    ROW("app", APP_POOL_FILE_TIMEOUT_MS, LIMIT_MS, "For a file on its way to or from the pool, and for a list of files", ""),
    ROW("app", APP_POOL_CONNECT_TIMEOUT_MS, LIMIT_MS, "For a connection to the pool", ""),
    ROW("app", APP_POOL_LINES_KEPT, LIMIT_COUNT, "Connections to the pool that are kept without a request", ""),
    ROW("app", APP_POOL_LINE_CONNECTIONS_KEPT, LIMIT_COUNT,
        "Connections that one of them keeps; beside a run two more may be open", ""),
    ROW("app", APP_POOL_LINE_IDLE_S, LIMIT_COUNT, "Seconds without a request after which one is not used again", ""),
    ROW("app", APP_POOL_RELEASE_TIMEOUT_MS, LIMIT_MS, "For the pool to end a session", ""),
    ROW("app", APP_POOL_REACH_TIMEOUT_MS, LIMIT_MS, "For the pool to answer that it is there", ""),
    ROW("app", APP_OUTPUT_STREAMS_MAX, LIMIT_COUNT, "Streams of output open at once", "503"),
    ROW("app", APP_OUTPUT_QUEUE_SIZE_MAX, LIMIT_BYTES, "What one of them may leave unread before it waits", ""),
    ROW("app", APP_OUTPUT_PIECE_SIZE_MAX, LIMIT_BYTES, "Text in one event", ""),
    ROW("app", APP_OUTPUT_LIVE_SIZE_MAX, LIMIT_BYTES,
        "Of each stream while the run goes on; a result has no more", ""),
    ROW("app", APP_OUTPUT_MEMORY_MAX, LIMIT_BYTES, "Output held for all readers; who takes nothing gives way",
        "503"),
    ROW("app", APP_OUTPUT_PATIENCE_NS, LIMIT_NS, "For a reader that takes nothing; then it is cut off", ""),
    ROW("app", APP_POOL_CANCEL_PATIENCE_NS, LIMIT_NS,
        "For a run that was cancelled to end; then its session is ended", ""),
    ROW("app", APP_POOL_KIND_KEPT_NS, LIMIT_NS, "Before a foreign pool is asked again whether it is ours", ""),
    ROW("app", APP_POOL_EVENT_SIZE_MAX, LIMIT_BYTES, "One event of a pool's output; a larger one is left out", ""),
    ROW("app", EFFECTS_FILES_MAX, LIMIT_COUNT, "Changed files that a run's record lists", ""),
    ROW("app", EFFECTS_HOSTS_MAX, LIMIT_COUNT, "Hosts that the code of a run named, in its record", ""),
    ROW("app", EFFECTS_HOST_SIZE_MAX, LIMIT_BYTES, "One of their names; a longer one is cut", ""),
    ROW("app", EFFECTS_PATHS_SIZE_MAX, LIMIT_BYTES, "Their paths together; what is behind is counted only", ""),
    ROW("app", EFFECTS_CALLS_MAX, LIMIT_COUNT, "Kinds of sockets, names of refused calls that it lists", ""),
    ROW("app", EFFECTS_WORD_SIZE_MAX, LIMIT_BYTES, "One such name; else its group is not reported", ""),
    ROW("app", REVIEW_STANDING_MAX, LIMIT_COUNT, "Standing approvals that are neither used up nor expired", ""),
    ROW("app", APP_STANDING_USES_DEFAULT, LIMIT_COUNT, "Uses of one, unless its maker says", ""),
    ROW("app", APP_STANDING_USES_MAX, LIMIT_COUNT, "Uses of one at most", ""),
    ROW("app", APP_STANDING_S_MAX, LIMIT_COUNT, "Seconds for which one stands at most; policies say less", ""),
    ROW("app", WEBHOOKS_MAX, LIMIT_COUNT, "Webhooks", "429"),
    ROW("app", WEBHOOK_NAME_SIZE_MAX, LIMIT_BYTES, "The name of one", ""),
    ROW("app", WEBHOOK_TOKEN_SIZE_MAX, LIMIT_BYTES, "The token that a server of ntfy asks for", ""),
    ROW("app", WEBHOOK_TOPIC_SIZE_MAX, LIMIT_BYTES, "A topic of ntfy", "ntfy"),
    ROW("app", WEBHOOK_EVENTS_MAX, LIMIT_COUNT, "Kinds of events that one names", ""),
    ROW("app", NOTICE_URL_SIZE_MAX, LIMIT_BYTES, "The URL of one", ""),
    ROW("app", NOTICE_HOST_SIZE_MAX, LIMIT_BYTES, "The name of a host in it", "RFC 1035"),
    ROW("app", NOTICE_SECRET_SIZE_MAX, LIMIT_BYTES, "The secret that it is signed with, behind its base64", "Standard Webhooks"),
    ROW("app", WEBHOOK_OLD_SECRET_NS, LIMIT_NS, "For which the secret before another one signs, too", "Standard Webhooks"),
    ROW("app", NOTICE_HOSTS_MAX, LIMIT_COUNT, "Hosts and networks beside the public net that may be reached", ""),
    ROW("app", WEBHOOK_WAITING_MAX, LIMIT_COUNT, "Deliveries of one that wait; further events are skipped, and counted", ""),
    ROW("app", WEBHOOK_FINISHED_KEPT, LIMIT_COUNT, "Deliveries of one that are over and still shown", ""),
    ROW("app", WEBHOOK_TRIES_KEPT, LIMIT_COUNT, "Attempts that the log of one delivery has", ""),
    ROW("app", WEBHOOK_ANSWER_SIZE_MAX, LIMIT_BYTES, "Of a receiver's answer that are kept", ""),
    ROW("app", WEBHOOK_AT_ONCE, LIMIT_COUNT, "Deliveries under way to one receiver; one while it fails", ""),
    ROW("app", NOTICE_ATTEMPTS_MAX, LIMIT_COUNT, "Attempts of one delivery", "Standard Webhooks"),
    ROW("app", NOTICE_TRIED_FOR_NS, LIMIT_NS, "For which a delivery is tried", ""),
    ROW("app", WEBHOOK_POSTS_MAX, LIMIT_COUNT, "Deliveries under way to all receivers", ""),
    ROW("app", WEBHOOK_CONNECT_TIMEOUT_MS, LIMIT_MS, "To connect to a receiver, within webhook-timeout", ""),
    ROW("app", WEBHOOK_BODY_SIZE_MAX, LIMIT_BYTES, "A request about webhooks", "413"),
    ROW("app", WEBHOOK_PAGE_MAX, LIMIT_COUNT, "Deliveries in one answer", ""),
    ROW("app", ABSENCES_MAX, LIMIT_COUNT, "People who are away and have others stand in", "429"),
    ROW("app", APP_ABSENCE_MAX_NS, LIMIT_NS, "How far ahead they may say to be back", ""),
    ROW("app", APP_READING_CODE_SIZE_MAX, LIMIT_BYTES, "Code that is taken apart for a policy; of longer code nothing is known", ""),
    ROW("app", APP_READING_TIMEOUT_MS, LIMIT_MS, "For that; then nothing is known", ""),
    ROW("app", SYNTAX_NAMES_MAX, LIMIT_COUNT, "Names that code imports or calls; with more nothing is known", ""),
    ROW("app", SYNTAX_NAME_SIZE_MAX, LIMIT_BYTES, "One of them", ""),
    ROW("app", SYNTAX_ERROR_SIZE_MAX, LIMIT_BYTES, "Why code could not be taken apart", ""),
    ROW("app", APP_POOL_ALLOCATION_TIMEOUT_NS, LIMIT_NS, "For the pool to begin with the code", ""),
    ROW("app", APP_POOL_RUN_TIMEOUT_NS, LIMIT_NS, "For a run whose pool does not tell its own limit", ""),
    ROW("app", APP_POOL_RESPONSE_SIZE_MAX, LIMIT_BYTES, "The pool's answer", ""),
    /* --- pool --- */
    ROW("pool", SESSION_IDENTIFIER_SIZE_MIN, LIMIT_BYTES, "The shortest identifier", "SP 9.1"),
    ROW("pool", SESSION_IDENTIFIER_SIZE_MAX, LIMIT_BYTES, "The longest identifier", "SP 9.1"),
    ROW("pool", COMEBACK_FIRST_WAIT_NS, LIMIT_NS, "Until isolation that was lost is built again; doubles", ""),
    ROW("pool", COMEBACK_MOST_WAIT_NS, LIMIT_NS, "The longest such wait", ""),
    ROW("pool", COMEBACK_LONG_LIFE_NS, LIMIT_NS, "Life of isolation after which its loss is no sign of trouble", ""),
    ROW("pool", POOL_SESSION_WAIT_MAX_NS, LIMIT_NS, "For a session to be built for a call", ""),
    ROW("pool", POOL_QUEUE_MAX, LIMIT_COUNT, "Executions that wait for one session", ""),
    ROW("pool", POOL_RECORDS_MAX, LIMIT_COUNT, "Results of one identifier that are kept for polling", ""),
    ROW("pool", POOL_RECORDS_SIZE_MAX, LIMIT_BYTES, "The same in bytes, the latest excepted", ""),
    ROW("pool", EXECUTION_ID_SIZE_MAX, LIMIT_BYTES, "The id of an execution", ""),
    ROW("pool", FILE_NAME_SIZE_MAX, LIMIT_BYTES, "One name in a path", ""),
    ROW("pool", FILE_PATH_SIZE_MAX, LIMIT_BYTES, "A path of a file", ""),
    ROW("pool", FILE_PATH_DEPTH_MAX, LIMIT_COUNT, "Folders in a path", ""),
    ROW("pool", FILE_LIST_MAX, LIMIT_COUNT, "Entries of one listing", ""),
    ROW("pool", POOL_ANSWER_SIZE_MAX, LIMIT_BYTES, "The answer of one execution", ""),
    ROW("pool", POOL_DOWNLOAD_SIZE_MAX, LIMIT_BYTES, "One file that is sent", ""),
    ROW("pool", POOL_DOWNLOAD_QUEUE_SIZE_MAX, LIMIT_BYTES, "Of it that waits for the client", ""),
    ROW("pool", POOL_UPLOAD_FILES_MAX, LIMIT_COUNT, "Files of one upload", ""),
    ROW("pool", POOL_METADATA_TIMEOUT_NS, LIMIT_NS, "For a session to tell which packages there are", ""),
    ROW("pool", POOL_PACKAGES_MAX, LIMIT_COUNT, "Packages that are told of", ""),
    ROW("pool", POOL_UPLOAD_FORM_SIZE_MAX, LIMIT_BYTES, "What the form around an upload adds", ""),
    ROW("pool", POOL_SESSIONS_PAGE, LIMIT_COUNT, "Sessions of a page", ""),
    ROW("pool", SESSION_CALLS_STORM, LIMIT_COUNT, "Refused calls of a run before it is slowed down", ""),
    ROW("pool", FILE_CHANGES_MAX, LIMIT_COUNT, "Changed files of a run that are told one by one", ""),
    ROW("pool", FILE_CHANGES_LOOK_MAX, LIMIT_COUNT, "Files of a session whose changes are looked for", ""),
    ROW("pool", FILE_CHANGES_HASH_SIZE_MAX, LIMIT_BYTES, "Of changed files of a run that are hashed", ""),
    ROW("pool", POOL_OUTPUT_STREAMS_MAX, LIMIT_COUNT, "Streams of executions' output", ""),
    ROW("pool", POOL_OUTPUT_QUEUE_SIZE_MAX, LIMIT_BYTES, "Of one of them that waits for its reader", ""),
    ROW("pool", POOL_OUTPUT_PIECE_SIZE_MAX, LIMIT_BYTES, "One event of it", ""),
    ROW("pool", POOL_OUTPUT_HEARTBEAT_NS, LIMIT_NS, "Between two comments on a silent one", ""),
    ROW("pool", RESULT_OUTPUTS_MAX, LIMIT_COUNT, "Outputs of one execution", ""),
    ROW("pool", RESULT_ERROR_NAME_SIZE_MAX, LIMIT_BYTES, "The name of an error", ""),
    ROW("pool", RESULT_ERROR_EXTRA_SIZE_MAX, LIMIT_BYTES, "Any other member of an error", ""),
    ROW("pool", RESULT_ERROR_EXTRAS_MAX, LIMIT_COUNT, "Such members", ""),
    ROW("pool", RESULT_FRAME_DEPTH_MAX, LIMIT_COUNT, "Objects and arrays inside of each other in a result", ""),
    ROW("pool", CHANNEL_FRAME_TIME_MAX_NS, LIMIT_NS, "From a frame's first byte to its last", ""),
    ROW("pool", SESSION_FLOOD_SIZE, LIMIT_BYTES, "Dropped output of one execution before its pipes are read slowly", ""),
    ROW("pool", STOCK_RETRY_NS, LIMIT_NS, "Between an order of a session that failed and the next", ""),
    ROW("pool", STOCK_TRIAL_LIMIT_NS, LIMIT_NS, "For the first session to run a cell", ""),
    /* --- isolation --- */
    ROW("isolation", TEMPLATE_ENTRIES_MAX, LIMIT_COUNT, "Entries of what sessions see", ""),
    ROW("isolation", TEMPLATE_WALKED_MAX, LIMIT_COUNT, "Files and folders below all of it", ""),
    ROW("isolation", TEMPLATE_COPY_MAX, LIMIT_BYTES, "Copied of it into memory", ""),
    ROW("isolation", ROOT_FOLDERS_MAX, LIMIT_COUNT, "Folders that a session sees", ""),
    ROW("isolation", ELF_NEEDED_MAX, LIMIT_COUNT, "Libraries that one program may ask for", ""),
    ROW("isolation", USAGE_MEMBERS_MAX, LIMIT_COUNT, "Processes of a session that are looked at, without control groups", ""),
    ROW("isolation", SESSION_TMP_SIZE_MAX, LIMIT_BYTES, "A session's /tmp", ""),
    ROW("isolation", SESSION_FILES_MAX, LIMIT_COUNT, "Files and folders of a session", ""),
    ROW("isolation", SESSION_OPEN_FILES_MAX, LIMIT_COUNT, "Open files of one process in a session", ""),
    ROW("isolation", KEEPER_SESSIONS_MAX, LIMIT_COUNT, "Sessions of one keeper", ""),
    ROW("isolation", KEEPER_WARM_MAX_MS, LIMIT_MS, "For a zygote to load its runtime", ""),
    ROW("isolation", SLOT_ENTER_MAX_NS, LIMIT_NS, "For a session to build its jail", ""),
    ROW("isolation", SLOT_DRAIN_MAX_NS, LIMIT_NS, "For a session's processes to be gone", ""),
    ROW("isolation", WARDEN_KEEPERS_MAX, LIMIT_COUNT, "Keepers at one time: one serves, one follows it, others end", ""),
    ROW("isolation", WARDEN_REPLACE_MAX_MS, LIMIT_MS, "For a keeper without a server to tidy up", ""),
    ROW("isolation", WARDEN_FAREWELL_MAX_MS, LIMIT_MS, "The same at the server's end", ""),
    /* --- engine --- */
    ROW("engine", INSTANCE_ID_SIZE_MAX, LIMIT_COUNT, "Characters of an instance id", "DT 2.6"),
    ROW("engine", TASK_BATCH_IDS_MAX, LIMIT_COUNT, "Ids of one request that names several instances", "DT 3.12, 3.13"),
    ROW("engine", ENTITY_BATCH_OPERATIONS_MAX, LIMIT_COUNT, "Operations of an entity in one work item", ""),
    ROW("engine", ENTITY_BATCH_SIZE_MAX, LIMIT_BYTES, "An entity's state and operations in one work item", ""),
    ROW("engine", ENTITY_LOCK_SET_MAX, LIMIT_COUNT, "Entities that one critical section locks", ""),
    ROW("engine", ENTITY_LEGACY_SIZE_MAX, LIMIT_BYTES, "An entity's message in the old form, as JSON", ""),
    ROW("engine", ENTITY_LEGACY_DEPTH_MAX, LIMIT_COUNT, "Objects and arrays inside of each other in it", ""),
    ROW("engine", ENTITY_LEGACY_VALUES_MAX, LIMIT_COUNT, "Values in it", ""),
    ROW("engine", ENTITY_LEGACY_ID_SIZE_MAX, LIMIT_BYTES, "The id of a request in it", ""),
    ROW("engine", TURN_CHUNKS_SIZE_MAX, LIMIT_BYTES, "A turn's answer that comes in parts, all together", ""),
    ROW("engine", TURN_HISTORY_INLINE_MAX, LIMIT_BYTES, "A history inside of a work item; a capable worker fetches a longer one", "DT 2.13"),
    ROW("engine", HISTORY_CHUNK_SIZE, LIMIT_BYTES, "One part of a streamed history, unless one event is larger", "DT 2.6"),
    ROW("engine", STREAM_BURST_MAX, LIMIT_BYTES, "What a worker's stream gets before others have their turn", ""),
    ROW("engine", STREAM_FILTERS_SIZE_MAX, LIMIT_BYTES, "Memory of one worker's filters", ""),
    ROW("engine", RETENTION_RULES_MAX, LIMIT_COUNT, "Rules of the setting retention", ""),
    ROW("engine", SPAN_OPEN_MAX, LIMIT_COUNT, "Steps of one history that are traced at one time", ""),
    ROW("engine", ORPHAN_DEPTH_MAX, LIMIT_COUNT, "Ancestors of a child that are looked at", ""),
    ROW("engine", TASK_LOADING_MAX, LIMIT_COUNT, "Work items of a kind whose history is being read from disk", ""),
    ROW("engine", FAILURE_TYPE_SIZE_MAX, LIMIT_BYTES, "The error type of a failure that is cut to size", ""),
    ROW("engine", TASK_MESSAGE_SIZE_MAX, LIMIT_BYTES, "One message to a worker or client, its envelope excepted", "DT 2.6"),
    ROW("engine", TASK_TERMINAL_RESIDENT_MAX, LIMIT_COUNT, "Orchestrations that are over and stay in memory", ""),
    ROW("engine", ENTITY_RESIDENT_MAX, LIMIT_COUNT, "Idle entities that stay in memory", ""),
    ROW("engine", ENTITY_RESIDENT_SIZE_MAX, LIMIT_BYTES, "Their states", ""),
    ROW("engine", TASK_PAYLOAD_SMALL_SIZE, LIMIT_BYTES, "A payload that is never written out of memory while its orchestration is in memory", ""),
    ROW("engine", TASK_RECEIPTS_MAX, LIMIT_COUNT, "Operations of clients that are remembered, so that one sent again is one", ""),
    ROW("engine", TASK_RECEIPT_KEEP_NS, LIMIT_NS, "How long they are remembered", ""),
    ROW("engine", ENTITY_FAILURES_MAX, LIMIT_COUNT, "Failures of an entity's batch in a row until its callers are told", ""),
    ROW("engine", TASK_STREAM_ITEMS_DEFAULT, LIMIT_COUNT, "Work items of a kind that a worker has at one time, if it names no number", "DT 2.10"),
    ROW("engine", TASK_POISON_DELIVERIES_MAX, LIMIT_COUNT, "Times that a work item is delivered before it fails", "DT 3.21"),
    ROW("engine", TASK_HISTORY_LARGE_EVENTS, LIMIT_COUNT, "Events from which on a history is told of as large, and again at each doubling", ""),
    ROW("engine", TASK_HISTORY_LARGE_SIZE, LIMIT_BYTES, "The same for its size", ""),
    ROW("engine", TASK_PING_INTERVAL_NS, LIMIT_NS, "Between two signs of life on a worker's stream", "DT 2.9"),
    ROW("engine", TASK_ACTIVITY_GRACE_NS, LIMIT_NS, "For an activity's answer after its worker's stream ended", "DT 2.11"),
    ROW("engine", TASK_ORCHESTRATOR_LEASE_NS, LIMIT_NS, "For a turn's answer on a stream that lives", "DT 2.11"),
    ROW("engine", TASK_UNSERVED_WAIT_NS, LIMIT_NS, "Until work that no worker takes is told of, for the first time", ""),
    ROW("engine", TASK_TERMINATE_WAIT_NS, LIMIT_NS, "For a worker to take a terminate before the engine ends the orchestration", "DT 3.12"),
    ROW("engine", TASK_ABANDON_DELAY_MIN_NS, LIMIT_NS, "Until work that was given back is sent again; doubles", ""),
    ROW("engine", TASK_ABANDON_DELAY_MAX_NS, LIMIT_NS, "The longest such wait", ""),
    /* --- scheduler --- */
    ROW("scheduler", SCHEDULER_STREAM_QUEUE_SIZE_MAX, LIMIT_BYTES, "Work items that wait for one worker to read", ""),
    ROW("scheduler", SCHEDULER_CLIENT_MESSAGE_SIZE_MAX, LIMIT_BYTES, "A request that is no result of a worker", "DT 2.6"),
    ROW("scheduler", SCHEDULER_LARGE_MESSAGE_SIZE_MAX, LIMIT_BYTES, "A message to a worker of large-message-agents", ""),
    ROW("scheduler", SCHEDULER_QUERY_MEMORY_MAX, LIMIT_BYTES, "Memory of one decoded query", ""),
    ROW("scheduler", SCHEDULER_ANSWER_SIZE_MAX, LIMIT_BYTES, "One message of an answer; every SDK takes as much", "DT 2.6"),
    ROW("scheduler", SCHEDULER_BACKEND_MEMORY_MAX, LIMIT_BYTES, "Memory of one decoded completion of a backend", ""),
    ROW("scheduler", SCHEDULER_BACKEND_EVENTS_MAX, LIMIT_COUNT, "Events of one AddEvents", ""),
    ROW("scheduler", SCHEDULER_BACKEND_STATE_SIZE_MAX, LIMIT_BYTES, "A history in one message to a backend", "DT 2.6"),
    ROW("scheduler", RETRY_DELAY_MIN_NS, LIMIT_NS, "Until a store that failed is tried again; doubles", ""),
    ROW("scheduler", RETRY_DELAY_MAX_NS, LIMIT_NS, "The longest such wait", ""),
    ROW("scheduler", SCHEDULER_PURGE_BATCH_MAX, LIMIT_COUNT, "Orchestrations of one step of a purge by filter", ""),
    ROW("scheduler", SCHEDULER_PURGE_MEMORY_MAX, LIMIT_BYTES, "Memory of one decoded answer of a purge", ""),
    ROW("scheduler", RETENTION_INTERVAL_NS, LIMIT_NS, "Between two looks at the rules of retention", ""),
    ROW("scheduler", API_BODY_SIZE_MAX, LIMIT_BYTES, "A body that holds filters or reasons", ""),
    ROW("scheduler", API_MESSAGE_SIZE_MAX, LIMIT_BYTES, "One question to the scheduler", ""),
    ROW("scheduler", API_SCHEDULES_PAGE, LIMIT_COUNT, "Schedules of a page", ""),
    ROW("scheduler", ENTITY_ROWS_MAX, LIMIT_COUNT, "Entities that match one search", ""),
    ROW("scheduler", ENTITY_EXCLUDED_MAX, LIMIT_COUNT, "Beginnings of names that one search leaves out", ""),
    ROW("scheduler", FEED_STREAMS_MAX, LIMIT_COUNT, "Readers of all feeds", ""),
    ROW("scheduler", FEED_QUEUE_SIZE_MAX, LIMIT_BYTES, "Changes that wait for one reader of a feed before it is left behind", ""),
    ROW("scheduler", FEED_RING_LINGER_NS, LIMIT_NS, "How long a hub without readers is followed", ""),
    ROW("scheduler", FEED_RING_EVENTS, LIMIT_COUNT, "Changes that a feed keeps for readers who come back", ""),
    ROW("scheduler", FEED_RING_SIZE, LIMIT_BYTES, "The same in bytes", ""),
    ROW("scheduler", API_ANSWER_SIZE_MAX, LIMIT_BYTES, "The answer of one search", ""),
    ROW("scheduler", API_HISTORY_SIZE_MAX, LIMIT_BYTES, "One history as JSON", ""),
    ROW("scheduler", API_EVENT_MEMORY_MAX, LIMIT_BYTES, "Memory of one decoded event", ""),
    ROW("scheduler", SEARCH_WINDOW_SIZE_MAX, LIMIT_BYTES, "What one search keeps to sort it", ""),
    ROW("scheduler", SEARCH_WINDOW_MAX, LIMIT_COUNT, "Rows from the first of all to the last of a page", ""),
    ROW("scheduler", SEARCH_COUNT_DEFAULT, LIMIT_COUNT, "Rows of a page, if no number is asked for", ""),
    ROW("scheduler", SEARCH_SORTS_MAX, LIMIT_COUNT, "Columns that a search sorts by", ""),
    ROW("scheduler", SEARCH_BODY_SIZE_MAX, LIMIT_BYTES, "The body of a search", ""),
    ROW("scheduler", SEARCH_TEXT_SIZE_MAX, LIMIT_BYTES, "A text that is searched for", ""),
    ROW("scheduler", API_STATE_MEMORY_MAX, LIMIT_BYTES, "Memory of one decoded state", ""),
    /* --- apps of the control plane --- */
    ROW("templates", CONTROL_DEPLOYMENTS_MAX, LIMIT_COUNT, "Deployments that go on at once", ""),
    ROW("templates", CONTROL_DEPLOYMENTS_DEEP, LIMIT_COUNT, "Deployments within each other", ""),
    ROW("templates", TEMPLATE_PARAMETERS_MAX, LIMIT_COUNT, "Parameters of a deployment template", ""),
    ROW("templates", TEMPLATE_RESOURCES_MAX, LIMIT_COUNT, "Resources of one, rounds of loops included", ""),
    ROW("templates", TEMPLATE_NEEDS_MAX, LIMIT_COUNT, "Items of `dependsOn` of all its resources", ""),
    ROW("templates", TEMPLATE_OUTPUTS_MAX, LIMIT_COUNT, "Its outputs", ""),
    ROW("templates", TEMPLATE_COPIES_MAX, LIMIT_COUNT, "Rounds of one loop", ""),
    ROW("templates", TEMPLATE_LOOPS_MAX, LIMIT_COUNT, "Loops within each other", ""),
    ROW("templates", TEMPLATE_STEPS_MAX, LIMIT_COUNT, "Functions called and values walked through, in one deployment", ""),
    ROW("templates", TEMPLATE_BYTES_MAX, LIMIT_BYTES, "Values made in one deployment, and handed to functions", ""),
    ROW("templates", TEMPLATE_VALUE_DEPTH_MAX, LIMIT_COUNT, "Values within each other", ""),
    ROW("templates", EXPRESSION_SIZE_MAX, LIMIT_BYTES, "One expression", ""),
    ROW("templates", EXPRESSION_DEPTH_MAX, LIMIT_COUNT, "Functions within each other in it", ""),
    ROW("templates", EXPRESSION_ARGUMENTS_MAX, LIMIT_COUNT, "Arguments of a function", ""),
    ROW("apps", LAUNCHER_APPS_MAX, LIMIT_COUNT, "Processes of container apps, those that are ending included", ""),
    ROW("apps", LAUNCHER_PATIENCE_MS, LIMIT_MS, "For an app to end before it is killed", ""),
    ROW("apps", CONTAINER_BLOCK_MAX, LIMIT_BYTES, "Command, arguments and variables of a container", ""),
    ROW("apps", CONTAINER_IMAGE_MAX, LIMIT_BYTES, "The name of a container's image", ""),
    ROW("apps", CONTAINER_WORDS_MAX, LIMIT_COUNT, "Words of a container's command, and of its arguments", ""),
    ROW("apps", CONTAINER_VARIABLES_MAX, LIMIT_COUNT, "Variables of a container, two of its identity included", ""),
    ROW("apps", CONTAINER_FORWARDS_MAX, LIMIT_COUNT, "Ports of the server that the variables of a container name", ""),
    ROW("apps", RELAY_CONNECTIONS_MAX, LIMIT_COUNT, "Connections into a container, and likewise out of it to the server", ""),
    ROW("apps", ENGINE_OPTIONS_MAX, LIMIT_COUNT, "Words of `--container-options`", ""),
    ROW("apps", LAUNCH_VARIABLES_MAX, LIMIT_COUNT, "Variables of an app", ""),
    ROW("apps", LAUNCH_BLOCK_MAX, LIMIT_BYTES, "Variables of an app, with their names", ""),
    ROW("apps", MADE_APP_LOG_MAX, LIMIT_BYTES, "Kept of what an app writes, the newest", ""),
    ROW("apps", MADE_APP_BACK_OFF_MAX, LIMIT_NS, "Between the end of an app and its next start", ""),
    ROW("apps", CONTROL_LOGS_MAX, LIMIT_COUNT, "Answers that follow what apps write", ""),
    ROW("apps", APP_LOG_LINES_MAX, LIMIT_COUNT, "Lines of before that one asks for", ""),
    ROW("apps", APP_LOG_UNREAD_MAX, LIMIT_BYTES, "Left unread of an answer that follows; it gets no more until it has read", ""),
    ROW("apps", CONTROL_APP_IDENTITIES_MAX, LIMIT_COUNT, "Identities of an app", ""),
    /* --- store --- */
    ROW("store", RESOURCE_COUNT_MAX, LIMIT_COUNT, "Resources of the control plane", ""),
    ROW("store", RESOURCE_SIZE_MAX, LIMIT_BYTES, "One resource, as JSON", ""),
    ROW("store", RESOURCE_TOTAL_MAX, LIMIT_BYTES, "All resources, as JSON", ""),
    ROW("store", DB_BUSY_TIMEOUT_MS, LIMIT_MS, "For another process to give the database file back", ""),
    ROW("store", STORE_FRESH_IDS_MAX, LIMIT_COUNT, "Ids of new instances that wait in memory for their table", ""),
    ROW("store", STORE_HUBS_MAX, LIMIT_COUNT, "Task hubs of one store", ""),
    ROW("store", STORE_HUB_NAME_SIZE_MAX, LIMIT_BYTES, "The name of a task hub", ""),
    ROW("store", STORE_HISTORY_SIZE_MAX, LIMIT_BYTES, "One history that is read at once", ""),
    ROW("store", STORE_INSTANCE_SIZE_MAX, LIMIT_BYTES, "One orchestration that is read at once", ""),
    ROW("store", STORE_ENTITY_SIZE_MAX, LIMIT_BYTES, "One entity's state that is read at once", ""),
    ROW("store", STORE_PAGE_ROWS, LIMIT_COUNT, "Rows of a page, if no number is asked for", ""),
    ROW("store", STORE_PAGE_SIZE_MAX, LIMIT_BYTES, "A page's rows together", ""),
    ROW("store", PAGE_TOKEN_ID_SIZE_MAX, LIMIT_BYTES, "An id in a page's token, and a prefix that is searched for", ""),
    /* --- policies --- */
    ROW("policies", YAML_TREE_SIZE_MAX, LIMIT_BYTES, "A policy file", ""),
    ROW("policies", YAML_TREE_NODES_MAX, LIMIT_COUNT, "Values of such a file", ""),
    ROW("policies", YAML_TREE_DEPTH_MAX, LIMIT_COUNT, "Maps and lists inside of each other in it", ""),
    ROW("policies", POLICY_RULES_MAX, LIMIT_COUNT, "Rules of a policy", ""),
    ROW("policies", POLICY_NAME_SIZE_MAX, LIMIT_BYTES, "The name of a rule, a stage, a person or a group", ""),
    ROW("policies", POLICY_TEXT_SIZE_MAX, LIMIT_BYTES, "The message of a rule", ""),
    ROW("policies", POLICY_APPROVALS_MAX, LIMIT_COUNT, "Approvals that one stage may ask for", ""),
    ROW("policies", POLICY_STAGES_MAX, LIMIT_COUNT, "Stages one after the other", ""),
    ROW("policies", POLICY_PATTERNS_MAX, LIMIT_COUNT, "Patterns of a policy: each is searched in the code of each request", ""),
    ROW("policies", POLICY_PATTERN_SIZE_MAX, LIMIT_BYTES, "A pattern", ""),
    ROW("policies", POLICY_PATTERN_NESTING_MAX, LIMIT_COUNT, "Parentheses inside of each other in a pattern", ""),
    ROW("policies", POLICY_PATTERN_DEPTH_MAX, LIMIT_COUNT, "Points that a search may go back to, inside of each other", ""),
    ROW("policies", POLICY_PATTERN_HEAP_MAX, LIMIT_BYTES, "Memory of one search", ""),
    ROW("policies", POLICY_PATTERN_STEPS_MAX, LIMIT_COUNT, "Steps of one search; more for each byte of the code", ""),
    ROW("policies", POLICY_PATTERN_BYTE_STEPS_MAX, LIMIT_COUNT, "Steps of one search for each byte of the code", ""),
    /* --- formats --- */
    ROW("formats", HTTP1_EMPTY_LINES_MAX, LIMIT_COUNT, "Empty lines before a request line", "RFC 9112 2.2"),
    ROW("formats", HTTP1_METHOD_SIZE_MAX, LIMIT_BYTES, "A request's method", ""),
    ROW("formats", HTTP1_CHUNK_LINE_MAX, LIMIT_BYTES, "One chunk-size line with its extensions", ""),
    ROW("formats", HTTP1_CHUNK_EXTENSION_MAX, LIMIT_BYTES, "All chunk extensions of one body", ""),
    ROW("formats", HTTP1_TRAILER_SIZE_MAX, LIMIT_BYTES, "The trailer section of one body", ""),
    ROW("formats", MULTIPART_PARTS_MAX, LIMIT_COUNT, "Parts of one form", ""),
    ROW("formats", MULTIPART_HEAD_SIZE_MAX, LIMIT_BYTES, "The headers of one part of a form", ""),
    ROW("formats", MULTIPART_BOUNDARY_SIZE_MAX, LIMIT_BYTES, "The boundary of a form", "RFC 2046 5.1.1"),
    ROW("formats", HTTP1_HOST_SIZE_MAX, LIMIT_BYTES, "A host name", "RFC 1035 2.3.4"),
    ROW("formats", JSON_DEPTH_MAX_DEFAULT, LIMIT_COUNT, "Objects and arrays inside of each other", ""),
    ROW("formats", JSON_VALUES_MAX_DEFAULT, LIMIT_COUNT, "Values of one JSON text", ""),
    ROW("formats", JSON_SIZE_MAX_DEFAULT, LIMIT_BYTES, "One JSON text", ""),
    ROW("formats", JMESPATH_SIZE_MAX, LIMIT_BYTES, "A query of az --query", ""),
    ROW("formats", JMESPATH_DEPTH_MAX, LIMIT_COUNT, "Expressions inside of each other in such a query", ""),
    ROW("formats", JMESPATH_STEPS_MAX, LIMIT_COUNT, "Nodes that one such query visits", ""),
    ROW("formats", PB_DEPTH_MAX, LIMIT_COUNT, "Messages inside of each other", "as the official decoders"),
    ROW("formats", PB_SIZE_MAX, LIMIT_BYTES, "One encoded message", "Protocol Buffers: encoding"),
    ROW("formats", FRAME_PAYLOAD_SIZE_MAX, LIMIT_BYTES, "One frame between server and session", ""),
    ROW("formats", KEEPER_MESSAGE_SIZE_MAX, LIMIT_BYTES, "One message between server and keeper", ""),
    ROW("formats", KEEPER_MESSAGE_FDS_MAX, LIMIT_COUNT, "Descriptors with such a message", ""),
    /* --- the page --- */
    ROW("page", PAGE_SESSIONS_EACH_MAX, LIMIT_COUNT, "Browsers in which one person is signed in; the oldest makes room", ""),
    ROW("page", PAGE_SESSIONS_MAX, LIMIT_COUNT, "Browsers that are signed in by a token; the one that was used least lately makes room", ""),
    ROW("page", PAGE_SESSION_LIFE_NS, LIMIT_NS, "A browser stays signed in", ""),
    ROW("page", PAGE_SESSION_ROTATE_NS, LIMIT_NS, "A cookie counts before it is replaced", ""),
    ROW("page", PAGE_SESSION_OVERLAP_NS, LIMIT_NS, "A replaced cookie counts for requests under way", ""),
    ROW("page", PAGE_LINKS_MAX, LIMIT_COUNT, "Links to sign in that are open", "429"),
    ROW("page", PAGE_LINKS_EACH_MAX, LIMIT_COUNT, "Those of one person; the oldest makes room", ""),
    ROW("page", PAGE_LINK_LIFE_NS, LIMIT_NS, "A link to sign in counts", ""),
    ROW("page", PAGE_CREDENTIALS_MAX, LIMIT_BYTES, "What is typed to sign a browser in", ""),

    /* --- traces --- */
    ROW("traces", OTLP_QUEUE_SIZE_MAX, LIMIT_BYTES, "Spans that wait for the collector", ""),
    ROW("traces", OTLP_REQUEST_TIMEOUT_MS, LIMIT_MS, "For the collector to take spans", ""),
    ROW("traces", OTLP_CONNECT_TIMEOUT_MS, LIMIT_MS, "For a connection to it", ""),
    ROW("traces", OTLP_TRIES_MAX, LIMIT_COUNT, "Tries with the same spans", ""),
    /* --- every part --- */
    ROW("every part", ARENA_LIMIT_DEFAULT, LIMIT_BYTES, "Memory of one arena whose user sets no limit of its own", ""),
    ROW("every part", BUF_LIMIT_DEFAULT, LIMIT_BYTES, "One buffer whose user sets no limit of its own", ""),
    ROW("every part", LOG_SHARE_BURST, LIMIT_COUNT, "Access log lines of one peer at once", ""),
    ROW("every part", LOG_SHARE_PER_SECOND, LIMIT_PER_SECOND, "Access log lines of one peer after that", ""),
    ROW("every part", LOG_RATE_PERIOD_NS, LIMIT_NS, "Between two log lines of a kind that a peer can cause at will", ""),
    ROW("every part", METRIC_LABEL_SIZE_MAX, LIMIT_BYTES, "Shown of a label's value", ""),
    {.part = NULL},
};
// clang-format on

const char *limit_unit_name(enum limit_unit unit)
{
    static const char *const names[] = {
        [LIMIT_BYTES] = "bytes", [LIMIT_COUNT] = "count", [LIMIT_PER_SECOND] = "per second",
        [LIMIT_NS] = "ns",       [LIMIT_MS] = "ms",       [LIMIT_DAYS] = "days",
    };
    return names[unit];
}

static char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

void limit_name(const struct limit_row *row, char ret_name[LIMIT_NAME_SIZE])
{
    size_t size = 0;
    for (const char *at = row->macro; *at && size + 1 < LIMIT_NAME_SIZE; at++)
        ret_name[size++] = *at == '_' ? '-' : lower(*at);
    static const char *const units[] = {"-ns", "-ms", "-days"}; /* the value is shown with its own */
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        size_t unit_size = strlen(units[i]);
        if (size > unit_size && memcmp(ret_name + size - unit_size, units[i], unit_size) == 0)
            size -= unit_size;
    }
    ret_name[size] = '\0';
}
