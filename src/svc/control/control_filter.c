/* SPDX-License-Identifier: MIT */
/* control_filter.c — $filter as the cloud's clients send it: "name eq 'text'" and "name('text')", joined by "and". What is not
 * understood is refused: a list that a filter did not narrow is taken for what was looked for. */
#include "base/text.h"
#include "svc/control/control_internal.h"

static void skip_blanks(struct bytes *rest)
{
    while (rest->size && rest->data[0] == ' ')
        *rest = bytes_slice(*rest, 1, SIZE_MAX);
}

/* Takes `word`, in any case, with the blanks behind it. */
static bool take_word(struct bytes *rest, const char *word)
{
    struct bytes wanted = bytes_of_cstr(word);
    if (!bytes_starts_with_nocase(*rest, wanted))
        return false;
    *rest = bytes_slice(*rest, wanted.size, SIZE_MAX);
    skip_blanks(rest);
    return true;
}

/* Takes 'it''s', in which a quote is doubled. */
static bool take_text(struct arena *arena, struct bytes *rest, struct bytes *ret_text)
{
    CLEANUP(buf_fini) struct buf text = {0};
    size_t at = 1;
    if (!rest->size || rest->data[0] != '\'')
        return false;
    for (; at < rest->size; at++) {
        bool quote = rest->data[at] == '\'';
        bool doubled = quote && at + 1 < rest->size && rest->data[at + 1] == '\'';
        if (quote && !doubled)
            break;
        at += doubled;
        buf_append_byte(&text, rest->data[at]);
    }
    if (at >= rest->size || text.failed)
        return false;
    *ret_text = arena_copy(arena, buf_peek(&text));
    *rest = bytes_slice(*rest, at + 1, SIZE_MAX);
    skip_blanks(rest);
    return true;
}

static bool take_term(struct arena *arena, struct bytes *rest, struct control_term *ret_term)
{
    size_t size = 0;
    while (size < rest->size && (ascii_alnum(rest->data[size]) || rest->data[size] == '.'))
        size++;
    *ret_term = (struct control_term){.name = bytes_slice(*rest, 0, size)};
    *rest = bytes_slice(*rest, size, SIZE_MAX);
    if (size == 0)
        return false;
    if (take_word(rest, "(")) {
        ret_term->calls = true;
        return take_word(rest, ")") || (take_text(arena, rest, &ret_term->text) && take_word(rest, ")"));
    }
    skip_blanks(rest);
    return take_word(rest, "eq ") && take_text(arena, rest, &ret_term->text);
}

static bool is_named(const struct control_term *term, struct bytes word)
{
    bool calls = word.size > 2 && word.data[word.size - 1] == ')';
    struct bytes name = bytes_slice(word, 0, word.size - (calls ? 2 : 0));
    return term->calls == calls && bytes_equal_nocase(term->name, name);
}

static bool is_known(const struct control_term *term, const char *words)
{
    struct bytes rest = bytes_of_cstr(words), word;
    while ((word = bytes_split(&rest, ' ')).size > 0)
        if (is_named(term, word))
            return true;
    return false;
}

static bool take_terms(struct arena *arena, struct bytes rest, const char *words,
                       struct control_filter *filter)
{
    skip_blanks(&rest);
    while (rest.size > 0) {
        struct control_term term;
        if (filter->count > 0 && !take_word(&rest, "and "))
            return false;
        if (filter->count == ARRAY_SIZE(filter->terms) || !take_term(arena, &rest, &term) ||
            !is_known(&term, words))
            return false;
        filter->terms[filter->count++] = term;
    }
    return true;
}

bool control_filter_read(struct arena *arena, struct bytes text, const char *words,
                         struct control_filter *ret_filter)
{
    *ret_filter = (struct control_filter){0};
    return take_terms(arena, text, words, ret_filter);
}

const struct control_term *control_filter_term(const struct control_filter *filter, const char *word)
{
    for (size_t i = 0; i < filter->count; i++)
        if (is_named(&filter->terms[i], bytes_of_cstr(word)))
            return &filter->terms[i];
    return NULL;
}
