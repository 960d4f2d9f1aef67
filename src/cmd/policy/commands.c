/* SPDX-License-Identifier: MIT */
/* commands.c — the rows and their settings. */
#include "cmd/policy/policy_commands.h"
#include "cmd/policy/policy_file.h"

enum policy_bit {
    POLICY_BIT_ANY = 1 << 0,
    POLICY_BIT_EXPLAIN = 1 << 1,
};

static const struct option_spec settings[] = {
    {"json", OPTION_FLAG, NULL, NULL, NULL, 0, 0, POLICY_BIT_ANY, "print JSON"},
    {"facts", OPTION_TEXT, "FILE", NULL, NULL, 0, 0, POLICY_BIT_EXPLAIN,
     "a request, or a list of them, as JSON; - is standard input"},
    {"against", OPTION_TEXT, "FILE", NULL, NULL, 0, 0, POLICY_BIT_EXPLAIN,
     "of a list: the policy that was in force; else the built-in one"},
    {.name = NULL},
};

#define SYNTAX(bits, words)                                                                                  \
    {                                                                                                        \
        .sets = {{settings, (bits)}}, .positionals = (words)                                                 \
    }

const struct command policy_commands[] = {
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
