/* SPDX-License-Identifier: MIT */
/* standing.c — all that it names must be there. */
#include "core/policy/standing.h"

static bool holds_text(const struct policy_texts *texts, struct bytes text)
{
    for (size_t i = 0; texts->known && i < texts->count; i++) {
        if (bytes_equal(texts->items[i], text))
            return true;
    }
    return false;
}

static bool holds_label(const struct policy_labels *labels, struct bytes key, struct bytes value)
{
    for (size_t i = 0; labels->known && i < labels->count; i++) {
        if (bytes_equal(labels->items[i].key, key) && bytes_equal(labels->items[i].value, value))
            return true;
    }
    return false;
}

bool policy_standing_covers(const struct policy_standing *standing, const struct policy_facts *facts,
                            int64_t now)
{
    bool alive = !standing->revoked && standing->uses_left > 0 && now < standing->expires_at;
    if (!alive)
        return false;

    /* Without a hash it would stand for everything: then it stands for nothing. */
    bool tree = standing->of == POLICY_STANDING_TREE;
    const struct policy_texts *hashes = tree ? &facts->tree_sha256 : &facts->code_sha256;
    if (!standing->sha256.size || !holds_text(hashes, standing->sha256))
        return false;

    if (standing->submitter.size && !holds_text(&facts->submitter, standing->submitter))
        return false;
    return !standing->label_key.size ||
           holds_label(&facts->labels, standing->label_key, standing->label_value);
}
