/* SPDX-License-Identifier: MIT */
/* commands.c — the rows and their settings. */
#include "cmd/cli/server.h"
#include "cmd/policy/policy_commands.h"
#include "cmd/policy/policy_file.h"

enum policy_bit {
    POLICY_BIT_ANY = 1 << 0,
    POLICY_BIT_EXPLAIN = 1 << 1,
    POLICY_BIT_APPLY = 1 << 2,
    POLICY_BIT_SHOW = 1 << 3,
    POLICY_BIT_HISTORY = 1 << 4,
    POLICY_BIT_TEST = 1 << 5,
    POLICY_BIT_STANDING = 1 << 6,
    POLICY_BIT_REVOKE = 1 << 7,
    ABSENCE_BIT_ADD = 1 << 8,
    ABSENCE_BIT_LIST = 1 << 9,
    ABSENCE_BIT_END = 1 << 10,
    POLICY_BIT_RULES = 1 << 11,
};

static const struct option_spec settings[] = {
    {"json", OPTION_FLAG, NULL, NULL, NULL, 0, 0, POLICY_BIT_ANY, "print JSON"},
    {"facts", OPTION_TEXT, "FILE", NULL, NULL, 0, 0, POLICY_BIT_EXPLAIN,
     "a request, or a list of them, as JSON; - is standard input"},
    {"against", OPTION_TEXT, "FILE", NULL, NULL, 0, 0, POLICY_BIT_EXPLAIN,
     "of a list: the policy that was in force; else the built-in one"},
    {"message", OPTION_TEXT, "TEXT", NULL, NULL, 0, 0, POLICY_BIT_APPLY | ABSENCE_BIT_ADD,
     "why, for whoever looks and the audit log", .letter = 'm'},
    {"until", OPTION_TEXT, "TIME", NULL, NULL, 0, 0, ABSENCE_BIT_ADD,
     "when they are back, RFC 3339; a date alone is the end of that day, UTC"},
    {"from", OPTION_TEXT, "TIME", NULL, NULL, 0, 0, ABSENCE_BIT_ADD, "when they go; else now"},
    {"person", OPTION_TEXT, "NAME", NULL, NULL, 0, 0, ABSENCE_BIT_ADD,
     "who is away, for operators and owners; else whoever says so"},
    {"replaces", OPTION_COUNT, "N", NULL, NULL, 0, 1000000000, POLICY_BIT_APPLY,
     "only if this version is in force; else whichever is when the command looks"},
    {"last", OPTION_COUNT, "N", NULL, "100", 0, 1000, POLICY_BIT_TEST, "so many past requests, the newest"},
    {"all", OPTION_FLAG, NULL, NULL, NULL, 0, 0, POLICY_BIT_TEST,
     "also those for which nothing would change"},
    {"number", OPTION_COUNT, "N", NULL, NULL, 0, 1000000000, POLICY_BIT_SHOW,
     "this version; else the one in force"},
    {"limit", OPTION_COUNT, "N", NULL, "50", 1, 1000000, POLICY_BIT_HISTORY | POLICY_BIT_STANDING,
     "most to print"},
    {.name = NULL},
};

#define SYNTAX(bits, words)                                                                                  \
    {                                                                                                        \
        .sets = {{settings, (bits)}}, .positionals = (words)                                                 \
    }

#define SERVER_SYNTAX(bits, words)                                                                           \
    {                                                                                                        \
        .sets = {{server_settings, SERVER_SETTINGS_BIT}, {settings, (bits)}}, .positionals = (words)         \
    }
#define WHERE                                                                                                \
    "The server is --url, else http://localhost:8080.\n"                                                     \
    "Exit codes: 0 good, 1 failed, 2 wrong usage, 3 no such thing, 7 no right."

const struct command policy_commands[] = {
    {"policy apply", policy_apply, SERVER_SYNTAX(POLICY_BIT_APPLY, "FILE"),
     "have a policy file rule from now on",
     "For operators and owners. What waits already goes on by what was asked for it; a file with a fault is "
     "refused whole,\n"
     "as FILE:LINE:COLUMN, and the policy in force stays. - is standard input.\n" WHERE},
    {"policy test", policy_test, SERVER_SYNTAX(POLICY_BIT_TEST, "FILE"),
     "rehearse a policy file over past requests of a server",
     "Tells of each that would change what it was, what it would be, and by which rule. Nothing changes. - "
     "is "
     "standard input.\n" WHERE},
    {"policy show", policy_show, SERVER_SYNTAX(POLICY_BIT_SHOW, NULL), "print the policy in force",
     "As it was applied.\n" WHERE},
    {"policy history", policy_history, SERVER_SYNTAX(POLICY_BIT_HISTORY, NULL),
     "list the versions of the policy: when, by whom, why", "Newest first. Times are UTC.\n" WHERE},
    {"policy rules", policy_rules, SERVER_SYNTAX(POLICY_BIT_RULES, NULL),
     "list the rules in force, and in how many requests each matched in the last 30 days",
     "In the file's order. A rule that matched and did nothing else was overruled, or the request ended "
     "before it "
     "came to that.\n" WHERE},
    {"policy standing", policy_standing, SERVER_SYNTAX(POLICY_BIT_STANDING, NULL),
     "list the standing approvals: what they let through, how often, until when, and who made them",
     "They are made with `sallyport approve ID --remember`. Newest first. Times are UTC.\n" WHERE},
    {"policy revoke", policy_revoke, SERVER_SYNTAX(POLICY_BIT_REVOKE, "ID"),
     "revoke a standing approval: it lets nothing through any more",
     "For who made it, operators and owners. ID is the one of `sallyport policy standing`, or its "
     "beginning.\n" WHERE},
    {"absence add", absence_add, SERVER_SYNTAX(ABSENCE_BIT_ADD, "DELEGATE"),
     "have somebody stand in for you while you are away",
     "DELEGATE counts where you would, by the groups and roles that you have now, and needs the right to "
     "decide. "
     "Of somebody\n"
     "else's absence only the name counts. It ends by itself at --until, which must be given.\n" WHERE},
    {"absence list", absence_list, SERVER_SYNTAX(ABSENCE_BIT_LIST, NULL),
     "list who is away until when, and who stands in", "Times are UTC.\n" WHERE},
    {"absence end", absence_end, SERVER_SYNTAX(ABSENCE_BIT_END, "ID"), "end an absence before its time",
     "For who is away, who said so, operators and owners.\n" WHERE},
    {"policy check", policy_check, SYNTAX(POLICY_BIT_ANY, "FILE"),
     "check a policy file, and say what it means",
     "Asks no server. A fault is told as FILE:LINE:COLUMN.\n"
     "Exit codes: 0 no faults, 1 it is refused or cannot be read, 2 wrong usage."},
    {"policy explain", policy_explain, SYNTAX(POLICY_BIT_ANY | POLICY_BIT_EXPLAIN, "FILE"),
     "which rules of a policy file match a request, and which one settles it",
     "Asks no server. --facts is {\"facts\": {…}, \"votes\": […]} with the names of `sallyport policy "
     "words`; what is\n"
     "not there is not known. Of a list each request is decided by --against and by FILE, and what differs "
     "is told.\n"
     "Exit codes: 0 good, 1 a file is refused or cannot be read, 2 wrong usage."},
    {"policy words", policy_words, SYNTAX(POLICY_BIT_ANY, NULL), "list the words of policy files",
     "Asks no server."},
    {.name = NULL},
};
