/* SPDX-License-Identifier: MIT */
/* commands.c — the rows and their settings. */
#include "cmd/webhook/webhook_commands.h"

#include "cmd/cli/server.h"
#include "cmd/webhook/webhook_call.h"

enum webhook_bit {
    WEBHOOK_BIT_ANY = 1 << 0,
    WEBHOOK_BIT_ADD = 1 << 1,
    WEBHOOK_BIT_CHANGE = 1 << 2,
    WEBHOOK_BIT_DELIVERIES = 1 << 3,
};

static const struct option_spec settings[] = {
    {"name", OPTION_TEXT, "NAME", NULL, NULL, 0, 0, WEBHOOK_BIT_ADD | WEBHOOK_BIT_CHANGE,
     "what it is called; of a new one else the host of the URL"},
    {"event", OPTION_TEXT, "EVENT", NULL, NULL, 0, 0, WEBHOOK_BIT_ADD | WEBHOOK_BIT_CHANGE,
     "request.approved, request.*, *; may be given several times; of a new one else all", .repeats = true},
    {"format", OPTION_TEXT, "FORMAT", NULL, NULL, 0, 0, WEBHOOK_BIT_ADD | WEBHOOK_BIT_CHANGE,
     "form of what is sent: cloudevents, slack, teams, ntfy, email; else cloudevents, or email for mailto:"},
    {"secret", OPTION_TEXT, "SECRET", "SALLYPORT_WEBHOOK_SECRET", NULL, 0, 0,
     WEBHOOK_BIT_ADD | WEBHOOK_BIT_CHANGE,
     "whsec_ and base64, with which it is signed; of a new one else one is made", .secret = true},
    {"secret-file", OPTION_TEXT, "FILE", NULL, NULL, 0, 0, WEBHOOK_BIT_ADD | WEBHOOK_BIT_CHANGE,
     "a file with that secret in its one line", .file_of = "secret"},
    {"token", OPTION_TEXT, "TOKEN", "SALLYPORT_WEBHOOK_TOKEN", NULL, 0, 0,
     WEBHOOK_BIT_ADD | WEBHOOK_BIT_CHANGE, "that a server of ntfy asks for; empty: none any more",
     .secret = true},
    {"token-file", OPTION_TEXT, "FILE", NULL, NULL, 0, 0, WEBHOOK_BIT_ADD | WEBHOOK_BIT_CHANGE,
     "a file with that token in its one line", .file_of = "token"},
    {"new-secret", OPTION_FLAG, NULL, NULL, NULL, 0, 0, WEBHOOK_BIT_CHANGE,
     "make another secret, and print it"},
    {"to", OPTION_TEXT, "URL", NULL, NULL, 0, 0, WEBHOOK_BIT_CHANGE, "send to this URL from now on"},
    {"pause", OPTION_FLAG, NULL, NULL, NULL, 0, 0, WEBHOOK_BIT_CHANGE,
     "send nothing; events wait until it is resumed"},
    {"resume", OPTION_FLAG, NULL, NULL, NULL, 0, 0, WEBHOOK_BIT_CHANGE,
     "send again, also after it has ended"},
    {"limit", OPTION_COUNT, "N", NULL, "50", 1, 1000000, WEBHOOK_BIT_DELIVERIES, "most to print"},
    {.name = NULL},
};

#define SYNTAX(bits, words)                                                                                  \
    {                                                                                                        \
        .sets = {{server_settings, SERVER_SETTINGS_BIT}, {settings, (bits)}}, .positionals = (words)         \
    }
#define WHERE                                                                                                \
    "For operators and owners. The server is --url, else http://localhost:8080.\n"                           \
    "Exit codes: 0 good, 1 failed, 2 wrong usage, 3 no such thing, 7 no right."

const struct command webhook_commands[] = {
    {"webhook add", webhook_add, SYNTAX(WEBHOOK_BIT_ADD, "URL"), "have a receiver told of events by HTTP",
     "Each event is POSTed to URL, signed as Standard Webhooks says; the secret is printed once. URL is "
     "https, "
     "on the public\n"
     "net; other hosts are for the server's setting webhook-hosts. For ntfy it ends with the topic,\n"
     "https://ntfy.sh/TOPIC; for a mail it is mailto:ADDRESS.\n" WHERE},
    {"webhook list", webhook_list, SYNTAX(WEBHOOK_BIT_ANY, NULL),
     "list the webhooks, what waits, and what failed last", WHERE},
    {"webhook show", webhook_show, SYNTAX(WEBHOOK_BIT_ANY, "NAME"), "show a webhook", WHERE},
    {"webhook change", webhook_change, SYNTAX(WEBHOOK_BIT_CHANGE, "NAME"),
     "change, pause or resume a webhook, or give it another secret", WHERE},
    {"webhook delete", webhook_delete, SYNTAX(WEBHOOK_BIT_ANY, "NAME"),
     "delete a webhook with its deliveries", WHERE},
    {"webhook ping", webhook_ping, SYNTAX(WEBHOOK_BIT_ANY, "NAME"), "send an event that says nothing",
     "How it went is in `sallyport webhook delivery`.\n" WHERE},
    {"webhook deliveries", webhook_deliveries, SYNTAX(WEBHOOK_BIT_DELIVERIES, "NAME"),
     "list what was and will be delivered, newest first", "Times are UTC.\n" WHERE},
    {"webhook delivery", webhook_delivery, SYNTAX(WEBHOOK_BIT_ANY, "NAME NUMBER"),
     "show one delivery: each attempt with its answer", WHERE},
    {"webhook replay", webhook_replay, SYNTAX(WEBHOOK_BIT_ANY, "NAME NUMBER"),
     "send the same event under the same id once more", WHERE},
    {.name = NULL},
};
