/* SPDX-License-Identifier: MIT */
/* demo_requests.c — a row a request; the code is such as a model writes it. */
#include "cmd/review/demo_requests.h"

#include <stddef.h>

#define HARMLESS                                                                                             \
    "# Days until the quarter ends, for the status page.\n"                                                  \
    "from datetime import date\n"                                                                            \
    "today, end = date(2026, 11, 28), date(2026, 12, 31)\n"                                                  \
    "print(f'{(end - today).days} days left')\n"

#define PLOT                                                                                                 \
    "# Monthly orders: a table, and a picture of it.\n"                                                      \
    "orders = {'Jul': 112, 'Aug': 98, 'Sep': 134, 'Oct': 151, 'Nov': 177}\n"                                 \
    "for month, count in orders.items():\n"                                                                  \
    "    print(f'{month}  {count:4}  {\"#\" * (count // 8)}')\n"                                             \
    "try:\n"                                                                                                 \
    "    import matplotlib.pyplot as plt\n"                                                                  \
    "    plt.bar(list(orders), list(orders.values()))\n"                                                     \
    "    plt.title('orders a month')\n"                                                                      \
    "    plt.show()\n"                                                                                       \
    "except ImportError:\n"                                                                                  \
    "    print('matplotlib is not installed in sessions')\n"

#define NETWORK                                                                                              \
    "# Fetch exchange rates; falls back to last week's.\n"                                                   \
    "import socket\n"                                                                                        \
    "try:\n"                                                                                                 \
    "    socket.create_connection(('93.184.216.34', 443), timeout=2)\n"                                      \
    "    print('connected')\n"                                                                               \
    "except OSError as error:\n"                                                                             \
    "    print('no rates from the network:', error)\n"                                                       \
    "    print('EUR 1.00  USD 1.08  (last week)')\n"

#define FILES                                                                                                \
    "# Clean the customer list and write it back.\n"                                                         \
    "import csv, pathlib\n"                                                                                  \
    "here = pathlib.Path('/mnt/data')\n"                                                                     \
    "rows = [('mina', 'Oslo'), ('ola', ' Bergen '), ('uri', 'oslo')]\n"                                      \
    "with open(here / 'customers.csv', 'w', newline='') as file:\n"                                          \
    "    writer = csv.writer(file)\n"                                                                        \
    "    for name, town in rows:\n"                                                                          \
    "        writer.writerow((name, town.strip().title()))\n"                                                \
    "(here / 'report.txt').write_text(f'{len(rows)} rows, 2 changed\\n')\n"                                  \
    "print(open(here / 'report.txt').read())\n"

#define FAILS                                                                                                \
    "# Average response time of yesterday.\n"                                                                \
    "samples = []\n"                                                                                         \
    "print(sum(samples) / len(samples))\n"

#define BEFORE                                                                                               \
    "# Deletes what is older than a year: asks before it runs.\n"                                            \
    "import pathlib\n"                                                                                       \
    "for path in sorted(pathlib.Path('/mnt/data').glob('archive-2025*')):\n"                                 \
    "    print('delete', path)\n"                                                                            \
    "    path.unlink()\n"

#define FIRST "print('total', 1290.5 + 310 + 87.25)\n"
#define SECOND                                                                                               \
    "parts = {'hosting': 1290.5, 'support': 310, 'licences': 87.25}\n"                                       \
    "for name, cost in parts.items():\n"                                                                     \
    "    print(f'{name:10} {cost:8.2f}')\n"                                                                  \
    "print(f'{\"total\":10} {sum(parts.values()):8.2f}')\n"

const struct demo_request demo_requests[] = {
    {"days left in the quarter, for the status page", "status-bot", HARMLESS, NULL, NULL, NULL},
    {"orders a month, as a table and a picture", "report-agent", PLOT, NULL, NULL, NULL},
    {"exchange rates of today", "report-agent", NETWORK, NULL, NULL, NULL},
    {"clean the customer list", "mina", FILES, NULL, NULL, NULL},
    {"average response time of yesterday", "status-bot", FAILS, NULL, NULL, NULL},
    {"delete archives older than a year", "ola", BEFORE, "before", NULL, NULL},
    {"what the platform costs a month", "ola", FIRST, NULL, "Show the parts, not only the sum.", SECOND},
    {.code = NULL},
};
