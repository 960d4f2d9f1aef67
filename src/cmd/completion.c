/* SPDX-License-Identifier: MIT */
/* completion.c — words of names first, then settings of the command that was found; three scripts that ask for them. */
#include "cmd/completion.h"

#include <stdio.h>

#include "cmd/az/az.h"

/* In each script an az that is this program is completed, too. */
static const struct {
    const char *shell;
    const char *script;
} scripts[] = {
    {"bash",
     "_sallyport() {\n"
     "    local IFS=$'\\n'\n"
     "    COMPREPLY=($(sallyport completion words \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null))\n"
     "}\n"
     "_sallyport_az() {\n"
     "    local IFS=$'\\n'\n"
     "    COMPREPLY=($(sallyport completion words az \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null))\n"
     "}\n"
     "complete -o default -F _sallyport sallyport\n"
     "case \"$(alias az 2>/dev/null)$(declare -f az)\" in\n"
     "*'sallyport az'*) complete -o default -F _sallyport_az az ;;\n"
     "esac\n"},
    {"zsh", "#compdef sallyport\n"
            "_sallyport() {\n"
            "    local -a found\n"
            "    found=(${(f)\"$(sallyport completion words \"${(@)words[2,CURRENT]}\" 2>/dev/null)\"})\n"
            "    if (( ${#found} )); then compadd -- $found; else _files; fi\n"
            "}\n"
            "compdef _sallyport sallyport\n"},
    {"fish", "complete -c sallyport -a "
             "'(sallyport completion words (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'\n"},
};

/* Words of this program that are no rows. */
static const char *const other_words[] = {"help", "--version", "--help"};

static void offer(struct bytes candidate, const char *begun, struct buf *out)
{
    if (!bytes_starts_with(candidate, bytes_of_cstr(begun)))
        return;
    /* Each once: rows of one group begin alike, one behind the other. */
    CLEANUP(buf_fini) struct buf line = {0};
    buf_append_bytes(&line, candidate);
    buf_append_byte(&line, '\n');
    struct bytes last = buf_peek(out);
    bool again = last.size >= line.size &&
                 bytes_equal(bytes_slice(last, last.size - line.size, line.size), buf_peek(&line)) &&
                 (last.size == line.size || last.data[last.size - line.size - 1] == '\n');
    if (!again)
        buf_append_bytes(out, buf_peek(&line));
}

/* The next word of each name that begins with the words before. */
static void offer_words(const struct command_list *lists, size_t list_count, int before, char *const *argv,
                        const char *begun, struct buf *out)
{
    for (size_t i = 0; i < list_count; i++) {
        for (const struct command *command = lists[i].rows; command->name; command++) {
            struct bytes rest = bytes_of_cstr(command->name);
            int matched = 0;
            while (matched < before && rest.data && bytes_equal_cstr(bytes_split(&rest, ' '), argv[matched]))
                matched++;
            if (matched == before && rest.data)
                offer(bytes_split(&rest, ' '), begun, out);
        }
    }
    for (size_t i = 0; before == 0 && i < ARRAY_SIZE(other_words); i++)
        offer(bytes_of_cstr(other_words[i]), begun, out);
}

static void offer_settings(const struct command *command, const char *begun, struct buf *out)
{
    for (size_t i = 0; i < OPTION_SETS_MAX; i++) {
        const struct option_set *set = &command->syntax.sets[i];
        for (const struct option_spec *spec = set->table; spec && spec->name; spec++) {
            char name[OPTION_NAME_MAX + 3];
            (void)snprintf(name, sizeof name, "--%s", spec->name);
            if (spec->commands & set->commands)
                offer(bytes_of_cstr(name), begun, out);
        }
    }
}

void completion_offer(const struct command_list *lists, size_t list_count, int argc, char *const *argv,
                      struct buf *out)
{
    const char *begun = argc > 0 ? argv[argc - 1] : "";
    int before = argc > 0 ? argc - 1 : 0;
    bool help = before > 0 && strcmp(argv[0], "help") == 0;
    if (help) { /* the same words follow it */
        argv++;
        argc--;
        before--;
    }
    if (before > 0 && strcmp(argv[0], "az") == 0) {
        az_complete(argc - 1, argv + 1, out);
        return;
    }
    int used = 0;
    const struct command *command = command_find(lists, list_count, before, argv, &used);
    if (command && command->run_words == completion_run) {
        for (size_t i = 0; before == 1 && i < ARRAY_SIZE(scripts); i++)
            offer(bytes_of_cstr(scripts[i].shell), begun, out);
        return;
    }
    if (!command || used == before)
        offer_words(lists, list_count, before, argv, begun, out);
    if (command && !help)
        offer_settings(command, begun, out);
}

static int print(const struct buf *text)
{
    if (text->size == 0)
        return text->failed ? EXIT_FAILED : EXIT_GOOD;
    bool whole = buf_status(text) == STATUS_OK && fwrite(text->data, 1, text->size, stdout) == text->size;
    return whole && fflush(stdout) == 0 ? EXIT_GOOD : EXIT_FAILED;
}

int completion_run(const struct command_list *lists, size_t list_count, int argc, char *const *argv)
{
    CLEANUP(buf_fini) struct buf text = {0};
    if (argc > 0 && strcmp(argv[0], "words") == 0) {
        completion_offer(lists, list_count, argc - 1, argv + 1, &text);
        return print(&text);
    }
    for (size_t i = 0; argc == 1 && i < ARRAY_SIZE(scripts); i++) {
        if (strcmp(scripts[i].shell, argv[0]) == 0) {
            buf_append_cstr(&text, scripts[i].script);
            return print(&text);
        }
    }
    bool asked = argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0);
    fputs("usage: sallyport completion bash|zsh|fish\n\n"
          "bash: eval \"$(sallyport completion bash)\"\n"
          "zsh:  sallyport completion zsh > \"${fpath[1]}/_sallyport\"\n"
          "fish: sallyport completion fish > ~/.config/fish/completions/sallyport.fish\n",
          asked ? stdout : stderr);
    return asked ? EXIT_GOOD : EXIT_USAGE;
}
