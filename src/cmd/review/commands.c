/* SPDX-License-Identifier: MIT */
/* commands.c — the rows, their settings, and the action of each. */
#include "cmd/review/actions.h"
#include "cmd/review/review.h"

#include <string.h>

#include "os/clock.h"

#define TEN_YEARS (3650LL * 86400 * NS_PER_S)

enum review_bit {
    REVIEW_SUBMIT = 1 << 0,
    REVIEW_RESUBMIT = 1 << 1,
    REVIEW_LS = 1 << 2,
    REVIEW_SHOW = 1 << 3,
    REVIEW_LOGS = 1 << 4,
    REVIEW_DECIDE = 1 << 6,
    REVIEW_DIFF = 1 << 7,
    REVIEW_DEMO = 1 << 8,
    REVIEW_FILES = 1 << 9,
    REVIEW_EXPORT = 1 << 10,
    REVIEW_APPROVE = 1 << 11,
};

static const struct option_spec settings[] = {
    {"purpose", OPTION_TEXT, "TEXT", NULL, NULL, 0, 0, REVIEW_SUBMIT, "what it is for, in words"},
    {"label", OPTION_TEXT, "KEY=VALUE", NULL, NULL, 0, 0, REVIEW_SUBMIT | REVIEW_LS,
     "a label; may be given several times", .repeats = true},
    {"gate", OPTION_TEXT, "WHEN", NULL, NULL, 0, 0, REVIEW_SUBMIT,
     "whether a person is asked before the run, after it, or both", .words = "after before both"},
    {"session", OPTION_TEXT, "NAME", NULL, NULL, 0, 0, REVIEW_SUBMIT,
     "run in the session of this name, which stays"},
    {"on-behalf-of", OPTION_TEXT, "PERSON", NULL, NULL, 0, 0, REVIEW_SUBMIT,
     "who is behind it; this person may not approve it"},
    {"submitted-by", OPTION_TEXT, "NAME", NULL, NULL, 0, 0, REVIEW_SUBMIT,
     "who submits, where nobody signs in"},
    {"then-code", OPTION_TEXT, "FILE", NULL, NULL, 0, 0, REVIEW_SUBMIT | REVIEW_RESUBMIT,
     "code that goes on in the same session once its result is approved: first a dry run, then the real "
     "step"},
    {"then-start", OPTION_TEXT, "NAME", NULL, NULL, 0, 0, REVIEW_SUBMIT,
     "an orchestration that is started when the result is released"},
    {"then-hub", OPTION_TEXT, "HUB", NULL, NULL, 0, 0, REVIEW_SUBMIT, "its task hub; else the server's own"},
    {"then-webhook", OPTION_TEXT, "NAME", NULL, NULL, 0, 0, REVIEW_SUBMIT,
     "a webhook of the server that is told when the result is released"},
    {"approval-timeout", OPTION_DURATION, "TIME", NULL, NULL, NS_PER_MS, TEN_YEARS, REVIEW_SUBMIT,
     "how long a decision is waited for; else the server's"},
    {"file", OPTION_TEXT, "FILE", NULL, NULL, 0, 0, REVIEW_SUBMIT | REVIEW_RESUBMIT,
     "an input file, below /mnt/data under the name that was typed; NAME=FILE gives it another; may be given "
     "several times",
     .repeats = true},
    {"without", OPTION_TEXT, "PATH", NULL, NULL, 0, 0, REVIEW_RESUBMIT,
     "an input file of the revision before that this one does not have; may be given several times",
     .repeats = true},
    {"wait", OPTION_FLAG, NULL, NULL, NULL, 0, 0, REVIEW_SUBMIT | REVIEW_RESUBMIT,
     "wait until it is over, print its output, and exit by how it ended", .letter = 'w'},
    {"wait-timeout", OPTION_DURATION, "TIME", NULL, NULL, 0, TEN_YEARS, REVIEW_SUBMIT | REVIEW_RESUBMIT,
     "how long --wait waits at most; else until it is over"},
    {"message", OPTION_TEXT, "TEXT", NULL, NULL, 0, 0, REVIEW_DECIDE | REVIEW_RESUBMIT,
     "why, for the submitter or the reviewer, and for the audit log", .letter = 'm'},
    {"remember", OPTION_TEXT, "FOR", NULL, NULL, 0, 0, REVIEW_APPROVE,
     "let the same code through from now on: `submitter` for theirs, `label:KEY` for whatever has this label "
     "of "
     "the request"},
    {"remember-uses", OPTION_COUNT, "N", NULL, NULL, 1, 10000, REVIEW_APPROVE, "so often; else 10 times"},
    {"remember-for", OPTION_DURATION, "TIME", NULL, NULL, NS_PER_S, TEN_YEARS, REVIEW_APPROVE,
     "for so long; else for as long as the policy lets"},
    {"remember-tree", OPTION_FLAG, NULL, NULL, NULL, 0, 0, REVIEW_APPROVE,
     "also code that differs only in blanks and comments, if the policy lets"},
    {"state", OPTION_TEXT, "STATE", NULL, NULL, 0, 0, REVIEW_LS, "only those in this state",
     .words = "queued running waiting approved rejected changes-requested timed-out failed cancelled"},
    {"submitter", OPTION_TEXT, "NAME", NULL, NULL, 0, 0, REVIEW_LS, "only this one's"},
    {"reviewer", OPTION_TEXT, "NAME", NULL, NULL, 0, 0, REVIEW_LS, "only those on which they voted"},
    {"since", OPTION_TEXT, "TIME", NULL, NULL, 0, 0, REVIEW_LS, "only those created at or after it"},
    {"until", OPTION_TEXT, "TIME", NULL, NULL, 0, 0, REVIEW_LS, "only those created before it"},
    {"q", OPTION_TEXT, "WORDS", NULL, NULL, 0, 0, REVIEW_LS, "only those whose code or purpose has them"},
    {"rule", OPTION_TEXT, "NAME", NULL, NULL, 0, 0, REVIEW_LS,
     "only those that this rule of the policy matched"},
    {"oldest-first", OPTION_FLAG, NULL, NULL, NULL, 0, 0, REVIEW_LS, "in this order, not newest first"},
    {"limit", OPTION_COUNT, "N", NULL, "50", 1, 1000000, REVIEW_LS, "most to print"},
    {"why", OPTION_FLAG, NULL, NULL, NULL, 0, 0, REVIEW_SHOW, "also which rules sent it to a person"},
    {"follow", OPTION_FLAG, NULL, NULL, NULL, 0, 0, REVIEW_LOGS,
     "print what a run prints as it prints it, until it is over", .letter = 'f'},
    {"output", OPTION_TEXT, "FOLDER", NULL, NULL, 0, 0, REVIEW_EXPORT,
     "where it is put, a folder that is not there yet; else request-ID here", .letter = 'o'},
    {"port", OPTION_COUNT, "PORT", NULL, "8080", 0, 65535, REVIEW_DEMO, "where the demonstration is served"},
    {"get", OPTION_TEXT, "PATH", NULL, NULL, 0, 0, REVIEW_FILES, "fetch this file that the run made"},
    {"input", OPTION_FLAG, NULL, NULL, NULL, 0, 0, REVIEW_FILES, "the file is one that went in"},
    {"revision", OPTION_COUNT, "N", NULL, NULL, 1, 1000000, REVIEW_FILES,
     "input files of this revision; else of the present one"},
    {"out", OPTION_TEXT, "FILE", NULL, NULL, 0, 0, REVIEW_FILES,
     "where it goes, in the place of what is there; - is standard output; else its name, which must be free",
     .letter = 'o'},
    {"from", OPTION_COUNT, "N", NULL, NULL, 1, 1000000, REVIEW_DIFF, "a revision; else the one before --to"},
    {"to", OPTION_COUNT, "N", NULL, NULL, 1, 1000000, REVIEW_DIFF, "a revision; else the present one"},
    {.name = NULL},
};

static const struct {
    const char *name;
    int (*act)(const struct review_call *call);
} actions[] = {
    {"submit", review_submit},   {"resubmit", review_resubmit}, {"ls", review_ls},
    {"show", review_show},       {"logs", review_logs},         {"diff", review_diff},
    {"approve", review_approve}, {"reject", review_reject},     {"changes", review_changes},
    {"cancel", review_cancel},   {"demo", review_demo},         {"mcp", review_mcp},
    {"open", review_open},       {"files", review_files},       {"export", review_export},
};

static int run(const struct command *command, const struct option_values *values)
{
    const struct review_call call = {command, values};
    for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
        if (strcmp(actions[i].name, command->name) == 0)
            return actions[i].act(&call);
    ASSERT(!"a row without an action");
}

/* --- rows --- */

#define SYNTAX(bit, words)                                                                                   \
    {                                                                                                        \
        .sets = {{server_settings, SERVER_SETTINGS_BIT}, {settings, (bit)}}, .positionals = (words)          \
    }
#define WHERE                                                                                                \
    "The server is --url, else http://localhost:8080; an id may be shortened while it is unique.\n"          \
    "Exit codes: 0 good, 1 failed, 2 wrong usage, 3 no such thing, 7 no right."
#define ENDS                                                                                                 \
    "With --wait standard output has what the code prints, and the exit code says how it ended: 0 "          \
    "approved,\n"                                                                                            \
    "4 rejected, 5 timed out, 6 failed or cancelled.\n"

const struct command review_commands[] = {
    {"submit", run, SYNTAX(REVIEW_SUBMIT, "FILE"), "submit code; prints its id",
     "FILE is source code; - is standard input.\n" ENDS WHERE},
    {"resubmit", run, SYNTAX(REVIEW_RESUBMIT, "ID FILE"), "submit the next revision of a request",
     "After changes were asked for, or while it waits; earlier votes do not count any more. Input files "
     "stay, but for\n"
     "those of --file and --without.\n" ENDS WHERE},
    {"ls", run, SYNTAX(REVIEW_LS, NULL), "list requests", "Newest first. Times are UTC.\n" WHERE},
    {"show", run, SYNTAX(REVIEW_SHOW, "ID"), "show a request: code, output, what it did, who said what",
     "What the server does not report is not shown; nothing is made up.\n" WHERE},
    {"logs", run, SYNTAX(REVIEW_LOGS, "ID"), "print what the code printed", WHERE},
    {"files", run, SYNTAX(REVIEW_FILES, "ID"), "list the files of a request, or fetch one",
     "What went in and what the run made. What it made is held until somebody has approved it.\n" WHERE},
    {"diff", run, SYNTAX(REVIEW_DIFF, "ID"), "show what changed between revisions: code and input files",
     WHERE},
    {"export", run, SYNTAX(REVIEW_EXPORT, "ID"), "put everything of a request into a folder, with a receipt",
     "Check it with: sallyport audit check FOLDER --key KEY. Whoever submitted a request gets its output "
     "once it is released.\n" WHERE},
    {"approve", run, SYNTAX(REVIEW_DECIDE | REVIEW_APPROVE, "ID"), "approve a request",
     "The vote is for the bytes that the request has now; if they change meanwhile it is refused.\n" WHERE},
    {"reject", run, SYNTAX(REVIEW_DECIDE, "ID"), "reject a request", WHERE},
    {"changes", run, SYNTAX(REVIEW_DECIDE, "ID"), "ask for changes: the next revision of a request",
     "Say which with --message.\n" WHERE},
    {"cancel", run, SYNTAX(REVIEW_DECIDE, "ID"), "cancel a request; a running session is ended",
     "For its submitter and for operators.\n" WHERE},
    {"demo", run, SYNTAX(REVIEW_DEMO, NULL), "start a server with requests that wait already, to look around",
     "As `sallyport dev`, on a folder that goes with it. Ends with Ctrl-C."},
    {"open", run, SYNTAX(0, "[ID]"), "open the web page, or a request in it",
     "By xdg-open where there is a desktop; else prints the link.\n" WHERE},
    {"mcp", run, SYNTAX(0, NULL), "serve agents over standard input and output (Model Context Protocol)",
     "Hands each message to the server's /mcp. In an agent's settings: command sallyport, argument mcp, and "
     "SALLYPORT_URL\n"
     "and SALLYPORT_KEY in its environment.\n" WHERE},
    {.name = NULL},
};
