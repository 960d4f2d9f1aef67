/* SPDX-License-Identifier: MIT */
/* audit_proof.c — audit verify and check. What is proven is proven here, on the auditor's machine: the server only hands out
 * lines. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cmd/cli/actions.h"
#include "cmd/cli/audit.h"
#include "cmd/cli/audit_folder.h"
#include "cmd/cli/fetch.h"
#include "cmd/cli/print.h"
#include "store/audit/audit_file.h"
#include "store/audit/audit_log.h"
#include "store/audit/audit_receipt.h"
#include "store/audit/head_file.h"
#include "store/audit/verify.h"

#define KEY_SIZE_MAX  ((size_t)8 << 10)  /* bytes of a PEM file */
#define HEAD_SIZE_MAX ((size_t)64 << 20) /* bytes of a file of heads */

/* Says what went wrong with a local file or a proof. */
static int failed(const struct err *err)
{
    fprintf(stderr, "sallyport: %s\n", err->text);
    return EXIT_FAILED;
}

/* --- files --- */

static enum status read_stream(FILE *file, const char *path, size_t size_max, struct buf *out,
                               struct err *err)
{
    char piece[16384];
    size_t size;
    while ((size = fread(piece, 1, sizeof piece, file)) > 0 && out->size + size <= size_max)
        buf_append(out, piece, size);
    if (ferror(file))
        return err_set(err, STATUS_IO, "%s cannot be read", path);
    if (size > 0)
        return err_set(err, STATUS_TOO_LARGE, "%s is larger than it can be", path);
    return buf_status(out);
}

static enum status read_file(const char *path, size_t size_max, struct buf *out, struct err *err)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return err_set(err, STATUS_NOT_FOUND, "%s cannot be opened", path);
    out->limit = size_max;
    enum status status = read_stream(file, path, size_max, out, err);
    (void)fclose(file);
    return status;
}

static enum status read_key(const char *path, struct seal_key **ret_key, struct err *err)
{
    CLEANUP(buf_fini) struct buf pem = {0};
    enum status status = read_file(path, KEY_SIZE_MAX, &pem, err);
    if (status == STATUS_OK && (status = seal_key_read(buf_peek(&pem), ret_key, err)) != STATUS_OK)
        status = err_wrap(err, "%s", path);
    return status;
}

/* --- verify --- */

struct verification {
    struct audit_verifier verifier;
    struct seal_key *key;
    struct err err;
};

static int verify_line(void *context, struct bytes line)
{
    struct verification *verification = context;
    enum status status = audit_verifier_line(&verification->verifier, line, &verification->err);
    return status == STATUS_OK ? EXIT_GOOD : EXIT_FAILED;
}

static enum status verify_row(void *context, const struct audit_row *row, struct err *err)
{
    struct verification *verification = context;
    return audit_verifier_line(&verification->verifier, row->line, err);
}

static enum status take_heads(struct verification *verification, const char *path)
{
    CLEANUP(buf_fini) struct buf heads = {0};
    enum status status = read_file(path, HEAD_SIZE_MAX, &heads, &verification->err);
    struct bytes lines = buf_peek(&heads);
    while (status == STATUS_OK && lines.size > 0)
        status = audit_verifier_head(&verification->verifier, bytes_split(&lines, '\n'), &verification->err);
    return status;
}

static enum status verify_folder(struct verification *verification, const char *folder)
{
    char path[PATH_MAX];
    struct audit_file *file = NULL;
    (void)snprintf(path, sizeof path, "%s/%s", folder, AUDIT_DATABASE);
    enum status status = audit_file_open_to_read(path, path, &file, &verification->err);
    if (status == STATUS_OK)
        status = audit_file_read(file, &(struct audit_range){.limit = SIZE_MAX >> 1}, verify_row,
                                 verification, &verification->err);
    audit_file_close(file);
    return status;
}

static enum status verify_export(struct verification *verification, const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (!file)
        return err_set(&verification->err, STATUS_NOT_FOUND, "%s cannot be opened", path);
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && (size = getline(&line, &capacity, file)) > 0) {
        size_t text_size = (size_t)size - (line[size - 1] == '\n');
        status = audit_verifier_line(&verification->verifier, bytes_of(line, text_size), &verification->err);
    }
    if (status == STATUS_OK && ferror(file))
        status = err_set(&verification->err, STATUS_IO, "%s cannot be read", path);
    free(line);
    if (file != stdin)
        (void)fclose(file);
    return status;
}

static int say_whole(const struct cli_session *session, const struct verification *verification)
{
    const struct audit_verifier *verifier = &verification->verifier;
    CLEANUP(buf_fini) struct buf out = {0};
    long long entries = verifier->chain.seq, held = verifier->signed_seq;
    if (cli_wants_json(session)) {
        json_t *value =
            json_pack("{s:b, s:I, s:I, s:s*}", "whole", 1, "entries", (json_int_t)entries, "signedUpTo",
                      (json_int_t)held, "key", verification->key ? seal_key_id(verification->key) : NULL);
        print_json_value(&out, value);
        json_decref(value);
    } else if (held > 0) {
        buf_append_fmt(&out, "whole: %lld entries, of which key %s holds the first %lld\n", entries,
                       seal_key_id(verification->key), held);
    } else {
        buf_append_fmt(
            &out, "whole: %lld entries; no signed head was looked at, so the end may have been cut off\n",
            entries);
    }
    return cli_print(session, &out);
}

static int conclude(const struct cli_session *session, struct verification *verification)
{
    if (audit_verifier_end(&verification->verifier, &verification->err) != STATUS_OK)
        return failed(&verification->err);
    return say_whole(session, verification);
}

/* Where the key is when nobody says so. */
static enum status choose_key(struct verification *verification, const struct option_values *values)
{
    char path[PATH_MAX] = "";
    const char *key = setting_text(values, "key"), *folder = setting_text(values, "data");
    if (key)
        (void)snprintf(path, sizeof path, "%s", key);
    else if (folder)
        (void)snprintf(path, sizeof path, "%s/%s", folder, AUDIT_PUBLIC_KEY);
    return path[0] ? read_key(path, &verification->key, &verification->err) : STATUS_OK;
}

static enum status choose_heads(struct verification *verification, const struct option_values *values)
{
    char path[PATH_MAX] = "";
    const char *heads = setting_text(values, "heads"), *folder = setting_text(values, "data");
    if (heads)
        (void)snprintf(path, sizeof path, "%s", heads);
    else if (folder)
        (void)snprintf(path, sizeof path, "%s/%s", folder, AUDIT_HEADS);
    return path[0] ? take_heads(verification, path) : STATUS_OK;
}

static int verify_local(const struct cli_session *session, struct verification *verification,
                        const char *export)
{
    enum status status = choose_heads(verification, session->values);
    if (status == STATUS_OK && export)
        status = verify_export(verification, export);
    else if (status == STATUS_OK)
        status = verify_folder(verification, setting_text(session->values, "data"));
    if (status == STATUS_OK)
        return conclude(session, verification);
    return failed(&verification->err);
}

static int verify_server(struct cli_session *session, struct verification *verification)
{
    CLEANUP(buf_fini) struct buf pem = {0};
    int code = EXIT_GOOD;
    if (!verification->key) {
        code = fetch_text(session, "/v1/audit/key", AUDIT_ABSENT, &pem);
        if (code == EXIT_GOOD &&
            seal_key_read(buf_peek(&pem), &verification->key, &verification->err) != STATUS_OK)
            return failed(&verification->err);
        verification->verifier.key = verification->key;
    }
    if (code == EXIT_GOOD && choose_heads(verification, session->values) != STATUS_OK)
        return failed(&verification->err);
    if (code == EXIT_GOOD)
        code = audit_walk_server(session, verify_line, verification);
    if (code != EXIT_GOOD)
        return verification->err.text[0] ? failed(&verification->err) : code;
    return conclude(session, verification);
}

int cli_audit_verify(struct cli_session *session)
{
    const struct option_values *values = session->values;
    const char *export = values->positional_count > 0 ? values->positionals[0] : NULL;
    if (export && setting_text(values, "data"))
        return cli_session_usage(session, "either FILE or --data, not both");
    struct verification verification = {0};
    if (choose_key(&verification, values) != STATUS_OK)
        return failed(&verification.err);
    audit_verifier_begin(&verification.verifier, verification.key);
    int code;
    if (export || setting_text(values, "data"))
        code = verify_local(session, &verification, export);
    else
        code = verify_server(session, &verification);
    audit_verifier_fini(&verification.verifier);
    seal_key_free(verification.key);
    return code;
}

/* --- check --- */

struct proof {
    struct seal_key *key;
    json_t *receipt;
    struct audit_receipt_facts facts;
    bool is_folder; /* of an export */
    size_t files;
};

static void describe(const struct proof *proof, struct buf *out)
{
    char entries[64], files[64];
    const struct audit_receipt_facts *facts = &proof->facts;
    (void)snprintf(entries, sizeof entries, "%zu, signed by key %s", facts->entries, seal_key_id(proof->key));
    (void)snprintf(files, sizeof files, "%zu, as the receipt names them", proof->files);
    print_pair(out, "request", facts->id);
    print_pair(out, "state", facts->state);
    print_pair(out, "decided by", facts->decided_by);
    print_pair(out, "decided at", facts->decided_at);
    print_pair(out, "comment", facts->comment);
    print_pair(out, "of what has", facts->shown_sha256);
    print_pair(out, "entries", entries);
    print_pair(out, "files", proof->is_folder ? files : NULL);
    print_pair(out, "emptied at", facts->emptied_at);
}

/* The receipt itself, or that of an export. */
static enum status read_receipt(struct proof *proof, const char *path, struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};
    struct stat about;
    char inside[PATH_MAX];
    proof->is_folder = stat(path, &about) == 0 && S_ISDIR(about.st_mode);
    (void)snprintf(inside, sizeof inside, "%s/receipt.json", path);
    enum status status = read_file(proof->is_folder ? inside : path, RECEIPT_SIZE_MAX, &text, err);
    if (status == STATUS_OK &&
        (status = json_parse(buf_peek(&text), NULL, &proof->receipt, err)) != STATUS_OK)
        status = err_wrap(err, "%s", path);
    return status;
}

int cli_audit_check(struct cli_session *session)
{
    CLEANUP(buf_fini) struct buf out = {0};
    const char *path = session->values->positionals[0], *key_path = setting_text(session->values, "key");
    struct proof proof = {0};
    struct err err = {0};
    if (!key_path)
        return cli_session_usage(session,
                                 "name the server's public key, which you got another way: --key FILE");

    enum status status = read_key(key_path, &proof.key, &err);
    if (status == STATUS_OK)
        status = read_receipt(&proof, path, &err);
    if (status == STATUS_OK)
        status = audit_receipt_check(proof.receipt, proof.key, &proof.facts, &err);
    if (status == STATUS_OK && proof.is_folder)
        status = audit_folder_check(path, proof.receipt, proof.facts.emptied_at != NULL, &proof.files, &err);
    if (status == STATUS_OK) {
        buf_append_cstr(&out, "the receipt holds\n");
        describe(&proof, &out);
    }
    int code = status == STATUS_OK ? cli_print(session, &out) : failed(&err);
    seal_key_free(proof.key);
    json_decref(proof.receipt);
    return code;
}
