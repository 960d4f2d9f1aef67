/** Programs to try. They need what every session has, and do no harm. */
export interface Example {
  id: string;
  name: string;
  about: string;
  purpose: string;
  code: string;
}

export const EXAMPLES: Example[] = [
  {
    id: "hello",
    name: "Hello",
    about: "Prints a line. No files, no network.",
    purpose: "Say hello",
    code: 'print("Hello from between the doors")\n6 * 7\n',
  },
  {
    id: "plot",
    name: "A plot and a table",
    about: "Draws a chart and returns a table.",
    purpose: "Quarterly churn by plan",
    code: `import pandas as pd
import matplotlib.pyplot as plt

quarters = ["2025Q4", "2026Q1", "2026Q2", "2026Q3"]
churn = pd.DataFrame(
    {
        "starter": [4.8, 4.6, 5.0, 5.2],
        "team": [3.1, 3.0, 2.7, 2.5],
        "enterprise": [0.6, 0.7, 0.6, 0.6],
    },
    index=quarters,
)
churn.plot(marker="o", grid=True, ylabel="churn, %", figsize=(7, 3.4))
plt.title("Quarterly churn by plan")
plt.show()

print("highest:", churn.iloc[-1].idxmax(), "in", churn.index[-1])
churn
`,
  },
  {
    id: "network",
    name: "Tries the network",
    about: "Three attempts, each stopped.",
    purpose: "Which hosts can the exporter reach?",
    code: `import socket

for address in ("203.0.113.10", "203.0.113.11", "198.51.100.7"):
    try:
        socket.create_connection((address, 443), timeout=1)
        print(address, "reached")
    except OSError as why:
        print(address, "not reached:", why)
`,
  },
];
