/* SPDX-License-Identifier: MIT */
/* nearest.c — Levenshtein's distance, one row at a time. */
#include "base/nearest.h"

static size_t distance_of(struct bytes one, struct bytes other)
{
    size_t row[NEAREST_NAME_SIZE + 1];
    one = bytes_slice(one, 0, NEAREST_NAME_SIZE);
    other = bytes_slice(other, 0, NEAREST_NAME_SIZE);
    for (size_t j = 0; j <= other.size; j++)
        row[j] = j;
    for (size_t i = 0; i < one.size; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < other.size; j++) {
            size_t change = diagonal + (one.data[i] != other.data[j]);
            diagonal = row[j + 1];
            row[j + 1] = MIN(change, MIN(row[j], row[j + 1]) + 1);
        }
    }
    return row[other.size];
}

struct nearest nearest_begin(struct bytes typed)
{
    return (struct nearest){.typed = typed, .distance = MIN(typed.size, (size_t)NEAREST_NAME_SIZE) / 2 + 1};
}

void nearest_offer(struct nearest *nearest, struct bytes name)
{
    size_t distance = distance_of(nearest->typed, name);
    if (distance >= nearest->distance)
        return;
    nearest->distance = distance;
    nearest->found = name;
}
