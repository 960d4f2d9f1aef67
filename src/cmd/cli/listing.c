/* SPDX-License-Identifier: MIT */
/* listing.c — pages until the limit; the last page may go over it. */
#include "cmd/cli/listing.h"

#include <stdio.h>
#include <stdlib.h>

#define PAGE_SIZE 200 /* asked for at once */

static int list_pages(struct cli_listing *list)
{
    struct dt_error error;
    char *token = NULL;
    int code = EXIT_GOOD;
    do {
        char *next = NULL;
        if (list->list_page(list, token, (int32_t)MIN(list->left, PAGE_SIZE), &next, &error) != DT_OK) {
            code = cli_session_failed(list->session, &error, NULL);
            break;
        }
        free(token);
        token = next;
    } while (token && list->left > 0);
    list->more = token != NULL;
    free(token);
    return code;
}

static void begin(struct cli_listing *list)
{
    list->left = setting_number(list->session->values, "limit");
    list->json.out = &list->out;
    list->json.replace_invalid = true;
    if (!cli_wants_json(list->session)) {
        print_table_row(&list->table, list->headings, list->heading_count);
        return;
    }
    json_write_begin_object(&list->json);
    json_write_key(&list->json, list->name);
    json_write_begin_array(&list->json);
}

static int print_all(struct cli_listing *list)
{
    if (cli_wants_json(list->session)) {
        json_write_end_array(&list->json);
        json_write_member_bool(&list->json, "more", list->more);
        json_write_end_object(&list->json);
        if (json_write_status(&list->json) != STATUS_OK)
            list->out.failed = true;
        buf_append_byte(&list->out, '\n');
    } else {
        print_table_write(&list->table, &list->out);
    }
    int code = cli_print(list->session, &list->out);
    if (code == EXIT_GOOD && list->more && !cli_wants_json(list->session))
        fprintf(stderr, "there are more: %s\n", list->more_by);
    return code;
}

int listing_run(struct cli_listing *list)
{
    begin(list);
    int code = list_pages(list);
    if (code == EXIT_GOOD)
        code = print_all(list);
    print_table_fini(&list->table);
    buf_fini(&list->out);
    return code;
}
