/* SPDX-License-Identifier: MIT */
/* audit_export.c — paths and hashes out of signed entries, out of the manifest, and out of the list that the manifest names. */
#include "store/audit/audit_export.h"

#include <stdio.h>

#include "crypto/secret.h"
#include "store/audit/entry.h"
#include "wire/json/json.h"
#include "wire/tar/tar.h"

#define MANIFESTS "manifests/"

static bool is_action(const json_t *entry, enum audit_action action)
{
    return bytes_equal_cstr(json_member_bytes(entry, "action"), audit_action_name(action));
}

/* NULL for either is nothing. As in an export, what cannot be a path there stands under its hash. */
static void name_file(json_t *named, const char *folder, const char *name, const char *sha256)
{
    CLEANUP(buf_fini) struct buf path = {0};
    if (!name || !sha256)
        return;
    buf_append_fmt(&path, "%s%s", folder, name);
    if (!tar_path_fits(buf_peek(&path))) {
        buf_clear(&path);
        buf_append_fmt(&path, "files-by-hash/%s", sha256);
    }
    buf_append_byte(&path, '\0');
    if (buf_status(&path) == STATUS_OK)
        json_object_set_new(named, (const char *)path.data, json_string(sha256));
}

static void name_files(json_t *named, const char *folder, const json_t *files)
{
    json_t *file;
    size_t index;
    json_array_foreach((json_t *)files, index, file)
    {
        name_file(named, folder, json_member_text(file, "path"), json_member_text(file, "sha256"));
    }
}

/* Code and inputs of each revision, and every manifest that an entry names. */
static void name_by_entry(json_t *named, const json_t *entry)
{
    const json_t *details = json_object_get(entry, "details");
    const char *manifest = json_member_text(details, "manifestSha256");
    char folder[64], file[SECRET_HASH_SIZE + 20];
    if (manifest) {
        (void)snprintf(file, sizeof file, "%.64s.json", manifest);
        name_file(named, MANIFESTS, file, manifest);
    }
    if (!is_action(entry, AUDIT_REQUEST_SUBMITTED) && !is_action(entry, AUDIT_REQUEST_REVISED))
        return;
    long long revision = json_integer_value(json_object_get(details, "revision"));
    (void)snprintf(folder, sizeof folder, "revisions/%lld/", revision);
    name_file(named, folder, "code.py", json_member_text(details, "codeSha256"));
    (void)snprintf(folder, sizeof folder, "revisions/%lld/inputs/", revision);
    name_files(named, folder, json_object_get(details, "files"));
}

static enum status name_by_list(json_t *named, struct bytes list, const char *wanted, struct err *err)
{
    CLEANUP(json_release) json_t *root = NULL;
    char hash[SECRET_HASH_SIZE + 1];
    if (!list.data)
        return STATUS_OK;
    secret_hash(list, hash);
    if (!wanted || strcmp(hash, wanted) != 0 || json_parse(list, NULL, &root, NULL) != STATUS_OK)
        return err_set(err, STATUS_DATA_LOSS, "files.json is not the list that the manifest names");
    name_files(named, "files/", json_object_get(root, "files"));
    return STATUS_OK;
}

static enum status name_by_manifest(json_t *named, struct bytes text, struct bytes list, struct err *err)
{
    static const char *const parts[][2] = {
        {"result", "result.json"}, {"effects", "effects.json"}, {"files", "files.json"}};
    CLEANUP(json_release) json_t *manifest = NULL;
    char hash[SECRET_HASH_SIZE + 1];
    if (!text.data || json_parse(text, NULL, &manifest, NULL) != STATUS_OK)
        return STATUS_OK;
    secret_hash(text, hash);
    name_file(named, "", "manifest.json", hash);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        name_file(named, "", parts[i][1], json_member_text(json_object_get(manifest, parts[i][0]), "sha256"));
    return name_by_list(named, list, json_member_text(json_object_get(manifest, "files"), "sha256"), err);
}

enum status audit_export_named(const json_t *receipt, struct bytes list, json_t **ret_named, struct err *err)
{
    json_t *named = json_object(), *entry;
    size_t index;
    if (!named)
        return err_no_memory(err);
    json_array_foreach(json_object_get(receipt, "examined"), index, entry)
    {
        name_by_entry(named, entry);
    }
    struct bytes manifest = json_member_bytes(json_object_get(receipt, "shown"), "manifest");
    enum status status = name_by_manifest(named, manifest, list, err);
    if (status == STATUS_OK)
        *ret_named = named;
    else
        json_decref(named);
    return status;
}

bool audit_export_is_aside(struct bytes path)
{
    static const char *const aside[] = {"README.txt", "audit-key.pub", "receipt.json", "request.json"};
    for (size_t i = 0; i < ARRAY_SIZE(aside); i++)
        if (bytes_equal_cstr(path, aside[i]))
            return true;
    return false;
}

bool audit_export_is_optional(struct bytes path)
{
    return bytes_starts_with(path, BYTES_LITERAL(MANIFESTS));
}
